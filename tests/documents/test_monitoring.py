"""examples/monitoring: alerts and dashboard ask for metrics, labels and values that there are."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from cmp.refresh.metrics import HISTOGRAM, METRICS, PREFIX, Metric
from tests.support.cli import PROJECT
from tests.support.rules import Rules

_FOLDER = PROJECT / "examples" / "monitoring"
_ALERTS: list[dict[str, Any]] = yaml.safe_load((_FOLDER / "rules.yaml").read_text())["groups"][0][
    "rules"
]
_DASHBOARD: dict[str, Any] = json.loads((_FOLDER / "dashboard.json").read_text())
_OF_THE_TARGET = {"instance"}
"""What Prometheus itself adds to each sample."""
_OF_THE_PROCESS = ("process_resident_memory_bytes", "process_cpu_seconds_total")


def _known() -> dict[str, tuple[Metric, set[str]]]:
    """Return each name that Prometheus stores, with its metric and labels."""
    found = {}
    for metric in METRICS:
        name, labels = f"{PREFIX}{metric.name}", set(metric.labels)
        if metric.kind == HISTOGRAM:
            found[f"{name}_bucket"] = (metric, labels | {"le"})
            found |= {f"{name}_{part}": (metric, labels) for part in ("sum", "count")}
        else:
            found[name] = (metric, labels)
    return found


def _panels() -> Iterator[Any]:
    for panel in _DASHBOARD["panels"]:
        yield pytest.param(panel, id=panel["title"])


def _asked(rules: Rules, expression: str) -> set[str]:
    """Check an expression; return the labels that its result has, as far as they are named."""
    said = rules.promql(expression.replace("$__rate_interval", "5m"))
    assert not said.error
    known = _known()
    labels_of_all: set[str] = set()
    for selector in said.value["selectors"]:
        if selector["metric"] in _OF_THE_PROCESS:
            labels_of_all |= _OF_THE_TARGET
            continue
        metric, labels = known[selector["metric"]]
        labels_of_all |= labels | _OF_THE_TARGET
        for label, value in selector["labels"].items():
            assert label in labels, selector
            for one in value.split("|"):
                assert f"`{one}`" in metric.meaning, f"{one!r} is nothing that {label} says"
    assert set(said.value["grouping"]) <= labels_of_all
    return set(said.value["grouping"]) or labels_of_all


def _named(template: str) -> set[str]:
    """Return the labels that a template names: Grafana's, or an alert's."""
    return set(re.findall(r"\{\{ ?(?:\$labels\.)?([a-z_]+) ?\}\}", template))


@pytest.mark.tools
def test_prometheus_reads_the_rules(rules: Rules) -> None:
    said = rules.expressions((_FOLDER / "rules.yaml").read_text())

    assert (said.error, len(said.value)) == ("", len(_ALERTS))


@pytest.mark.tools
def test_a_wrong_rule_is_found(rules: Rules) -> None:
    wrong = (_FOLDER / "rules.yaml").read_text().replace("sum by (store) (", "sum by (store (", 1)

    assert "parse error" in rules.expressions(wrong).error
    with pytest.raises(KeyError):
        _asked(rules, "image_cmp_leaders > 0")
    with pytest.raises(AssertionError, match="'finished' is nothing that result says"):
        _asked(rules, 'image_cmp_passes_total{result="finished"}')


@pytest.mark.tools
@pytest.mark.parametrize("alert", [pytest.param(one, id=one["alert"]) for one in _ALERTS])
def test_an_alert_asks_for_what_there_is(rules: Rules, alert: dict[str, Any]) -> None:
    labels = _asked(rules, alert["expr"])

    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert _named(alert["annotations"]["summary"]) <= labels


def test_each_alert_is_explained() -> None:
    operations = (PROJECT / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| `(ImageCmp\w+)` \|", operations, re.MULTILINE)

    assert rows == [alert["alert"] for alert in _ALERTS]


@pytest.mark.tools
@pytest.mark.parametrize("panel", list(_panels()))
def test_a_panel_asks_for_what_there_is(rules: Rules, panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        assert _named(target["legendFormat"]) <= _asked(rules, target["expr"])
        assert target["datasource"] == panel["datasource"]


def test_the_dashboard_shows_every_metric() -> None:
    text = json.dumps(_DASHBOARD)

    assert [m.name for m in METRICS if f"{PREFIX}{m.name}" not in text] == []


def test_the_panels_lie_beside_one_another() -> None:
    places = [panel["gridPos"] for panel in _DASHBOARD["panels"]]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in _DASHBOARD["panels"]}) == len(places)
    variables = {v["name"] for v in _DASHBOARD["templating"]["list"]}
    assert set(re.findall(r"\$\{(\w+)\}", json.dumps(_DASHBOARD))) == variables
