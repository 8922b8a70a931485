"""Splicing patches into a kustomization, in every form that one may have."""

from typing import Any

import pytest
import yaml

from cmp.errors import RenderRefused
from cmp.renderers.kustomize_patches import with_patches

NEW: list[dict[str, Any]] = [{"path": "new.yaml"}, {"patch": "- a: 'b'\n", "target": {"kind": "X"}}]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("resources: [a]\n", id="none"),
        pytest.param("resources: [a]", id="no-newline"),
        pytest.param("resources:\n- a\n# end\n", id="comment-at-the-end"),
        pytest.param("---\nresources:\n- a\n...\n", id="document-end"),
        pytest.param("  resources:\n  - a\n", id="indented"),
        pytest.param("{resources: [a]}\n", id="flow"),
        pytest.param("{resources: [a],}\n", id="flow-with-comma"),
        pytest.param("{}\n", id="flow-empty"),
        pytest.param("patches:\n- path: old\nresources:\n- a\n", id="block"),
        pytest.param("patches:\n  - path: old\n  # c\n\n# d\nresources:\n- a\n", id="block-deeper"),
        pytest.param("resources: [a]\npatches:\n- path: old", id="block-no-newline"),
        pytest.param("patches:\n- patch: |-\n    x\n    y\n  target: {kind: Y}\n", id="block-text"),
        pytest.param("patches:\n- patch: |+\n    x\n\n\nresources: [a]\n", id="block-text-kept"),
        pytest.param("patches: []\nresources: [a]\n", id="flow-list-empty"),
        pytest.param("patches: [{path: old}]\n", id="flow-list"),
        pytest.param("patches: [\n  {path: old},\n]\nresources: [a]\n", id="flow-list-with-comma"),
        pytest.param("patches: [\n  {path: old}, # a, b\n]\n", id="flow-list-with-comment"),
        pytest.param("patches: [{path: old}]\npatches: [{path: last}]\n", id="twice"),
        pytest.param("patches: &p\n- path: old\nx: [*p]\n", id="anchor"),
        pytest.param("resources: [a]\r\npatches:\r\n- path: old\r\n", id="crlf"),
        pytest.param("# é\nnamePrefix: é\npatches:\n- path: é\n", id="not-ascii"),
    ],
)
def test_patches_go_behind_those_that_are_there(text: str) -> None:
    before = yaml.safe_load(text)

    after = yaml.safe_load(with_patches(text, NEW))

    assert after["patches"] == before.get("patches", []) + NEW
    assert {**after, "patches": None} == {**before, "patches": None} or "x" in before


def test_the_first_document_is_the_kustomization() -> None:
    written = with_patches("namePrefix: a\n---\nnamePrefix: b\n", NEW)

    assert list(yaml.safe_load_all(written)) == [
        {"namePrefix": "a", "patches": NEW},
        {"namePrefix": "b"},
    ]


def test_all_else_stays_as_it_is_written() -> None:
    text = "# why\npatches: # these\n- path: old # one\nresources:   [ a ]\n"

    written = with_patches(text, [{"path": "new"}])

    assert written == text.replace("# one\n", '# one\n- {"path": "new"}\n')


@pytest.mark.parametrize(
    "value", ["\U0001f600", "\\ud83d\\ude00", "é\u2028\t\x85", '"\\', "1:30", "on"]
)
def test_every_text_arrives_as_it_is(value: str) -> None:
    patches: list[dict[str, Any]] = [{"patch": value}]

    assert yaml.safe_load(with_patches("a: b\n", patches))["patches"] == patches


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("", "no mapping", id="empty"),
        pytest.param("- a\n", "no mapping", id="list"),
        pytest.param("patches:\n", "its patches are no list", id="null"),
        pytest.param("patches: {}\n", "its patches are no list", id="mapping"),
        pytest.param("x: &p [a]\npatches: *p\n", "its patches are no list", id="alias"),
        pytest.param("patches: &p [a]\nx: *p\n", "its patches are no list", id="aliased"),
        pytest.param("<<: {patches: [a]}\n", "a merge key may bring patches", id="merge"),
    ],
)
def test_where_no_patches_can_be_added(text: str, complaint: str) -> None:
    with pytest.raises(RenderRefused, match=complaint):
        with_patches(text, NEW)
