"""Other text for single scalars of a YAML document; every other byte stays."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.flow import flow
from cmp.core.go_scalars import plain_value
from cmp.core.yaml_tree import Alias, Mapping, Scalar, Sequence, fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cmp.core.yaml_tree import Node

# What may stand before a scalar and belongs to it: an anchor and a tag.
_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s+(?:#[^\n]*\n\s*)*))*")
_BLOCKS = ("|", ">")


class Edit(NamedTuple):
    """What goes in place of a part of a text."""

    start: int
    end: int
    text: str


def spliced(text: str, edits: Iterable[Edit]) -> str:
    """Return ``text`` with all edits made; two of one place are the same."""
    parts, position = [], 0
    for edit in sorted(set(edits)):
        parts += [text[position : edit.start], edit.text]
        position = edit.end
    return "".join([*parts, text[position:]])


def replacement(text: str, node: Scalar | Alias, value: str) -> Edit:
    """Return the edit that gives a scalar another value, in the quotes that it has.

    An alias becomes the value itself, and a block a line.
    """
    if isinstance(node, Alias):
        return Edit(node.start, node.end, _plain(value))
    has_properties = node.anchor or node.tag
    found = _PROPERTIES.match(text, node.start, node.end) if has_properties else None
    start = found.end() if found else node.start
    if node.style in _BLOCKS:
        written = text[start : node.end]
        return Edit(start, node.end, _plain(value) + written[len(written.rstrip()) :])
    return Edit(
        start, node.end, f"{node.style}{value}{node.style}" if node.style else _plain(value)
    )


def kept(root: Node, scalar: Scalar, others: Iterable[Node]) -> Iterator[Edit]:
    """Yield edits that keep the value of a scalar where aliases of it stand, but for ``others``."""
    if not scalar.anchor:
        return
    known = {id(node) for node in others}
    for node in nodes(root):
        if isinstance(node, Alias) and node.target is scalar and id(node) not in known:
            yield Edit(node.start, node.end, flow(scalar.value))


def nodes(root: Node) -> Iterator[Node]:
    """Yield every node as it is written, keys too; what aliases stand for but once."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Sequence):
            waiting += node.items
        elif isinstance(node, Mapping):
            waiting += (one for pair in node.pairs for one in pair)


def occurrences(root: Node, node: Node) -> int:
    """Return how often a node stands in the document once aliases and merges are written out."""
    counts: dict[int, int] = {}

    def count(one: Node) -> int:
        if one is node:
            return 1
        if isinstance(one, Alias):
            return 0 if isinstance(one.target, Scalar) else count(one.target)
        if isinstance(one, Scalar):
            return 0
        if id(one) not in counts:
            inner = one.items if isinstance(one, Sequence) else fields(one).values()
            counts[id(one)] = sum(count(child) for child in inner)
        return counts[id(one)]

    return count(root)


def _plain(value: str) -> str:
    """Return ``value`` without quotes, unless it would be no text then."""
    is_text = plain_value(Scalar(value, 0, 0, "")) == value
    return value if is_text else f'"{value}"'
