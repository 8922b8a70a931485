"""Charts rendered with the real helm, against helm called as a person would."""

import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from cmp.core.parameters import Value
from cmp.errors import InvalidSource, RenderRefused, ToolFailed
from cmp.renderers.helm import render
from tests.support.charts import Chart
from tests.support.cli import PATH, TOOLS
from tests.support.jobs import choice, job
from tests.support.loopback import Loopback, QuietServer

pytestmark = pytest.mark.tools


class _Values(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_found = self.path == "/values.yaml"
        self.send_response(200 if is_found else 404)
        self.end_headers()
        self.wfile.write(b"from: afar\n" if is_found else b"")

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def afar() -> Iterator[str]:
    with Loopback(QuietServer(("127.0.0.1", 0), _Values)) as server:
        yield f"{server.url}/values.yaml"


@pytest.fixture
def chart(tmp_path: Path, helm: Path) -> Chart:
    chart = Chart.create(tmp_path / "chart")
    chart.write("crds/crd.yaml", "kind: CustomResourceDefinition\nmetadata: {name: crd}\n")
    chart.write("a.yaml", "from: a\na: 1\n")
    chart.write("b.yaml", "from: b\n")
    chart.write("text.txt", "one, two\n")
    return chart


def _native(chart: Chart, *arguments: str) -> bytes:
    argv = [str(TOOLS / "helm"), "template", ".", "--name-template", "guestbook"]
    return subprocess.run(
        [*argv, *arguments], cwd=chart.folder, capture_output=True, check=True
    ).stdout


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        pytest.param({}, ["--include-crds"], id="none"),
        pytest.param({"skipCrds": "true"}, [], id="without-crds"),
        pytest.param({"skipTests": "true"}, ["--include-crds", "--skip-tests"], id="without-tests"),
        pytest.param(
            {"valueFiles": ("b.yaml", "a.yaml")},
            ["--values", "b.yaml", "--values", "a.yaml", "--include-crds"],
            id="value-files",
        ),
        pytest.param(
            {
                "parameters": {
                    "n": "1",
                    "list": "{a,b}",
                    "text": "a,b",
                    "name": "$ARGOCD_APP_NAME",
                },
                "forceStringParameters": {"s": "1", r"dotted\.name": "true"},
                "fileParameters": {"file": "text.txt"},
                "namespace": "web",
                "kubeVersion": "v1.29.3+IKS",
            },
            [
                *("--namespace", "web", "--kube-version", "1.29.3"),
                *("--set", "n=1", "--set", "list={a,b}", "--set", r"text=a\,b"),
                *("--set", "name=guestbook", "--set-string", "s=1"),
                *("--set-string", r"dotted\.name=true", "--set-file", "file=text.txt"),
                "--include-crds",
            ],
            id="parameters",
        ),
    ],
)
def test_as_helm_renders(
    chart: Chart, options: dict[str, Value], arguments: list[str], tmp_path: Path
) -> None:
    asked = job(tmp_path, parameters={f"helm.{name}": value for name, value in options.items()})

    assert render(asked) == _native(chart, *arguments)


@pytest.mark.parametrize(
    ("options", "values"),
    [
        pytest.param({"values": "from: text"}, {"from": "text", "a": 1}, id="text"),
        pytest.param({"valuesObject": '{"from": "object"}'}, {"from": "object", "a": 1}, id="json"),
        pytest.param(
            {"values": "from: text\nb: 1", "valuesObject": "from: object"},
            {"from": "object", "a": 1},
            id="both",
        ),
        pytest.param(
            {"values": "from: text", "valuesObject": "{}"}, {"from": "a", "a": 1}, id="no-values"
        ),
        pytest.param(
            {"values": "from: $ARGOCD_APP_NAME"}, {"from": "$ARGOCD_APP_NAME", "a": 1}, id="as-is"
        ),
        pytest.param(
            {"values": "from: text", "parameters": {"from": "parameter"}},
            {"from": "parameter", "a": 1},
            id="parameters-are-last",
        ),
    ],
)
def test_the_applications_own_values(
    chart: Chart, options: dict[str, Value], values: dict[str, Any], tmp_path: Path
) -> None:
    given = {"valueFiles": ("a.yaml",), **options}
    asked = job(tmp_path, parameters={f"helm.{name}": value for name, value in given.items()})

    assert chart.values(render(asked)) == values


def test_an_image_wins_over_values_and_parameters(chart: Chart, tmp_path: Path) -> None:
    given: dict[str, Value] = {
        "helm.values": "image: {name: values, tag: values}",
        "helm.parameters": {"image.tag": "parameter"},
        "helm.fileParameters": {"image.tag": "text.txt"},
    }

    values = chart.values(render(job(tmp_path, choice("v4"), parameters=given)))

    assert values == {"image": {"name": "r.test/app", "tag": "v4"}}


def test_values_of_megabytes(chart: Chart, tmp_path: Path) -> None:
    long = "x" * 4_000_000

    assert chart.values(render(job(tmp_path, parameters={"helm.values": f"a: {long}"}))) == {
        "a": long
    }


def test_many_parameters_that_linux_does_not_take_together(chart: Chart, tmp_path: Path) -> None:
    many = {f"p{number}": "x" * 100_000 for number in range(100)}

    with pytest.raises(InvalidSource, match="more than a program can be given"):
        render(job(tmp_path, parameters={"helm.parameters": many}))


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        pytest.param("helm.values", "a: [", "failed to parse helm.values: ", id="values"),
        pytest.param("helm.values", "text", "failed to parse helm.values: ", id="text"),
        pytest.param("helm.valuesObject", "[a]", "failed to parse helm.valuesObject: ", id="list"),
        pytest.param("helm.parameters", {"a[b]": "c"}, "failed parsing --set data", id="parameter"),
        pytest.param("helm.releaseName", "a" * 54, "must not be longer than 53", id="long-name"),
        pytest.param("helm.releaseName", "A_b", "invalid release name", id="name"),
        pytest.param("helm.valueFiles", ("absent.yaml",), "no such file", id="absent"),
        pytest.param("helm.fileParameters", {"a": "absent"}, "no such file", id="absent-file"),
    ],
)
def test_what_helm_refuses_is_one_sentence(
    chart: Chart, option: str, value: Value, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(RenderRefused) as error:
        render(job(tmp_path, parameters={option: value}))

    assert complaint in error.value.message
    assert "level=" not in error.value.message
    assert "image-cmp-" not in error.value.message


def test_missing_value_files_are_left_out_where_that_is_asked(chart: Chart, tmp_path: Path) -> None:
    given: dict[str, Value] = {
        "helm.valueFiles": ("a.yaml", "absent.yaml", "none/*.yaml"),
        "helm.ignoreMissingValueFiles": "true",
    }

    assert chart.values(render(job(tmp_path, parameters=given))) == {"from": "a", "a": 1}


def test_values_from_afar(chart: Chart, afar: str, tmp_path: Path) -> None:
    given: dict[str, Value] = {
        "helm.valueFiles": (afar, "a.yaml", afar),
        "helm.fileParameters": {"file": afar},
    }

    values = chart.values(render(job(tmp_path, parameters=given)))

    assert values == {"from": "a", "a": 1, "file": "from: afar\n"}


@pytest.mark.parametrize(
    ("option", "suffix"), [("valueFiles", ".gone"), ("fileParameters", ".gone")]
)
def test_values_that_afar_does_not_give_are_worth_another_try(
    chart: Chart, afar: str, option: str, suffix: str, tmp_path: Path
) -> None:
    url = f"{afar}{suffix}"
    value: Value = (url,) if option == "valueFiles" else {"a": url}

    with pytest.raises(ToolFailed, match="404"):
        render(job(tmp_path, parameters={f"helm.{option}": value}))


@pytest.mark.parametrize("option", ["valueFiles", "fileParameters"])
def test_offline_nothing_comes_from_afar(
    chart: Chart, afar: str, option: str, tmp_path: Path
) -> None:
    value: Value = (afar,) if option == "valueFiles" else {"a": afar}
    env = {"PATH": PATH, "CMP_OFFLINE": "true"}

    with pytest.raises(InvalidSource, match="needs the network, and CMP_OFFLINE forbids it"):
        render(job(tmp_path, env=env, parameters={f"helm.{option}": value}))


@pytest.mark.parametrize("values", ["", "a: 1", "a: ["])
def test_nothing_is_left_on_disk_for_nothing_is_put_there(
    chart: Chart, values: str, tmp_path: Path
) -> None:
    """Helm's homes are nobody's, and the Application's own values its standard input."""
    env = {"TMPDIR": str(tmp_path / "absent"), "HELM_DATA_HOME": str(tmp_path / "plugins")}
    env |= chart.recorded(tmp_path)
    (tmp_path / "bin" / "helm").write_text(
        f'#!/bin/bash\nenv > {tmp_path}/env\nexec {TOOLS}/helm "$@"\n'
    )
    asked = job(tmp_path, env=env, parameters={"helm.values": values})

    if values.endswith("["):
        with pytest.raises(RenderRefused):
            render(asked)
    else:
        render(asked)

    seen = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    homes = {Path(seen[f"HELM_{name}_HOME"]) for name in ("CACHE", "CONFIG", "DATA")}
    assert {home.parent for home in homes} == {Path("/proc/nonexistent")}
