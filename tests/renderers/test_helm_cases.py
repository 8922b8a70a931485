"""The facts of tests/cases/argocd-helm.json that are about rendering a chart."""

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cmp.core.application import parse_application
from cmp.core.parameters import Value
from cmp.errors import InvalidSource, RenderRefused
from cmp.renderers import Job
from cmp.renderers.helm import arguments, render
from cmp.renderers.helm_sets import escaped
from tests.support.charts import Chart
from tests.support.cli import PROJECT
from tests.support.jobs import job

Case = dict[str, Any]
Runner = Callable[[Case, Path], None]

pytestmark = pytest.mark.tools

# A plugin sees neither other sources nor settings and credentials of Argo CD's.
_EXCEPTIONS = {
    "valuefile-path-1": "a file of another source, refused: in test_bad_input",
    "valuefile-path-4": "differs: may be of another source, which a plugin cannot tell: refused",
    "valuefile-path-5": "a file of another source, refused: in test_bad_input",
    "valuefile-path-8": "differs: may be of another source, which a plugin cannot tell: refused",
    "valuefile-bounds-6": "differs: the setting helm.valuesFileSchemes is not seen",
    "dep-build-1": "the repository's setting insecure is not seen",
    "dep-build-2": "a registry's setting is not seen",
    "dep-build-3": "settings of the repository and a registry are not seen",
}


def _native(case: Case, root: Path) -> Job:
    """Return what the case asks of Argo CD natively, as asked of us."""
    given = case["given"]
    source = {"path": "chart", "helm": given.get("helm", {})}
    manifest = {"metadata": {"name": "a"}, "spec": {"source": source}}
    (read,) = parse_application(manifest).sources
    return job(
        root,
        instance=given.get("appName", "a"),
        namespace=given.get("destNamespace", ""),
        kube_version=given.get("clusterKubeVersion", ""),
        api_versions=tuple(given.get("clusterApiVersions", ())),
        parameters=read.parameters,
        variables={"ARGOCD_APP_NAME": given.get("appName", "a")},
    )


def _options(root: Path, **parameters: Value) -> Job:
    named = {f"helm.{name}": value for name, value in parameters.items()}
    return job(root, parameters=named)


def _of(flag: str, argv: list[str]) -> list[str]:
    return [value for name, value in pairwise(argv) if name == flag]


def _argv(case: Case, root: Path) -> None:
    expect = case["expect"]
    if "error_contains" in expect:
        chart = Chart.create(root / "chart")
        chart.write("values.schema.json", '{"properties": {"a": {"type": "integer"}}}')
        asked = _options(root, parameters={"a": "text"})
        # Helm 4 says "specification(s)" where Helm 3 said "specifications".
        with pytest.raises(RenderRefused, match="values don't meet the specifications of the"):
            render(asked)
        skipping = {**asked.request.parameters, "helm.skipSchemaValidation": "true"}
        render(asked._replace(request=asked.request._replace(parameters=skipping)))
        return
    argv = ["helm", *arguments(_native(case, root))]
    if "argv_suffix" in expect:
        assert argv[-2:] == expect["argv_suffix"].split()
        return
    # Argo CD writes the Application's own values to a file; helm has ours as standard input.
    expected = expect["argv"].replace("<inline-values-file>", "-")
    expected = expected.replace("<repo>", f"{root}/chart").split()
    assert argv == ["" if word == '""' else word for word in expected]


def _release(case: Case, root: Path) -> None:
    assert _of("--name-template", arguments(_native(case, root))) == ["my-release"]


def _set_escaping(case: Case, root: Path) -> None:
    assert escaped(case["given"]["value"]) == case["expect"]["escaped"]


def _parameters(case: Case, root: Path) -> None:
    given, expect = case["given"], case["expect"]
    argv = arguments(_native({"given": {"helm": given}}, root))
    if "effect" in expect:
        (parameter,) = given["parameters"]
        assert _of("--set-string", argv) == [f"{parameter['name']}=true"]
        return
    assert _of("--set", argv) == expect["set"]
    assert _of("--set-string", argv) == expect.get("set_string", [])


def _values(case: Case, root: Path) -> None:
    expect = case["expect"]
    chart = Chart.create(root / "chart")
    chart.write("values-production.yaml", "cluster: {slaveCount: 3}\n")
    helm = dict(case["given"])
    helm["valueFiles"] = [re.sub(r" ?\(.*", "", file) for file in helm["valueFiles"]]
    instance = helm.pop("appName", "a")
    asked = _native({"given": {"helm": helm, "appName": instance}}, root)
    if "error_contains" in expect:
        with pytest.raises(RenderRefused, match=expect["error_contains"]):
            render(asked)
    elif "passed" in expect:
        assert _of("--values", arguments(asked)) == [
            f"{root}/chart/{file}" for file in expect["passed"]
        ]
    else:
        values = chart.values(render(asked))
        assert values["cluster"]["slaveCount"] == expect["slaveCount"]


def _value_file_path(case: Case, root: Path) -> None:
    with pytest.raises(InvalidSource, match="is of another source"):
        arguments(_options(root, valueFiles=(case["given"]["raw"],)))


def _value_file_bounds(case: Case, root: Path) -> None:
    path, written = case["given"]["appPath"], case["given"]["valueFile"].partition(" (")[0]
    root, outside = root / "repository", root / "outside.yaml"
    path = "." if path.startswith(". (root = redis)") else path
    (root / path).mkdir(parents=True)
    outside.touch()
    if written.startswith("symlink"):
        (root / "values.yaml").touch()
        target = root / "values.yaml" if "inside" in written else outside
        (root / path / "link.yaml").symlink_to(target)
        written = "link.yaml"
    asked = job(root, path=path, parameters={"helm.valueFiles": (written,)})

    if case["expect"]["result"].startswith(("ok", "passed")):
        (file,) = _of("--values", arguments(asked))
        assert file.startswith((f"{root}/", "https://"))
    else:
        with pytest.raises(InvalidSource, match="leads out of the repository"):
            arguments(asked)


def _value_file_glob(case: Case, root: Path) -> None:
    folder = root / "chart"
    for place in re.findall(r"\S+", case["given"]["tree"]):
        where, _, names = place.partition("{")
        for name in names.partition("}")[0].split(",") if names else [""]:
            file = folder / (f"{where}{name}.yaml" if name else where)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()

    argv = arguments(_options(root, valueFiles=tuple(case["given"]["valueFiles"])))

    assert _of("--values", argv) == [f"{folder}/{file}" for file in case["expect"]["resolved"]]


def _file_parameters(case: Case, root: Path) -> None:
    (file,) = case["given"]["fileParameters"]
    asked = _options(root, fileParameters={file["name"]: file["path"]})
    if case["expect"].get("ok"):
        (root / "external").mkdir()
        flag = case["expect"]["flag"].replace("<repo>", str(root)).split()
        assert _of(flag[0], arguments(asked)) == [flag[1]]
    else:
        Chart.create(root / "chart")
        with pytest.raises(RenderRefused, match="no such file or directory"):
            render(asked)


def _flags(case: Case, root: Path) -> None:
    chart = Chart.create(root / "chart")
    if case["id"] == "crds":
        chart.write("crds/crd.yaml", "apiVersion: v1\nkind: CustomResourceDefinition\n")
        for value, count in (("false", 1), ("true", 0)):
            output = render(_options(root, skipCrds=value))
            assert output.count(b"kind: CustomResourceDefinition") == count
        return
    has = '{{ .Capabilities.APIVersions.Has "sample/v2" }}'
    chart.write("templates/api.yaml", f"kind: Sample\nhas: {has}\n")
    assert b"has: false" in render(_options(root))
    assert b"has: true" in render(_options(root, apiVersions=("sample/v2",)))


def _dependencies(case: Case, root: Path) -> None:
    if case["id"] == "dep-repo-names":
        kinds = ("https://charts.example.com/a/b", "oci://reg.example.com/x", "file://../lib")
        assert set(kinds) < set(case["given"]["dependencies"])
        return  # each kind: in test_helm_dependencies, by what helm is started with
    chart = Chart.create(root / "chart", depends_on="file://../lib")
    Chart.create(root / "lib")
    asked = job(root, env=chart.recorded(root))
    render(asked)
    assert (root / "started").read_text().splitlines() == [
        "helm template",
        "helm dependency build",
        "helm template",
    ]


_RUNNERS: dict[str, Runner] = {
    "argv": _argv,
    "release": _release,
    "set-escaping": _set_escaping,
    "parameters": _parameters,
    "values": _values,
    "value-file-path": _value_file_path,
    "value-file-bounds": _value_file_bounds,
    "value-file-glob": _value_file_glob,
    "file-parameters": _file_parameters,
    "flags": _flags,
    "dependencies": _dependencies,
}
_CASES: list[Case] = [
    case
    for case in json.loads((PROJECT / "tests/cases/argocd-helm.json").read_text())["cases"]
    if case["category"] in _RUNNERS
]


@pytest.mark.parametrize(
    "case",
    [c for c in _CASES if c["id"] not in _EXCEPTIONS or c["category"] == "value-file-path"],
    ids=lambda case: str(case["id"]),
)
def test_as_argo_cd(case: Case, tmp_path: Path, helm: Path) -> None:
    _RUNNERS[case["category"]](case, tmp_path)


def test_every_exception_is_a_case() -> None:
    assert set(_EXCEPTIONS) <= {case["id"] for case in _CASES}
