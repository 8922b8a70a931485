"""examples/notifications.yaml, by the libraries behind Argo CD's notifications."""

import re
from copy import deepcopy
from typing import Any

import pytest
import yaml

from cmp.diagnosis.facts import Facts, Trigger
from cmp.diagnosis.finding import OK
from cmp.diagnosis.notifications import triggers
from tests.support.cli import PROJECT
from tests.support.rules import Rules
from tests.support.values import day

DATA: dict[str, str] = yaml.safe_load((PROJECT / "examples" / "notifications.yaml").read_text())[
    "data"
]
ONCE_PER_REVISION = "app.status.operationState?.syncResult?.revision"
"""Of Argo CD's own triggers (argo-cd, notifications_catalog/triggers/on-deployed.yaml)."""
_OF_ARGO_CD = {"app-sync-succeeded", "app-sync-failed", "app-health-degraded"}
_OPERATION: dict[str, Any] = {
    "phase": "Succeeded",
    "startedAt": "2026-11-26T12:00:00Z",
    "message": "one or more objects failed to apply",
    "operation": {
        "initiatedBy": {"username": "image-cmp", "automated": True},
        "info": [
            {"name": "image-cmp", "value": "d-1"},
            {"name": "images", "value": "registry.test/app:v1 → registry.test/app:v4"},
        ],
    },
    "syncResult": {"revision": "abc"},
}
pytestmark = pytest.mark.tools


def app(**changed: Any) -> dict[str, Any]:
    """Return an Application after an operation."""
    state = {**deepcopy(_OPERATION), **changed}
    return {"metadata": {"name": "guestbook"}, "status": {"operationState": state}}


def with_health(status: str) -> dict[str, Any]:
    """Return an Application whose operation succeeded, and what became of it."""
    manifest = app()
    manifest["status"]["health"] = {"status": status}
    return manifest


def fired(rules: Rules, manifest: dict[str, Any]) -> dict[str, str]:
    """Return the triggers that fire for an Application, each with what it fires once for."""
    found = {}
    for name, text in DATA.items():
        if name.startswith("trigger."):
            (condition,) = yaml.safe_load(text)
            when, once = rules.evaluate(
                [condition["when"], condition["oncePer"]], {"app": manifest}
            )
            assert not when.error
            if when.value is True:
                assert not once.error
                found[name.removeprefix("trigger.")] = str(once.value)
    return found


@pytest.mark.parametrize(
    ("manifest", "triggers"),
    [
        pytest.param(app(), {"on-image-updated", "on-operation-succeeded"}, id="ours"),
        pytest.param(
            app(phase="Failed"), {"on-image-update-failed", "on-operation-failed"}, id="failed"
        ),
        pytest.param(
            app(phase="Error"), {"on-image-update-failed", "on-operation-failed"}, id="error"
        ),
        pytest.param(app(phase="Running"), set(), id="running"),
        pytest.param(
            app(operation={"initiatedBy": {"automated": True}}),
            {"on-operation-succeeded"},
            id="argo-cds",
        ),
        pytest.param(app(operation={"sync": {}}), {"on-operation-succeeded"}, id="nobody-is-named"),
        pytest.param(
            with_health("Degraded"),
            {"on-image-updated", "on-operation-succeeded", "on-operation-degraded"},
            id="degraded",
        ),
        pytest.param({"metadata": {"name": "new"}}, set(), id="no-status"),
        pytest.param({"metadata": {"name": "new"}, "status": {}}, set(), id="no-operation"),
    ],
)
def test_which_triggers_fire(rules: Rules, manifest: dict[str, Any], triggers: set[str]) -> None:
    assert set(fired(rules, manifest)) == triggers


def test_they_fire_for_each_operation_of_a_revision_and_argo_cds_do_not(rules: Rules) -> None:
    first, second = app(), app(startedAt="2026-11-26T12:05:00Z")

    assert fired(rules, first) != fired(rules, second)
    once = [rules.evaluate([ONCE_PER_REVISION], {"app": one})[0] for one in (first, second)]
    assert once[0] == once[1]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param(
            "image-updated", "guestbook runs registry.test/app:v1 → registry.test/app:v4.", id="ok"
        ),
        pytest.param(
            "image-update-failed",
            "guestbook could not be synced to registry.test/app:v1 → registry.test/app:v4: "
            "one or more objects failed to apply",
            id="failed",
        ),
    ],
)
def test_what_is_sent(rules: Rules, name: str, text: str) -> None:
    template = yaml.safe_load(DATA[f"template.{name}"])["message"]

    said = rules.fill(template, {"app": app()})

    assert (said.value.strip(), said.error) == (text, "")


def test_the_document_has_each_trigger() -> None:
    document = (PROJECT / "docs" / "notifications.md").read_text()
    rows = re.findall(r"^\| `(on-[\w-]+)` \|", document, re.MULTILINE)

    assert [f"trigger.{row}" for row in rows] == [name for name in DATA if "trigger." in name]


def test_each_template_is_ours_or_argo_cds() -> None:
    sent = {
        template
        for name, text in DATA.items()
        if name.startswith("trigger.")
        for template in yaml.safe_load(text)[0]["send"]
    }
    ours = {n.removeprefix("template.") for n in DATA if n.startswith("template.")}

    assert sent == ours | _OF_ARGO_CD


def test_doctor_finds_nothing_to_say_of_them() -> None:
    once = {
        name: str(yaml.safe_load(text)[0]["oncePer"])
        for name, text in DATA.items()
        if name.startswith("trigger.")
    }
    facts = Facts(day(1), triggers=tuple(Trigger(name, (per,)) for name, per in once.items()))

    assert [finding.verdict for finding in triggers(facts)] == [OK]
