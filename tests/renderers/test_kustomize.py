"""A whole render against the same edits made by the test's own calls of kustomize."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.core.image import Repository
from cmp.core.image_list import ManagedImage, Target
from cmp.core.injection import Choice
from cmp.core.policy import Policy
from cmp.errors import InvalidSource
from cmp.renderers.kustomize import render
from cmp.renderers.kustomize_edits import merged_images
from cmp.renderers.kustomize_options import TABLE
from tests.support.kustomization import (
    COMPONENT,
    KUSTOMIZATION,
    job,
    kustomize,
    rendered,
    repository,
    spy,
)

pytestmark = [pytest.mark.tools, pytest.mark.usefixtures("kustomize")]

Edit = Callable[[Path], object]

PATCHES = """\
- path: patch.yaml
  target: {kind: Deployment, name: nginx.*}
- patch: |-
    - op: add
      path: /metadata/annotations/y
      value: "it's 1:30 \\U0001F600 \\u00e9"
  target: {kind: StatefulSet, version: v1, labelSelector: "", annotationSelector: ""}
  options: {allowNameChange: true}
"""
PATCH_FILE = "- {op: replace, path: /spec/replicas, value: 9}\n"


def choice(name: str, tag: str, alias: str = "app", **target: Any) -> Choice:
    return Choice(ManagedImage(alias, Repository.parse(name), Policy(), Target(**target)), tag)


def _edit(*arguments: str) -> Edit:
    return lambda folder: kustomize(folder, "edit", *arguments)


def _patched(folder: Path) -> None:
    """Add patches as Argo CD does: read the file, write it anew."""
    file = folder / "kustomization.yaml"
    content = yaml.safe_load(file.read_text())
    patches = [{k: v for k, v in p.items() if v} for p in yaml.safe_load(PATCHES)]
    file.write_text(yaml.safe_dump({**content, "patches": content.get("patches", []) + patches}))


FORCED = {"forceCommonLabels": "true", "forceCommonAnnotations": "true"}
# Parameters, and the same by hand.
OPTIONS: dict[str, tuple[dict[str, Any], list[Edit]]] = {
    "nothing": ({}, []),
    "prefix": ({"namePrefix": "-a"}, [_edit("set", "nameprefix", "--", "-a")]),
    "suffix": ({"nameSuffix": "-b"}, [_edit("set", "namesuffix", "--", "-b")]),
    "namespace": ({"namespace": "web"}, [_edit("set", "namespace", "web")]),
    "images": (
        {"images": ("nginx=r.test:5000/nginx:1.27", "registry.test/web:$ARGOCD_APP_NAME")},
        [_edit("set", "image", "nginx=r.test:5000/nginx:1.27", "registry.test/web:test-app")],
    ),
    "two-images-of-one-name": (
        {"images": ("nginx:1", "nginx:2")},
        [_edit("set", "image", "nginx:1", "nginx:2")],
    ),
    "replicas": (
        {"replicas": {"nginx-deployment": "+7", "web": "00"}},
        [_edit("set", "replicas", "nginx-deployment=7", "web=0")],
    ),
    "labels": (
        {"commonLabels": {"a": "$ARGOCD_APP_NAME", "b": 'x:"y"', "c": ""}},
        [_edit("add", "label", "a:test-app", 'b:x:"y"', "c:")],
    ),
    "labels-of-metadata": (
        {"commonLabels": {"a": "b"}, "labelWithoutSelector": "true", **FORCED},
        [_edit("add", "label", "--force", "--without-selector", "a:b")],
    ),
    "labels-of-templates": (
        {
            "commonLabels": {"a": "b"},
            "labelWithoutSelector": "true",
            "labelIncludeTemplates": "true",
        },
        [_edit("add", "label", "--without-selector", "--include-templates", "a:b")],
    ),
    "annotations": (
        {"commonAnnotations": {"a": "$ARGOCD_APP_NAME"}, "commonAnnotationsEnvsubst": "false"},
        [_edit("add", "annotation", "a:$ARGOCD_APP_NAME")],
    ),
    "patches": ({"patches": PATCHES}, [_patched]),
    "no-patches": ({"patches": "[]"}, []),
    "components": (
        {"components": ("../components/one", "../components/t*")},
        [_edit("add", "component", "../components/one", "../components/two")],
    ),
    "missing-components": (
        {"components": ("../no", "../components/two"), "ignoreMissingComponents": "true"},
        [_edit("add", "component", "../components/two")],
    ),
    "everything": (
        {
            "namePrefix": "a-",
            "nameSuffix": "-b",
            "namespace": "web",
            "images": ("nginx:2",),
            "replicas": {"web": "1"},
            "commonLabels": {"a": "b"},
            "commonAnnotations": {"c": "$ARGOCD_APP_NAME"},
            "commonAnnotationsEnvsubst": "true",
            "patches": PATCHES,
            "components": ("../components/one",),
            **FORCED,
        },
        [
            _edit("set", "nameprefix", "--", "a-"),
            _edit("set", "namesuffix", "--", "-b"),
            _edit("set", "image", "nginx:2"),
            _edit("set", "replicas", "web=1"),
            _edit("add", "label", "--force", "a:b"),
            _edit("add", "annotation", "--force", "c:test-app"),
            _edit("set", "namespace", "--", "web"),
            _patched,
            _edit("add", "component", "../components/one"),
        ],
    ),
}
OWN = "path: patch.yaml, target: {kind: StatefulSet}"
KUSTOMIZATIONS = {
    "plain": KUSTOMIZATION,
    "patched": f"# kept\npatches:\n- {{{OWN}}}\n\n{KUSTOMIZATION}",
    "no-newline": f"patches: [{{{OWN}}}]\n{KUSTOMIZATION[:-1]}",
}


@pytest.mark.parametrize("kustomization", KUSTOMIZATIONS.values(), ids=KUSTOMIZATIONS)
@pytest.mark.parametrize(("parameters", "by_hand"), OPTIONS.values(), ids=OPTIONS)
def test_the_result_is_that_of_the_same_edits(
    tmp_path: Path, kustomization: str, parameters: dict[str, Any], by_hand: list[Edit]
) -> None:
    files = {"app/patch.yaml": PATCH_FILE}
    ours = repository(tmp_path / "ours", kustomization, files)
    theirs = repository(tmp_path / "theirs", kustomization, files)
    for edit in by_hand:
        edit(theirs / "app")

    output = render(job(ours, parameters))

    assert output.decode() == kustomize(theirs, "build", str(theirs / "app"))


def test_every_option_of_the_table_is_rendered_with() -> None:
    used = {f"kustomize.{name}" for parameters, _ in OPTIONS.values() for name in parameters}
    assert {option.name for option in TABLE} - used == {
        "kustomize.kubeVersion",
        "kustomize.apiVersions",
    }


def test_no_more_processes_than_argo_cd_starts(tmp_path: Path) -> None:
    """One for each kind of edit, with the chosen images in that of the images, and the build."""
    parameters, by_hand = OPTIONS["everything"]
    log = tmp_path / "log"
    root = repository(tmp_path, files={"app/patch.yaml": PATCH_FILE})
    env = {"PATH": spy(tmp_path / "bin", log)}

    render(job(root, parameters, choice("registry.test/web", "9"), env=env))

    started = log.read_text().splitlines()
    edits_by_hand = len([edit for edit in by_hand if edit is not _patched])
    assert len(started) == edits_by_hand + len(["build"])
    assert "kustomize edit set image nginx:2 registry.test/web=*:9" in started


@pytest.mark.parametrize(
    ("options", "chosen", "merged"),
    [
        pytest.param(["a:1", "b:1"], ("a=*:2",), ["b:1", "a=*:2"], id="chosen-wins"),
        pytest.param(["a=m/a:1"], ("a=*:2",), ["a=m/a:2"], id="new-name-stays"),
        pytest.param(["a=*:1"], ("a=*:2",), ["a=*:2"], id="no-new-name"),
        pytest.param(["a=m/a:1"], ("a=r/a:2",), ["a=r/a:2"], id="both-have-a-new-name"),
        pytest.param(
            ["r.test:5000/a@sha256:1"],
            ("r.test:5000/a=*:2",),
            ["r.test:5000/a=*:2"],
            id="port-and-digest",
        ),
        pytest.param(["r.test:5000/a:1"], ("r.test=*:2",), ["r.test:5000/a:1", "r.test=*:2"]),
        pytest.param(["a:1", "a:2"], (), ["a:1", "a:2"], id="kustomize-takes-the-last"),
    ],
)
def test_chosen_images_and_those_of_options(
    options: list[str], chosen: tuple[str, ...], merged: list[str]
) -> None:
    assert merged_images(options, chosen) == merged


def test_a_chosen_image_is_rendered_over_one_of_the_same_name(tmp_path: Path) -> None:
    root = repository(tmp_path)
    asked = job(root, {"images": ("registry.test/web=mirror.test/web:1",)})

    (stateful_set,) = [
        document
        for document in rendered(asked._replace(choices=(choice("registry.test/web", "2"),)))
        if document["kind"] == "StatefulSet"
    ]

    (container,) = stateful_set["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "mirror.test/web:2"


def test_two_chosen_images_of_one_name_are_refused(tmp_path: Path) -> None:
    chosen = (choice("nginx", "1", "one"), choice("other", "2", "two", kustomize_name="nginx"))

    with pytest.raises(InvalidSource, match="images one and two both set nginx; give each its own"):
        render(job(repository(tmp_path), {}, *chosen))


def test_a_persons_checkout_stays_as_it_is(tmp_path: Path) -> None:
    root = repository(tmp_path)
    checkout = tmp_path / "checkout"
    root.rename(checkout)
    before = {file: file.read_bytes() for file in checkout.rglob("*") if file.is_file()}
    parameters = {**OPTIONS["everything"][0], "patches": "[{patch: '[]', target: {kind: X}}]"}

    found = rendered(job(checkout, parameters))

    assert {document["metadata"]["namespace"] for document in found} == {"web"}
    assert {file: file.read_bytes() for file in checkout.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize("component", ["../../outside", "../link", "../lin*", "link/one"])
def test_components_stay_in_the_repository(tmp_path: Path, component: str) -> None:
    root = repository(tmp_path)
    outside = root.parent / "outside"
    (outside / "one").mkdir(parents=True)
    (outside / "one" / "kustomization.yaml").write_text(COMPONENT % "outside")
    (root / "link").symlink_to(outside)
    (root / "app" / "link").symlink_to(outside)
    parameters: dict[str, Any] = {"components": (component,)}

    with pytest.raises(InvalidSource, match="leads out of the repository"):
        render(job(root, parameters))

    parameters["ignoreMissingComponents"] = "true"
    assert render(job(root, parameters)) == render(job(root))


def test_a_kustomization_that_is_a_link_out_of_the_repository_is_not_written_to(
    tmp_path: Path,
) -> None:
    root = repository(tmp_path)
    outside = tmp_path / "outside.yaml"
    outside.write_text(KUSTOMIZATION)
    (root / "app" / "kustomization.yaml").unlink()
    (root / "app" / "kustomization.yaml").symlink_to(outside)

    with pytest.raises(InvalidSource, match="leads out of the repository"):
        render(job(root, {"namePrefix": "a-"}))

    assert outside.read_text() == KUSTOMIZATION
