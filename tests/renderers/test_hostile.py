"""Repositories and Applications that want code of theirs to run, or secrets of ours printed."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cmp.renderers.helm_options import HELM_OPTIONS
from cmp.renderers.kustomize_options import TABLE
from cmp.renderers.options import Option
from tests.support.cli import PATH, TOOLS
from tests.support.git import commit_all
from tests.support.sidecar import Sidecar

pytestmark = pytest.mark.tools

_SHELL = "$(touch {marker}) `touch {marker}`; touch {marker} | touch {marker} && touch {marker}\n"
_KRM = """\
apiVersion: test/v1
kind: Evil
metadata: {name: evil, annotations: {config.kubernetes.io/function: '{exec: {path: ../evil}}'}}
"""
_IN_A_CONTAINER = _KRM.replace("{exec: {path: ../evil}}", "{container: {image: evil}}")


@pytest.fixture
def sidecar(tmp_path: Path, helm: Path, kustomize: Path) -> Sidecar:
    return Sidecar.create(tmp_path)


@pytest.fixture
def repository(sidecar: Sidecar) -> Path:
    """A repository with a program ``evil`` that leaves a mark, by the names of others too."""
    folder = sidecar.unpack("uuid")
    for place in (folder, folder / "app", folder / "web"):
        for name in ("evil", "helm", "kustomize", "git", "sh", "touch"):
            (place / name).write_text(f"#!/bin/sh\necho {name} >> {_marker(sidecar)}\n")
            (place / name).chmod(0o755)
    (folder / "web" / ".helmignore").write_text("evil\nhelm\ngit\nsh\ntouch")
    # argocd-cmp-server unpacks what is tracked; that may also be called so.
    for home in (folder, folder / "app"):
        (home / ".gitconfig").write_text(f"[core]\n\tsshCommand = {folder}/evil\n")
        (home / ".git" / "hooks").mkdir(parents=True)
        (home / ".git" / "config").write_text(f"[core]\n\tfsmonitor = {folder}/evil\n")
        (home / ".git" / "hooks" / "post-checkout").symlink_to(folder / "evil")
    return folder


def _marker(sidecar: Sidecar) -> Path:
    return sidecar.root / "executed"


def _render(
    sidecar: Sidecar, folder: Path, parameters: list[dict[str, Any]] | None = None, **env: str
) -> tuple[int, str]:
    given = json.dumps(parameters or [])
    process = sidecar.start(folder, {"ARGOCD_APP_PARAMETERS": given, **env})
    printed, said = process.communicate(timeout=60)
    assert bool(printed) is (process.returncode == 0)
    return process.returncode, printed + said


_OPTIONS = {"helm": HELM_OPTIONS, "kustomize": TABLE}
_PATHS = {"helm": "web", "kustomize": "app"}
_KINDS = pytest.mark.parametrize("kind", _OPTIONS)


@_KINDS
def test_no_option_hands_a_flag_to_a_tool(sidecar: Sidecar, repository: Path, kind: str) -> None:
    """Each by itself: most are refused, by us or by the tool."""
    kustomization = repository / "app" / "kustomization.yaml"
    text = kustomization.read_text()
    for option in _OPTIONS[kind]:
        given = _given(option, f"--post-renderer={repository / 'evil'}")

        _render(sidecar, repository / _PATHS[kind], given)

        assert not _marker(sidecar).exists(), option.name
        kustomization.write_text(text)


@_KINDS
def test_no_option_reaches_a_shell(sidecar: Sidecar, repository: Path, kind: str) -> None:
    value = _SHELL.format(marker=_marker(sidecar))
    names = {"parameters", "forceStringParameters", "values", "namePrefix", "commonAnnotations"}
    chosen = [option for option in _OPTIONS[kind] if option.name.partition(".")[2] in names]

    given = [parameter for option in chosen for parameter in _given(option, value)]
    _render(sidecar, repository / _PATHS[kind], given, PATH=f":.:{PATH}")

    assert not _marker(sidecar).exists()


def _given(option: Option, value: str) -> list[dict[str, Any]]:
    of_kind = {"string": value, "array": [value], "map": {"a": value, value: value}}
    return [{"name": option.name, option.collection: of_kind[option.collection]}]


@pytest.mark.parametrize(
    ("kustomization", "other"),
    [
        pytest.param("generators: [other.yaml]", _KRM, id="executable"),
        pytest.param("transformers: [other.yaml]", _IN_A_CONTAINER, id="container"),
        pytest.param(
            "generators: [other.yaml]",
            "apiVersion: test/v1\nkind: Evil\nmetadata: {name: evil}\n",
            id="plugin",
        ),
        pytest.param("resources: ['ext::{evil} %S x']", "", id="git-ext"),
        pytest.param("resources: ['git::ext::{evil}']", "", id="git-prefix"),
        pytest.param("resources: ['ssh://-oProxyCommand={evil}/x/y.git']", "", id="ssh"),
        pytest.param("resources: ['file://{bare}?ref=--upload-pack={evil}']", "", id="upload-pack"),
        pytest.param("resources: ['FILE://{bare}//a?ref=--upload-pack={evil}']", "", id="upper"),
        pytest.param("components: ['file://{bare}?ref=--upload-pack={evil}']", "", id="component"),
        pytest.param(
            "helmCharts: [{{name: x, repo: 'file://{bare}', version: '{flag}'}}]", "", id="chart"
        ),
        pytest.param(
            "helmCharts: [{{name: web, namespace: '{flag}', kubeVersion: '{flag}', nameTemplate: "
            "'{flag}', apiVersions: ['{flag}'], additionalValuesFiles: ['{flag}']}}]",
            "",
            id="chart-flags",
        ),
    ],
)
def test_no_kustomization_runs_anything(
    sidecar: Sidecar, repository: Path, kustomization: str, other: str
) -> None:
    bare, evil = _bare(sidecar), repository / "evil"
    text = kustomization.format(bare=bare, evil=evil, flag=f"--post-renderer={evil}")
    (repository / "app" / "kustomization.yaml").write_text(text)
    (repository / "app" / "other.yaml").write_text(other)

    status, _ = _render(sidecar, repository / "app", PATH=f"{PATH}:")

    assert status != 0
    assert not _marker(sidecar).exists()


def test_git_would_run_it(sidecar: Sidecar, repository: Path) -> None:
    """So that the test above could fail: kustomize by itself lets it."""
    url = f"file://{_bare(sidecar)}?ref=--upload-pack={repository / 'evil'}"
    (repository / "app" / "kustomization.yaml").write_text(f"resources: ['{url}']")

    argv = [str(TOOLS / "kustomize"), "build", "app"]
    subprocess.run(argv, cwd=repository, env={"PATH": PATH}, capture_output=True, check=False)

    assert _marker(sidecar).exists()


def _bare(sidecar: Sidecar) -> Path:
    """A repository of this machine, with a hook of its own."""
    folder = sidecar.root / "bare"
    folder.mkdir()
    (folder / "kustomization.yaml").write_text("namePrefix: a-\n")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    commit_all(folder, "A base")
    return folder


def test_dependencies_bring_no_plugins(sidecar: Sidecar, repository: Path) -> None:
    """Where Helm would look for them, were its home the one of the repository."""
    plugin = repository / "web" / "DATA" / "plugins" / "evil"
    plugin.mkdir(parents=True)
    (plugin / "plugin.yaml").write_text(
        "name: evil\nversion: 1.0.0\ndownloaders: [{command: ../../../evil, protocols: [evil]}]\n"
    )
    chart = (repository / "web" / "Chart.yaml").read_text()
    (repository / "web" / "Chart.yaml").write_text(
        f"{chart}dependencies: [{{name: x, version: 1.0.0, repository: 'evil://x'}}]\n"
    )

    status, said = _render(sidecar, repository / "web", HOME=str(repository / "web"))

    assert (status, "evil" in said) == (1, True)
    assert not _marker(sidecar).exists()


# helm and kustomize print names of releases, files and resources, which are no secrets.
_NAMES = ("Prefix", "Suffix", "namespace", "releaseName", "fileParameters")


@_KINDS
def test_no_error_holds_what_may_be_secret(sidecar: Sidecar, kind: str) -> None:
    """An excerpt of the value that is wrong at most, and nothing of the environment."""
    secret = "0123456789" * 1000
    folder = sidecar.unpack("uuid") / _PATHS[kind]
    of_kind: dict[str, Any] = {"string": f"- {secret}", "array": [1], "map": {"-a": secret}}
    for option in _OPTIONS[kind]:
        if option.name.endswith(_NAMES):
            continue
        given = {"name": option.name, option.collection: of_kind[option.collection]}

        status, said = _render(sidecar, folder, [given], TOKEN="in-the-environment")

        assert "in-the-environment" not in said
        assert status == 0 or secret[:50] not in said, option.name
