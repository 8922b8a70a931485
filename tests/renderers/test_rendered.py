import pytest

from cmp.renderers.rendered import holds_object


@pytest.mark.parametrize(
    ("output", "holds"),
    [
        pytest.param("", False, id="nothing"),
        pytest.param("---\n# a comment\n---\nnull\n--- # another\n", False, id="empty-documents"),
        pytest.param("{}\n", False, id="empty-mapping"),
        pytest.param("kind: List\nitems: []\n", False, id="empty-list"),
        pytest.param("a: &a []\nitems: *a\n", False, id="empty-list-by-alias"),
        pytest.param("kind: PodList\nitems:\n- {}\n", False, id="list-of-nothing"),
        pytest.param("kind: List\nitems:\n- kind: X\n", True, id="list"),
        pytest.param('---\n{"kind": "X"}\n', True, id="json"),
        pytest.param("---\n---\na: !own b\n", True, id="own-tag"),
        pytest.param("kind: X\nitems: a\n", True, id="items-that-are-none"),
    ],
)
def test_whether_anything_was_rendered(output: str, holds: bool) -> None:  # noqa: FBT001 - a table
    assert holds_object(output.encode()) is holds
