"""YAML of every style: an edit changes one scalar and no other byte, and reads back."""

import re
from itertools import count
from typing import Any, NamedTuple

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cmp.compose import compose
from cmp.core.value_path import Step, found_value, value_change
from cmp.writeback.changed import changed

_VALUES = st.sampled_from(
    [
        "v2",
        "1.10",
        "1e3",
        "on",
        "2026-01-31",
        "app:v2",
        f"r.test:5000/app:v2@sha256:{'1' * 64}",
        "é\t'\"",
    ]
) | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,9}", fullmatch=True)
_NAMES = st.sampled_from(["image", "k-1", "K_2", "tag"])
_PLAIN = ["v1", "1.9", "~", "true", "!!str v1", "&t v1", "!!str &t 'v1'", "it is", "v1:x"]
_QUOTED = ["'v1'", '"v1"', "''", '"\\x76\\u00e9"', "'it''s'"]
# Beside what changes; their names are no others'.
_BLOCK = [
    "",
    "# a comment: é",
    "s1: x # why",
    "s2: {a: 1, b: [2, '3']}",
    "s3: |\n  text: x\n\n  more",
    "s4: >-\n  folded\n",
    "s5: &anchor [1.10, on]",
    "s6:",
    '"s 7": "é😀" ',
    "s8:\n- a\n-  b: 1\n   c: 2",
    "? s9\n: 'x\n\n  y'",
    "s10: *root",
]
_FLOW = ["f1: x", "f2: [1, 'two']", '"f3": {a: b}', "f4: *root", "f5: &f 1.10", "f6: "]


class Document(NamedTuple):
    """A text with one scalar that is known."""

    before: str
    scalar: str
    after: str
    path: tuple[Step, ...]

    @property
    def text(self) -> str:
        return self.before + self.scalar + self.after


@st.composite
def documents(draw: st.DrawFn) -> Document:
    path: list[Step] = []
    lines = _block(draw, path, draw(st.integers(0, 3)))
    newline = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    start = draw(st.sampled_from(["", "# first\n\n", "--- # x\n", "%YAML 1.1\n---\n"]))
    ends = "\n" if re.match(r".*: \0?[|>]", lines[-1]) else ""  # such a text may need it
    end = draw(
        st.sampled_from([ends, "\n", "\n\n# last\n", "\n...\n", "\n---\nimage: {tag: v1}\n"])
    )
    text = start + "root: &root v0\n" + "\n".join(lines) + end
    numbers = count()  # PyYAML takes an anchor once only
    text = re.sub(r"&[aft]\w*", lambda anchor: f"{anchor[0]}{next(numbers)}", text)
    mark = draw(st.sampled_from(["", "", "\ufeff"]))
    before, scalar, after = (mark + text).replace("\n", newline).split("\0")
    return Document(before, scalar, after, tuple(path))


def _block(draw: st.DrawFn, path: list[Step], depth: int) -> list[str]:
    beside = draw(st.lists(st.sampled_from(_BLOCK), max_size=4, unique=True))
    cut = draw(st.integers(0, len(beside)))
    name = draw(_NAMES)
    path.append(name)
    kind = draw(st.sampled_from(["nested", "list", "flow"])) if depth else "scalar"
    if kind == "nested":
        own = [f"{name}:", *_indented(_block(draw, path, depth - 1))]
    elif kind == "list":
        before = draw(st.integers(0, 2))
        path.append(before)
        first, *others = _block(draw, path, depth - 1)
        item = (
            [f"-   {first}", *_indented(others, 4)]
            if _is_field(first)
            else ["-", *_indented([first, *others])]
        )
        own = [f"{name}:", *["- x"] * before, *item, *draw(st.sampled_from([[], ["- y: z"]]))]
    elif kind == "flow":
        own = [f"{name}: {_flow(draw, path, depth - 1)}{draw(st.sampled_from(['', ' # c']))}"]
    else:
        scalar = draw(
            st.sampled_from(
                [*_PLAIN, *_QUOTED, '"v\\\n   1"', "v\n  1", "", "|-\n  v1", ">\n  v1", "*root"]
            )
        )
        # What is nothing needs a space of its own.
        own = [f"{name}: \0{scalar}\0" if scalar else f"{name}:\0\0"]
        if scalar.startswith(("|", ">")):
            return [*beside, *own]
        own[0] += draw(st.sampled_from(["", "  # why: x"]))
    return [*beside[:cut], *own, *beside[cut:]]


def _flow(draw: st.DrawFn, path: list[Step], depth: int) -> str:
    beside = draw(st.lists(st.sampled_from(_FLOW), max_size=2, unique=True))
    if depth:
        if draw(st.booleans()):
            path.append(1)
            return f"[x, {_flow(draw, path, depth - 1)}]"
        name = draw(_NAMES)
        path.append(name)
        own = f"{name}: {_flow(draw, path, depth - 1)}"
    else:
        name = draw(_NAMES)
        path.append(name)
        own = f"{name}: \0{draw(st.sampled_from([*_PLAIN[:-1], *_QUOTED]))}\0"
    separator = draw(st.sampled_from([", ", ",\n   ", " ,"]))
    end = draw(st.sampled_from(["", ",", "\n  "]))
    return f"{{{separator.join([*beside, own])}{end}}}"


def _is_field(line: str) -> bool:
    return bool(line) and "\n" not in line and not line.startswith(("#", "?"))


def _indented(lines: list[str], by: int = 2) -> list[str]:
    indent = " " * by
    return [f"{indent}{line}".replace("\n", f"\n{indent}") for line in lines]


def _first(text: str) -> Any:
    """Return the first document with every scalar as text: another parser than ours."""
    return next(yaml.load_all(text.removeprefix("\ufeff"), yaml.BaseLoader))


def _put(value: Any, path: tuple[Step, ...], new: str) -> Any:
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return [*value[:step], _put(value[step], rest, new), *value[step + 1 :]]
    return {**value, step: _put(value.get(step, {}), rest, new)}


@settings(max_examples=400, deadline=None)
@given(document=documents(), value=_VALUES)
def test_one_scalar_changes_and_no_other_byte(document: Document, value: str) -> None:
    change = value_change(document.path, value)
    found = changed(document.text, lambda _: change)

    assert found.startswith(document.before)
    assert found.endswith(document.after)
    assert _first(found) == _put(_first(document.text), document.path, value)
    found_there = found_value(compose(found.removeprefix("\ufeff")), document.path)
    assert found_there == (document.path, value)
    assert changed(found, lambda _: change) == found


@settings(max_examples=400, deadline=None)
@given(document=documents(), value=_VALUES, depth=st.integers(1, 3))
def test_what_is_added_leaves_every_byte(document: Document, value: str, depth: int) -> None:
    path = (*document.path[:-1], *["new"] * depth)
    found = changed(document.text, lambda _: value_change(path, value))

    added = len(found) - len(document.text)
    assert any(
        found[:cut] + found[cut + added :] == document.text for cut in range(len(document.text) + 1)
    )
    assert _first(found) == _put(_first(document.text), path, value)
    assert changed(found, lambda _: value_change(path, value)) == found
