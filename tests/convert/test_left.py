"""What `convert` leaves as it is, with its reason, and what it refuses, with the way out."""

from pathlib import Path

import pytest

from cmp.__main__ import main
from cmp.core.conversion.options import OPTIONS
from cmp.renderers import RENDERERS, renderer

_APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: web}}
spec:
  source:
    repoURL: https://git.test/web.git
    path: web
{source}
"""
_SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: webs}}
spec:
  template:
    metadata: {{name: a}}
    spec: {{source: {{repoURL: r, path: p, helm: {{releaseName: a}}}}}}
{more}
"""


def application(*lines: str) -> str:
    return _APPLICATION.format(source="\n".join(f"    {line}" for line in lines))


def plugin(parameters: str, more: str = "") -> str:
    return application(f"plugin: {{name: image-cmp, parameters: {parameters}{more}}}")


def error_of(text: str, folder: Path, capfd: pytest.CaptureFixture[str], to: str = "plugin") -> str:
    """Convert a text that cannot be; return what is said."""
    file = folder / "a.yaml"
    file.write_text(text)
    status = main(["convert", str(file), "--to", to])
    output, errors = capfd.readouterr()
    assert (status, output) == (2, "")
    return errors.replace(str(file), "a.yaml")


_LEFT = {
    "jsonnet": (application("directory: {jsonnet: {libs: [a]}}"), "jsonnet is evaluated by"),
    "kustomize version": (application("kustomize: {version: v5}"), "kustomize.version: Argo CD"),
    "helm version": (application("helm: {version: v2}"), "helm.version: the sidecar has one helm"),
    "pass credentials": (
        application("chart: web", "helm: {passCredentials: true}").replace("path: web", ""),
        "helm.passCredentials: for a plugin Argo CD fetches a chart without it",
    ),
    "value file": (
        application("helm: {valueFiles: [$values/a.yaml]}"),
        "'$values/a.yaml' is of another source",
    ),
    "file parameter": (
        application("helm: {fileParameters: [{name: a, path: $values/a}]}"),
        "'$values/a' is of another source",
    ),
    "another plugin": (application("plugin: {name: lovely}"), "another plugin renders it"),
    "a patch for kustomize": (
        application("helm: {releaseName: a}").replace(
            "    repoURL: https://git.test/web.git\n", ""
        ),
        "it has no repoURL: where it is a patch for kustomize",
    ),
    "hydrator": (
        application("helm: {releaseName: a}") + "  sourceHydrator: {drySource: {}}\n",
        "spec.sourceHydrator: its dry source",
    ),
    "patch of a set": (
        _SET.format(more="  templatePatch: |\n    spec: {source: {helm: {values: '{{.a}}'}}}"),
        "ApplicationSet webs: spec.templatePatch sets helm",
    ),
    "template of a generator": (
        _SET.format(
            more="  generators: [{matrix: {generators: [{list: {elements: [], "
            "template: {spec: {source: {helm: {releaseName: b}}}}}}]}}]"
        ),
        "a generator's template sets options of the source",
    ),
}


@pytest.mark.parametrize(("text", "reason"), _LEFT.values(), ids=_LEFT)
def test_what_no_plugin_can_have(
    text: str, reason: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Alone in its file it is an error; beside one that is converted it stays, with a note."""
    assert reason in error_of(text, tmp_path, capfd)
    other = application("helm: {releaseName: other}")
    file = tmp_path / "both.yaml"
    file.write_text(f"{text}---\n{other}")

    assert main(["convert", str(file)]) == 0

    output, notes = capfd.readouterr()
    assert output.startswith(text)
    assert "image-cmp" in output
    assert f"note: stays as it is: {reason}" in notes or f": {reason}" in notes


_STAYS = {
    "env": (plugin("[]", ", env: [{name: A, value: b}]"), "plugin.env: a native source has no"),
    "patches": (plugin("[{name: patches, string: a}]"), "the parameter patches has no native"),
    "lock": (plugin("[{name: image-lock, map: {a: v1}}]"), "the parameter image-lock has no"),
    "two kinds": (
        plugin("[{name: helm.namespace, string: a}, {name: kustomize.namespace, string: a}]"),
        "it has options of helm and kustomize",
    ),
    "twice": (
        plugin("[{name: helm.values, string: a}, {name: helm.values, string: b}]"),
        "the parameter helm.values is there twice",
    ),
}


@pytest.mark.parametrize(("text", "reason"), _STAYS.values(), ids=_STAYS)
def test_what_no_native_source_can_have(
    text: str, reason: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert reason in error_of(text, tmp_path, capfd, to="native")


_WRONG = {
    "unknown option": (
        application("helm: {valuesFiles: [a]}"),
        "plugin",
        "Application web: spec.source.helm: no option 'valuesFiles'; did you mean 'valueFiles'?",
    ),
    "unknown parameter": (
        plugin("[{name: helm.valuefiles, array: [a]}]"),
        "native",
        "no parameter 'helm.valuefiles'; did you mean 'helm.valueFiles'?",
    ),
    "two sections": (
        application("helm: {releaseName: a}", "kustomize: {namePrefix: a}"),
        "plugin",
        "both helm and kustomize, of which Argo CD takes one; leave one out",
    ),
    "a number": (
        application("helm: {kubeVersion: 1.30}"),
        "plugin",
        "spec.source.helm.kubeVersion: 1.3 is a number; put it in quotes",
    ),
    "a value without quotes": (
        application("helm: {parameters: [{name: replicas, value: 2}]}"),
        "plugin",
        "'replicas' and 2 are not both text; put them in quotes",
    ),
    "a template of helm's": (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n{{- if .a }}\n",
        "plugin",
        "a.yaml, document 1: not YAML: ",
    ),
    "nothing": ("kind: Pod\n", "plugin", "a.yaml: no Application and no ApplicationSet is there"),
    "a comment without a place": (
        application("helm: {releaseName: a, # why", "  namespace: b}"),
        "plugin",
        "the comment '# why' would have no place; move it",
    ),
    "an anchor that is used elsewhere": (
        application("helm: &h {releaseName: a}", "extra: *h"),
        "plugin",
        "cannot be converted: unknown anchor 'h' referenced",
    ),
}


@pytest.mark.parametrize(("text", "to", "error"), _WRONG.values(), ids=_WRONG)
def test_what_is_wrong(
    text: str, to: str, error: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert error in error_of(text, tmp_path, capfd, to=to)


def test_every_option_of_every_renderer_has_its_parameter() -> None:
    """So that an option that is added later is converted too."""
    assert set(OPTIONS) == {name for kind in RENDERERS for name in renderer(kind).OPTIONS}


def test_write_changes_the_files_and_all_or_none(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(application("helm: {releaseName: a}"))
    good.chmod(0o640)
    bad.write_text(application("helm: {relaseName: a}"))

    assert main(["convert", "--write", str(good), str(bad)]) == 2
    assert good.read_text() == application("helm: {releaseName: a}")
    assert main(["convert", "--write", str(good)]) == 0

    assert "- name: helm.releaseName\n" in good.read_text()
    assert good.stat().st_mode & 0o777 == 0o640
    assert sorted(file.name for file in tmp_path.iterdir()) == ["bad.yaml", "good.yaml"]
    assert capfd.readouterr().out == ""


def test_policy_in_parameters_becomes_annotations_on_the_way_back(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        application(
            "plugin:",
            "  name: image-cmp",
            "  parameters:",
            "  - {name: image-list, string: 'web=registry.test/web:^1'}",
            "  - name: helm.releaseName",
            "    string: a",
        ).replace("metadata: {name: web}", "metadata:\n  name: web # the shop")
    )

    assert main(["convert", "--to", "native", str(file)]) == 0

    annotation = 'argocd-image-updater.argoproj.io/image-list: "web=registry.test/web:^1"'
    assert capfd.readouterr().out == application("helm:", "  releaseName: a").replace(
        "metadata: {name: web}",
        f"metadata:\n  name: web # the shop\n  annotations:\n    {annotation}",
    )
