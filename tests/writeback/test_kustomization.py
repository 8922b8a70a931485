"""The images of a kustomization: as kustomize sets them, and every other byte stays."""

import subprocess
from pathlib import Path

import pytest
import yaml

from cmp.core.injection import Choice, kustomize_image
from cmp.errors import InvalidInput
from tests.support.targets import IMAGE, choice, written
from tests.support.values import DIGEST, OTHER_DIGEST

ENTRY = f"images:\n- name: {IMAGE}\n"
DIGEST_ONLY = choice(digest=DIGEST, _digest="digest-only")


def set_in(text: str, *choices: Choice) -> str:
    return written(text, choices, target="kustomization")


CASES = [
    pytest.param(
        "# c\nresources: []\n", choice(), f"# c\nresources: []\n{ENTRY}  newTag: v2\n", id="none"
    ),
    pytest.param(f"{ENTRY}  newTag: v1 # c\n", choice(), f"{ENTRY}  newTag: v2 # c\n", id="tag"),
    pytest.param(
        f"{ENTRY}  newTag: v1\n", choice(tag="1.10"), f'{ENTRY}  newTag: "1.10"\n', id="text"
    ),
    pytest.param(
        f"{ENTRY}  newName: x\n  newTag: v1\n",
        choice(),
        f"{ENTRY}  newName: x\n  newTag: v2\n",
        id="name-stays",
    ),
    pytest.param(
        "images:\n  - name: app\n    newName: x\n\n  - name: b\n",
        choice(kustomize_image_name="app"),
        f"images:\n  - name: app\n    newName: {IMAGE}\n    newTag: v2\n\n  - name: b\n",
        id="name-in-manifests",
    ),
    pytest.param(
        f"images:\n- digest: {OTHER_DIGEST}\n  name: {IMAGE}\n",
        choice(),
        f"images:\n- newTag: v2\n  name: {IMAGE}\n",
        id="tag-for-digest",
    ),
    pytest.param(
        f"{ENTRY}  newTag: v1\n", DIGEST_ONLY, f"{ENTRY}  digest: {DIGEST}\n", id="digest-for-tag"
    ),
    pytest.param(
        f"{ENTRY}  digest: {OTHER_DIGEST}\n  newTag: v1\n",
        choice(),
        f"{ENTRY}  newTag: v2\n",
        id="digest-goes",
    ),
    pytest.param(
        f"images:\n- digest: {OTHER_DIGEST}\n  name: {IMAGE}\n  newTag: v1",
        choice(),
        f"{ENTRY}  newTag: v2",
        id="digest-first-goes",
    ),
    pytest.param(
        f"{ENTRY}  newTag: v1\n  digest: {OTHER_DIGEST}",
        choice(),
        f"{ENTRY}  newTag: v2",
        id="digest-last-goes",
    ),
    pytest.param(
        f"images: [{{name: {IMAGE}, newTag: v1, digest: x}}, {{name: b}}]\n",
        choice(),
        f"images: [{{name: {IMAGE}, newTag: v2}}, {{name: b}}]\n",
        id="brackets",
    ),
    pytest.param(
        f"{ENTRY}  newTag: v1\n",
        choice(digest=DIGEST),
        f"{ENTRY}  newTag: v2\n  digest: {DIGEST}\n",
        id="both",
    ),
    pytest.param(
        f"images:\n- name: a\n  newTag: 'x'\n- &i\n  name: {IMAGE}\nresources: []\n",
        choice(),
        f"images:\n- name: a\n  newTag: 'x'\n- &i\n  name: {IMAGE}\n  newTag: v2\nresources: []\n",
        id="anchor",
    ),
    pytest.param(
        "images: []\r\n", choice("a", "b"), "images: [{name: b, newTag: v2}]\r\n", id="empty-list"
    ),
]


@pytest.mark.parametrize(("before", "image", "after"), CASES)
def test_one_entry_changes(before: str, image: Choice, after: str) -> None:
    assert set_in(before, image) == after


@pytest.mark.tools
@pytest.mark.parametrize(("before", "image", "after"), CASES)
def test_kustomize_would_set_the_same(
    before: str, image: Choice, after: str, kustomize: Path, tmp_path: Path
) -> None:
    file = tmp_path / "kustomization.yaml"
    file.write_text(before)

    subprocess.check_call([kustomize, "edit", "set", "image", kustomize_image(image)], cwd=tmp_path)

    def images(text: str) -> list[dict[str, str]]:
        listed: list[dict[str, str]] = yaml.safe_load(text)["images"]
        return sorted(listed, key=lambda one: one["name"])

    assert images(after) == images(file.read_text())


def test_several_images() -> None:
    found = set_in("images:\n- name: b\n", choice(), choice("b", "b", tag="1"))

    assert found == f'images:\n- name: b\n  newTag: "1"\n- name: {IMAGE}\n  newTag: v2\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("images: {a: b}\n", "images: it is no list", id="no-list"),
        pytest.param("imageTags: []\n", "run kustomize edit fix", id="old"),
        pytest.param("- a\n", "it is no mapping", id="no-mapping"),
        pytest.param(f"{ENTRY}  digest: x # why\n  newTag: v1\n", "move the comment", id="comment"),
        pytest.param(
            f"x: &x\n- name: {IMAGE}\nimages: *x\n", r"images is the alias \*x", id="alias"
        ),
    ],
)
def test_what_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint) as caught:
        set_in(text, choice())

    assert str(caught.value).startswith("deploy/kustomization.yaml: ")


def test_none_is_made() -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        written(None, target="kustomization")
