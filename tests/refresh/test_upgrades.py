"""Which versions render, and whether all is to be rendered anew."""

import json

import pytest

from cmp.index import Acknowledged
from cmp.index.ack_document import dump_ack, load_ack
from cmp.refresh.upgrades import agreed, is_upgrade


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        pytest.param([], "", id="no-mirror"),
        pytest.param(["a"], "a", id="one"),
        pytest.param(["a", "a"], "a", id="all"),
        pytest.param(["a", "b"], "", id="in-the-middle-of-a-rollout"),
        pytest.param(["a", ""], "", id="one-is-older-and-does-not-say"),
        pytest.param(["", ""], "", id="none-says"),
    ],
)
def test_agreed(tools: list[str], expected: str) -> None:
    mirrors = [Acknowledged(f"pod-{n}", "e", 1, 2, text) for n, text in enumerate(tools)]

    assert agreed(mirrors) == expected


@pytest.mark.parametrize(
    ("known", "found", "expected"),
    [
        pytest.param("a", "b", True, id="another"),
        pytest.param("a", "a", False, id="the-same"),
        pytest.param("", "a", False, id="the-first"),
        pytest.param("a", "", False, id="not-agreed"),
    ],
)
def test_is_upgrade(known: str, found: str, *, expected: bool) -> None:
    assert is_upgrade(known, found) == expected


def test_an_older_mirror_says_nothing_of_it() -> None:
    older = {"schema": 1, "epoch": "e", "generation": 7, "readable": 2, "of": "the future"}

    found = load_ack(json.dumps(older).encode(), "pod", where="here")

    assert found == Acknowledged("pod", "e", 7, 2)
    assert load_ack(dump_ack(found), "pod", where="here") == found
