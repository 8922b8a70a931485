"""Argo CD's own facts about Kustomize (tests/cases/argocd-kustomize.json), with the real one."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.errors import InvalidSource, RenderRefused
from cmp.renderers import check_options, detect
from cmp.renderers.kustomize_build import build_arguments, build_environment
from cmp.renderers.kustomize_edits import edits, merged_images
from cmp.renderers.kustomize_options import KustomizeOptions
from tests.support.cli import PROJECT
from tests.support.kustomization import (
    COMPONENT,
    DEPLOYMENT,
    KUSTOMIZATION,
    job,
    rendered,
    repository,
    spy,
)

pytestmark = pytest.mark.tools

Case = Mapping[str, Any]

CASES: list[dict[str, Any]] = json.loads(
    (PROJECT / "tests/cases/argocd-kustomize.json").read_text()
)["cases"]
NOT_OURS = {
    "images-param-sorted": "Argo CD's UI lists the images of what was rendered, whoever rendered",
}
_WITH_LABELS = KUSTOMIZATION + "commonLabels: {foo: bar}\ncommonAnnotations: {one: two}\n"


def _parameters(native: Mapping[str, Any]) -> dict[str, Any]:
    """Return a native section as plugin parameters."""

    def value(name: str, given: Any) -> Any:
        if name == "replicas":
            return {replica["name"]: str(replica["count"]) for replica in given}
        if isinstance(given, bool):
            return str(given).lower()
        return tuple(given) if isinstance(given, list) else given

    return {name: value(name, given) for name, given in native.items()}


def _rendered(
    folder: Path, given: Case, kustomization: str = KUSTOMIZATION
) -> dict[str, dict[str, Any]]:
    variables = {"ARGOCD_APP_NAME": given.get("appName", "test-app")}
    native = given.get("kustomize") or {
        k: v for k, v in given.items() if k not in ("base", "appName")
    }
    asked = job(repository(folder, kustomization), _parameters(native), variables=variables)
    return {document["kind"]: document for document in rendered(asked)}


def _commands(folder: Path, case: Case) -> None:
    given, expect = case["given"], case["expect"]
    if "argv" in expect:
        argv = build_arguments(
            "guestbook", given["buildOptions"], given["kubeVersion"], given["apiVersions"]
        )
        assert argv == expect["argv"]
        return
    files = {
        "app/component/kustomization.yaml": COMPONENT % "here",
        "app/deployment.yaml": DEPLOYMENT.replace("nginx-deployment", "guestbook-ui"),
    }
    root = repository(folder, files=files)
    log = folder / "log"
    asked = job(
        root,
        _parameters(given["kustomize"]),
        kube_version=given["clusterKubeVersion"],
        env={
            "PATH": spy(folder / "bin", log),
            "CMP_KUSTOMIZE_BUILD_OPTIONS": given["buildOptions"],
        },
    )
    rendered(asked)
    said = [line.replace(f"{root}/app", ".") for line in log.read_text().splitlines()]
    assert said == expect["commands"]


def _manifest(folder: Path, case: Case) -> None:
    expect = case["expect"]
    found = _rendered(folder, case["given"])
    for kind in ("Deployment", "StatefulSet"):
        metadata = found[kind]["metadata"]
        assert (metadata["name"], metadata["namespace"]) == (
            expect[kind]["name"],
            expect["namespace"],
        )
        assert found[kind]["spec"]["replicas"] == expect[kind]["replicas"]
        assert expect[kind]["labels"].items() <= metadata["labels"].items()
        assert metadata["annotations"]["app.kubernetes.io/part-of"] == "argo-cd-tests"
    container = found["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == expect["image"]


def _labels(folder: Path, case: Case) -> None:
    if case["expect"].get("error"):
        with pytest.raises(RenderRefused, match="label foo already in kustomization file"):
            _rendered(folder, case["given"], _WITH_LABELS)
        return
    found = _rendered(folder, case["given"])["Deployment"]
    labels = {
        "metadata": found["metadata"]["labels"],
        "selector": found["spec"]["selector"]["matchLabels"],
        "template": found["spec"]["template"]["metadata"]["labels"],
    }
    for place, expected in case["expect"].items():
        # What the fact says nothing of, the test's own Deployment has besides.
        besides = {"managed-by": "helm"} if place == "metadata" else {}
        assert labels[place] == {**besides, **expected}


def _annotations(folder: Path, case: Case) -> None:
    if case["expect"].get("error"):
        with pytest.raises(RenderRefused, match="annotation one already in kustomization file"):
            _rendered(folder, case["given"], _WITH_LABELS)
        return
    found = _rendered(folder, case["given"], _WITH_LABELS)["Deployment"]
    assert found["metadata"]["annotations"] == case["expect"]["annotations"]


def _errors(folder: Path, case: Case) -> None:
    if "replicas" in case["given"]:
        with pytest.raises(InvalidSource, match=re.escape(case["expect"]["error"])):
            _rendered(folder, case["given"])
        return
    _version(folder, case)


def _version(folder: Path, case: Case) -> None:
    """A plugin knows of no versions; what else the fact says of the environment holds."""
    with pytest.raises(InvalidSource, match="leave this Application native"):
        check_options("kustomize", ["kustomize.version"])
    asked = job(repository(folder), variables={"ARGOCD_APP_NAME": case["given"].get("appName")})
    if "build_env_has" in case["expect"]:
        name, _, value = case["expect"]["build_env_has"].partition("=")
        assert build_environment(asked, "")[name] == value


def _components(folder: Path, case: Case) -> None:
    given, expect = case["given"], case["expect"]
    path = given.get("appPath", "app").replace("...", "a/b/c")
    name = "kustomize/components/all/kustomization.yaml"
    component = "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnamePrefix: all-\n"
    root = repository(
        folder,
        files={
            f"{path}/kustomization.yaml": "resources: [one.yaml]\n",
            f"{path}/one.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: one}}\n",
            name: component,
        },
    )
    log = folder / "log"
    parameters = {
        "components": tuple(given["components"]),
        "ignoreMissingComponents": "true",
    }
    asked = job(root, parameters, path=path, env={"PATH": spy(folder / "bin", log)})

    (found,) = rendered(asked)

    is_added = bool(expect.get("ok"))
    assert found["metadata"]["name"] == ("all-one" if is_added else "one")
    assert ("edit add component" in log.read_text()) is is_added


def _replicas(count: int) -> str:
    operations = json.dumps([{"op": "replace", "path": "/spec/replicas", "value": count}])
    return f"- target: {{kind: Deployment}}\n  patch: '{operations}'\n"


def _patches(folder: Path, case: Case) -> None:
    root = repository(folder, f"{KUSTOMIZATION}patches:\n{_replicas(5)}")
    asked = job(root, {"patches": _replicas(7)})
    if "error" in case["expect"]:
        (root / "app" / "kustomization.yaml").unlink()
        with pytest.raises(RenderRefused, match=case["expect"]["error"]):
            rendered(asked)
        return
    found = {document["kind"]: document for document in rendered(asked)}
    assert found["Deployment"]["spec"]["replicas"] == 7
    written = yaml.safe_load((root / "app" / "kustomization.yaml").read_text())
    assert [p["patch"][-3] for p in written["patches"]] == ["5", "7"]


def _set_image(folder: Path, case: Case) -> None:
    given, expect = case["given"], case["expect"]
    before = yaml.safe_dump({"images": given.get("images_before", [])})
    root = repository(folder, KUSTOMIZATION + before)
    asked = job(root, {"images": tuple(given["args"])})
    if "error_contains" in expect:
        with pytest.raises(RenderRefused, match=expect["error_contains"]):
            rendered(asked)
        return
    rendered(asked)
    written = yaml.safe_load((root / "app" / "kustomization.yaml").read_text())["images"]
    if not given["args"]:  # then there is no such command, here and in Argo CD
        assert written == []
    elif "images_after_names" in expect:
        assert [image["name"] for image in written] == expect["images_after_names"]
    else:
        expected = [
            {name: value.removesuffix(" (string, quoted)") for name, value in image.items()}
            for image in expect["images_after"]
        ]
        assert written == expected


def _images(folder: Path, case: Case) -> None:
    """A chosen image takes the place of one that matches it."""
    given = case["given"]
    assert merged_images([given["existing"]], (given["new"],)) == [given["new"]]


def _detection(folder: Path, case: Case) -> None:
    found = [detect([name]) == "kustomize" for name in case["given"]["names"]]
    assert found == case["expect"]["is_kustomization"]


RUNNERS: Mapping[str, Callable[[Path, Case], None]] = {
    "annotations": _annotations,
    "commands": _commands,
    "components": _components,
    "detection": _detection,
    "env": _version,
    "errors": _errors,
    "images": _images,
    "labels": _labels,
    "manifest": _manifest,
    "patches": _patches,
    "set-image": _set_image,
}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["id"] not in NOT_OURS], ids=lambda case: case["id"]
)
def test_a_fact_holds(kustomize: Path, tmp_path: Path, case: Case) -> None:
    RUNNERS[case["category"]](tmp_path, case)


def test_every_fact_is_run_or_has_a_reason() -> None:
    assert {case["category"] for case in CASES} == set(RUNNERS)
    assert set(NOT_OURS) <= {case["id"] for case in CASES}


def test_no_options_are_no_commands() -> None:
    assert edits(KustomizeOptions.read({}), (), {}) == []
