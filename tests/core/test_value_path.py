"""Paths of Helm values, and which value one means."""

import pytest

from cmp.compose import compose
from cmp.core.value_path import found_value, parse_value_path
from cmp.errors import InvalidPolicy


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        pytest.param("image", ("image",), id="one"),
        pytest.param("a.b-c.d_e", ("a", "b-c", "d_e"), id="nested"),
        pytest.param("a[0].b", ("a", 0, "b"), id="item"),
        pytest.param("a[12][0]", ("a", 12, 0), id="item-of-item"),
        pytest.param(r"a\.b.c", ("a.b", "c"), id="backslash"),
        pytest.param('a["x.y"].c', ("a", "x.y", "c"), id="quotes"),
        pytest.param("['x.y'].c", ("x.y", "c"), id="quotes-first"),
    ],
)
def test_what_is_a_path(text: str, steps: tuple[str | int, ...]) -> None:
    assert parse_value_path(text) == steps


@pytest.mark.parametrize(
    ("text", "at"),
    [
        pytest.param("a..b", 2, id="no-name"),
        pytest.param(".a", 0, id="dot-first"),
        pytest.param("a.", 2, id="dot-last"),
        pytest.param("a[-1]", 1, id="negative"),
        pytest.param("a[b]", 1, id="no-number"),
        pytest.param("a[0", 1, id="open"),
        pytest.param("a]b", 1, id="closed"),
        pytest.param("[0].a", 0, id="no-list-at-the-top"),
        pytest.param("a[0]b", 4, id="no-dot"),
        pytest.param("a\\", 1, id="backslash-last"),
    ],
)
def test_what_is_none_and_where(text: str, at: int) -> None:
    with pytest.raises(InvalidPolicy, match="not a path") as caught:
        parse_value_path(text)

    assert caught.value.mark
    assert caught.value.mark[1] == at


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        pytest.param("a: {b: {c: v}}", ("a", "b", "c"), id="nested"),
        pytest.param("a.b.c: v", ("a.b.c",), id="literal"),
        pytest.param("'a.b.c': v", ("a.b.c",), id="literal-in-quotes"),
        pytest.param("a: {b.c: v}", ("a", "b.c"), id="literal-below"),
        pytest.param("a.b: {c: v}", ("a.b", "c"), id="literal-above"),
        pytest.param("{a.b.c: x, a: {b: {c: v}}}", ("a", "b", "c"), id="nested-wins"),
        pytest.param("{a.b.c: v, a: {b: {}}}", ("a.b.c",), id="nested-is-not-there"),
        pytest.param("{a.b.c: v, a: {b: {c: [x]}}}", ("a.b.c",), id="nested-is-no-value"),
        pytest.param("{x: &x {c: v}, a: {b: *x}}", ("a", "b", "c"), id="alias"),
        pytest.param("{x: &x {b: {c: v}}, a: {<<: *x}}", ("a", "b", "c"), id="merge"),
        pytest.param("a: {b: x}", None, id="too-short"),
        pytest.param("a: [b]", None, id="list"),
        pytest.param("# empty", None, id="empty"),
    ],
)
def test_which_value_is_meant(text: str, steps: tuple[str, ...] | None) -> None:
    found = found_value(compose(text), ("a", "b", "c"))

    assert found == ((steps, "v") if steps else None)


def test_ways_that_meet_again_are_gone_once() -> None:
    levels = [f"l{n}: &l{n} {{a: *l{n + 1}, a.a: *l{n + 1}}}" for n in reversed(range(60))]
    text = "\n".join(["l60: &l60 {}", *levels, "a: *l0"])

    assert found_value(compose(text), ("a",) * 58) is None
