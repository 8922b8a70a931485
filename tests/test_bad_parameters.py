"""Parameters that cannot be used, as Argo CD passes them: one sentence, status 2, nothing else.

Of each option and each key whatever is of another kind; the rest by hand.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cmp.core.application import parse_application
from cmp.core.keys import KEYS
from cmp.renderers.helm_options import HELM_OPTIONS
from cmp.renderers.kustomize_options import TABLE
from tests.support.cli import as_argo_cd
from tests.support.described import write_index

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.tools

_VALUES: dict[str, Any] = {"string": "text", "array": ["text"], "map": {"a": "text"}}
_SOURCE = {"repoURL": "https://git.test/shop.git", "targetRevision": "main"}
_POD = "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: []}}\n"


@pytest.fixture
def repository(tmp_path: Path, helm: Path, kustomize: Path) -> Path:
    """Return a repository with a chart and a kustomization, and an index beside it."""
    repository = tmp_path / "repository"
    for name, text in {
        "helm/Chart.yaml": "{apiVersion: v2, name: web, version: 0.1.0}\n",
        "helm/templates/web.yaml": _POD,
        "kustomize/kustomization.yaml": "resources: [web.yaml]\n",
        "kustomize/web.yaml": _POD,
    }.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text)
    (tmp_path / "outside.yaml").write_text(_POD)
    source = {**_SOURCE, "path": "helm", "plugin": {"name": "image-cmp"}}
    application = parse_application({"metadata": {"name": "shop"}, "spec": {"source": source}})
    described = {"images": {"r.test/web": ["1.0"]}, "recorded": False}
    write_index(tmp_path / "index", described, application)
    return repository


def _generate(
    repository: Path, parameters: str, path: str = "helm"
) -> "subprocess.CompletedProcess[str]":
    env = {
        "CMP_INDEX": f"file://{repository.parent}/index",
        "ARGOCD_APP_NAME": "shop",
        "ARGOCD_APP_SOURCE_REPO_URL": _SOURCE["repoURL"],
        "ARGOCD_APP_SOURCE_PATH": path,
        "ARGOCD_APP_SOURCE_TARGET_REVISION": _SOURCE["targetRevision"],
        "ARGOCD_APP_PARAMETERS": parameters,
    }
    return as_argo_cd(repository / path, env)


def _refusal(repository: Path, parameters: str, path: str = "helm") -> str:
    """Return the only sentence that is said, but for notes, where nothing is printed."""
    done = _generate(repository, parameters, path)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    (said,) = (line for line in done.stderr.splitlines() if not line.startswith("note: "))
    assert said.startswith("error: ")
    return said


@pytest.mark.parametrize("path", ["helm", "kustomize"])
def test_good_parameters_are_rendered(repository: Path, path: str) -> None:
    """So that what is refused below is refused for what is bad."""
    done = _generate(repository, "[]", path)

    assert done.returncode == 0, done.stderr
    assert "kind: Pod" in done.stdout


def _kinds() -> Iterator[Any]:
    for option in (*HELM_OPTIONS, *TABLE):
        for kind in _VALUES:
            if kind != option.collection:
                yield pytest.param(option.name, kind, option.collection, id=f"{option.name}-{kind}")
    for key in KEYS:
        name = key.name if key.application_wide else f"web.{key.name}"
        yield pytest.param(name, "array", "string", id=f"{name}-array")
    yield pytest.param("image-lock", "string", "map", id="image-lock-string")
    yield pytest.param("image-lock", "array", "map", id="image-lock-array")


@pytest.mark.parametrize(("name", "kind", "right"), list(_kinds()))
def test_a_value_of_another_kind(repository: Path, name: str, kind: str, right: str) -> None:
    path = "kustomize" if name.startswith("kustomize.") else "helm"

    said = _refusal(repository, json.dumps([{"name": name, kind: _VALUES[kind]}]), path)

    assert said.startswith(f"error: parameter {name}: give it as {right}")


def _booleans() -> Iterator[str]:
    for option in (*HELM_OPTIONS, *TABLE):
        if option.meaning.startswith("`true`"):
            yield option.name
    yield "allow-empty"


@pytest.mark.parametrize("name", list(_booleans()))
def test_a_boolean_that_is_none(repository: Path, name: str) -> None:
    path = "kustomize" if name.startswith("kustomize.") else "helm"

    said = _refusal(repository, json.dumps([{"name": name, "string": "yes"}]), path)

    assert name in said
    assert "'yes' is neither true nor false" in said


@pytest.mark.parametrize(
    ("parameter", "complaint"),
    [
        pytest.param({"name": "a\nerror: b"}, "no parameter 'a\\nerror: b'", id="unknown-lines"),
        pytest.param(
            {"name": "kustomize.namePrefix", "string": "a-"},
            "kustomization file not found in the path",
            id="option-of-another",
        ),
        pytest.param(
            {"name": "helm.fileParameters", "map": {"a": "../../outside.yaml"}},
            "'../../outside.yaml' leads out of the repository",
            id="helm-file",
        ),
        pytest.param(
            {"name": "kustomize.patches", "string": "[" * 50_000},
            "kustomize.patches: not YAML",
            id="yaml-brackets",
        ),
        pytest.param({"name": "helm.values", "string": "a: ["}, "helm.values", id="values-yaml"),
        pytest.param({"name": "helm.values", "string": "a"}, "helm.values", id="values-text"),
        pytest.param(
            {"name": "helm.valuesObject", "string": "- a"}, "helm.valuesObject", id="values-list"
        ),
        pytest.param(
            {"name": "helm.parameters", "map": {"a": "," * 100_000}},
            "a program's argument cannot have 128",
            id="huge-when-escaped",
        ),
        pytest.param(
            {"name": "image-lock", "map": {"web": "1.0@latest"}},
            "image-lock: web: not a digest",
            id="image-lock",
        ),
    ],
)
def test_a_bad_value(repository: Path, parameter: dict[str, Any], complaint: str) -> None:
    path = "kustomize" if parameter["name"] == "kustomize.patches" else "helm"

    assert complaint in _refusal(repository, json.dumps([parameter]), path)


def test_a_tool_that_explains_its_use_is_quoted_without(repository: Path) -> None:
    bad = json.dumps([{"name": "kustomize.images", "array": ["no image"]}])

    done = _generate(repository, bad, "kustomize")

    assert (done.returncode, done.stdout) == (2, "")
    assert "error: kustomize edit: invalid format of image, use one of" in done.stderr
    assert "Usage" not in done.stderr


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("[null]", "a parameter has no name", id="null"),
        pytest.param('["a"]', "a parameter has no name", id="text"),
        pytest.param('[{"name": null}]', "a parameter has no name", id="name-null"),
        pytest.param('[{"name": ""}]', "a parameter has no name", id="name-empty"),
        pytest.param('[{"name": 1}]', "a parameter has no name", id="name-number"),
        pytest.param('[{"name": "a", "array": [null]}]', "not all strings", id="null-inside"),
        pytest.param('[{"name": "a", "map": {"b": null}}]', "not all strings", id="null-in-map"),
        pytest.param('[{"name": "a", "string": true}]', "not all strings", id="truth-value"),
        pytest.param('[{"name": "a", "string": "\\ud800"}]', "half of a character", id="surrogate"),
        pytest.param(os.fsdecode(b'[{"name": "a", "string": "\xff"}]'), "half", id="no-utf-8"),
        pytest.param("[" * 100_000, "not JSON", id="brackets"),
        pytest.param("[]]", "not JSON", id="more-than-json"),
        pytest.param("1", "not a list of parameters", id="number"),
    ],
)
def test_parameters_that_are_none(repository: Path, text: str, complaint: str) -> None:
    assert complaint in _refusal(repository, text)


def test_a_value_too_long_for_the_environment_of_a_program(
    repository: Path, tmp_path: Path
) -> None:
    """Argo CD itself cannot start the plugin with it (execve, E2BIG), so nothing is rendered."""
    with pytest.raises(OSError, match="Argument list too long"):
        _refusal(repository, json.dumps([{"name": "helm.values", "string": "#" * 131_072}]))


def test_of_equal_names_the_last_counts(repository: Path) -> None:
    """As of Argo CD's own parameters: an operation puts its image-lock behind that of the spec."""
    twice = [{"name": "image-lock", "map": {"web": tag}} for tag in ("1.0", "not a tag")]

    assert "image-lock: web: not a tag" in _refusal(repository, json.dumps(twice))
    assert _generate(repository, json.dumps(twice[::-1])).returncode == 0
