import pytest

from cmp.core.lock import Locked, parse_lock
from cmp.core.parameters import Value
from cmp.errors import InvalidPolicy
from tests.support.values import DIGEST


@pytest.mark.parametrize(
    ("text", "locked"),
    [
        pytest.param("1.27", Locked("1.27", ""), id="tag"),
        pytest.param(f"1.27@{DIGEST}", Locked("1.27", DIGEST), id="tag-and-digest"),
        pytest.param(f"@{DIGEST}", Locked("", DIGEST), id="digest"),
        pytest.param("_a-B.1", Locked("_a-B.1", ""), id="any-tag"),
    ],
)
def test_reads(text: str, locked: Locked) -> None:
    assert parse_lock({"app": text, "other": "v1"}) == {"app": locked, "other": Locked("v1", "")}


def test_an_empty_map_locks_nothing() -> None:
    assert parse_lock({}) == {}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("", "not a tag: ''", id="empty"),
        pytest.param("@", "not a digest: ''", id="nothing-around-the-at"),
        pytest.param("v1@", "not a digest: ''", id="digest-empty"),
        pytest.param(":v1", "not a tag: ':v1'", id="colon"),
        pytest.param("app:v1", "not a tag: 'app:v1'", id="image"),
        pytest.param(" v1", "not a tag: ' v1'", id="space"),
        pytest.param("v1\n", "not a tag: 'v1\\n'", id="newline"),
        pytest.param(f"a b@{DIGEST}", "not a tag: 'a b'", id="tag-before-digest"),
        pytest.param("v1@latest", "not a digest: 'latest'", id="digest"),
        pytest.param(DIGEST, f"not a tag: {DIGEST!r}", id="digest-without-at"),
    ],
)
def test_refuses_and_says_which_alias(text: str, complaint: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        parse_lock({"other": "v1", "app": text})

    assert str(caught.value) == f"image-lock: app: {complaint}"


@pytest.mark.parametrize(
    "value", [pytest.param("app=v1", id="string"), pytest.param(("app=v1",), id="array")]
)
def test_refuses_what_is_no_map(value: Value) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        parse_lock(value)

    assert str(caught.value) == "parameter image-lock: give it as map, of alias to tag"
