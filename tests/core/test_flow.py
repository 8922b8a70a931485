"""Words without quotes: every parser has to read them as text."""

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cmp.core.flow import word
from tests.support.oracle import Oracle

_WORDS = st.from_regex(r"[A-Za-z0-9_@./:+=-]{1,12}", fullmatch=True) | st.from_regex(
    r"[0-9][0-9_.:eExob+-]{0,8}|[yYnNoOtTfF][a-zA-Z]{0,4}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}",
    fullmatch=True,
)


@pytest.mark.tools
@settings(max_examples=150, deadline=None)
@given(words=st.lists(_WORDS, min_size=1, max_size=9))
def test_a_word_is_the_same_text_to_both_parsers(oracle: Oracle, words: list[str]) -> None:
    lines = [f"  k{number}: {word(one)}\n" for number, one in enumerate(words)]
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{''.join(lines)}"

    ((objects, error),) = oracle.directory([text])

    assert not error
    for read in (json.loads(objects[0]), yaml.safe_load(text)):
        assert list(read["data"].values()) == words


@pytest.mark.parametrize(
    "text", ["v1", "1.2.3", "6.0.9-alpine", "r.test:5000/a/b:v1", "a=b:1", "2026-01"]
)
def test_what_needs_no_quotes_has_none(text: str) -> None:
    assert word(text) == text
