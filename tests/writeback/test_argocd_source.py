"""What Argo CD merges into a source: the guide's file, and one that others write too."""

import pytest

from cmp.core.injection import Choice
from cmp.errors import InvalidInput
from tests.support.targets import IMAGE, choice, written
from tests.support.values import DIGEST

NAMED = choice(helm_image_name="frontend.image.repository", helm_image_tag="frontend.image.tag")
NEW = f"""\
helm:
  parameters:
  - name: frontend.image.repository
    value: {IMAGE}
    forcestring: true
  - name: frontend.image.tag
    value: v2
    forcestring: true
"""


def test_a_new_file_is_that_of_the_guide() -> None:
    assert written(None, [NAMED]) == NEW


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(NEW.replace("v2", '"v1" # mine'), NEW.replace("v2", '"v2" # mine'), id="tag"),
        pytest.param(NEW.replace("forcestring", "forceString"), None, id="as-argo-cd-spells-it"),
        pytest.param(NEW.replace("true", "'true'"), NEW, id="no-truth-value"),
        pytest.param(
            NEW.replace("    forcestring: true\n", "", 1),
            NEW.replace(f"{IMAGE}\n", f"{IMAGE}\n", 1),
            id="not-forced",
        ),
        pytest.param("", NEW, id="empty"),
        pytest.param("# why\n", f"# why\n{NEW}", id="comment"),
        pytest.param("helm:\n", NEW, id="section-empty"),
        pytest.param("helm:\n  parameters:\n", NEW, id="list-empty"),
        pytest.param(
            "kustomize:\n  images: [a]\n", f"kustomize:\n  images: [a]\n{NEW}", id="other-section"
        ),
        pytest.param(
            "helm:\n  valueFiles: [x]\n  parameters:\n    - {name: z, value: '1'}\n  version: v3\n",
            "helm:\n  valueFiles: [x]\n  parameters:\n    - {name: z, value: '1'}\n"
            + "".join(f"  {line}\n" for line in NEW.splitlines()[2:])
            + "  version: v3\n",
            id="foreign",
        ),
        pytest.param(
            "helm: {parameters: []}\n",
            "helm: {parameters: [{name: frontend.image.repository, value: registry.test/team/app, "
            "forcestring: true}, {name: frontend.image.tag, value: v2, forcestring: true}]}\n",
            id="brackets",
        ),
    ],
)
def test_what_a_file_has_stays(before: str, after: str | None) -> None:
    assert written(before, [NAMED]) == (before if after is None else after)


@pytest.mark.parametrize(
    ("before", "choices", "after"),
    [
        pytest.param(None, [choice()], [f"{IMAGE}:v2"], id="new"),
        pytest.param(None, [choice(digest=DIGEST)], [f'"{IMAGE}:v2@{DIGEST}"'], id="digest"),
        pytest.param(
            None, [choice(kustomize_image_name="app")], [f"app={IMAGE}:v2"], id="name-in-manifests"
        ),
        pytest.param([f"{IMAGE}:v1", "b:1"], [choice()], [f"{IMAGE}:v2", "b:1"], id="known"),
        pytest.param([f"{IMAGE}@{DIGEST}"], [choice()], [f"{IMAGE}:v2"], id="tag-for-digest"),
        pytest.param(
            ["docker.io/library/nginx:1"], [choice(image="nginx")], ["nginx:v2"], id="spelling"
        ),
        pytest.param(
            [f"app={IMAGE}:v1", f"other={IMAGE}:v1"],
            [choice(kustomize_image_name="other")],
            [f"app={IMAGE}:v1", f"other={IMAGE}:v2"],
            id="two-names-of-one-image",
        ),
        pytest.param(
            [f"{IMAGE}:v1"], [choice(kustomize_image_name="app")], [f"app={IMAGE}:v2"], id="renamed"
        ),
    ],
)
def test_the_images_of_a_kustomization(
    before: list[str] | None, choices: list[Choice], after: list[str]
) -> None:
    def file(images: list[str]) -> str:
        return "kustomize:\n  images:\n" + "".join(f"  - {image}\n" for image in images)

    found = written(file(before) if before else None, choices, source="kustomize")
    assert found.replace('"', "") == file(after).replace('"', "")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("helm: x\n", "helm: it is a value", id="section"),
        pytest.param("helm: {parameters: {a: b}}\n", "helm.parameters: it is no list", id="list"),
        pytest.param("a: [\n", "not YAML", id="not-yaml"),
    ],
)
def test_a_file_that_cannot_be_edited_is_not_overwritten(text: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        written(text, [NAMED])
