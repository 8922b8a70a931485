"""Other text for single scalars of a YAML document; every other byte stays."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.flow import flow, word
from cmp.core.yaml_tree import Alias, Mapping, Scalar, Sequence, fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cmp.core.yaml_tree import Node

# What may stand before a scalar and belongs to it: an anchor and a tag.
_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s+(?:#[^\n]*\n\s*)*))*")
_BLOCKS = ("|", ">")
_MANY = 10**9
"""More than anybody counts."""


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
        return Edit(node.start, node.end, word(value))
    has_properties = node.anchor or node.tag
    found = _PROPERTIES.match(text, node.start, node.end) if has_properties else None
    start = found.end() if found else node.start
    if node.style in _BLOCKS:
        written = text[start : node.end]
        return Edit(start, node.end, word(value) + written[len(written.rstrip()) :])
    return Edit(start, node.end, _quoted(value, node.style) if node.style else word(value))


def _quoted(value: str, style: str) -> str:
    is_single = style == "'" and value.isprintable()
    return "'{}'".format(value.replace("'", "''")) if is_single else flow(value)


def written_out(alias: Alias, scalar: Scalar) -> Edit:
    """Return the edit that has an alias show what ``scalar`` is now, whatever becomes of it."""
    return Edit(alias.start, alias.end, flow(scalar.value))


def aliases(root: Node) -> Iterator[Alias]:
    """Yield every alias, of keys too."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Alias):
            yield node
        elif isinstance(node, Sequence):
            waiting += node.items
        elif isinstance(node, Mapping):
            waiting += (one for pair in node.pairs for one in pair)


def occurrences(root: Node) -> dict[int, int]:
    """Return how often each node stands there once aliases and merges are written out.

    By the node's `id`. An alias of a single scalar counts for itself, not for the scalar.
    """
    inner = {id(node): (node, children) for node, children in _inner(root)}
    counts = dict.fromkeys(inner, 0) | {id(root): 1}
    for key, (_, children) in reversed(inner.items()):  # each after all that it stands in
        for child in children:
            counts[id(child)] = min(counts[id(child)] + counts[key], _MANY)
    return counts


def _inner(root: Node) -> Iterator[tuple[Node, list[Node]]]:
    """Yield every node with what stands in it, once, and after all of that."""
    begun: set[int] = set()
    waiting: list[tuple[Node, list[Node] | None]] = [(root, None)]
    while waiting:
        node, children = waiting.pop()
        if children is not None:
            yield node, children
        elif id(node) not in begun:
            begun.add(id(node))
            children = _children(node)
            waiting.append((node, children))
            waiting += [(child, None) for child in children]


def _children(node: Node) -> list[Node]:
    if isinstance(node, Alias):
        return [] if isinstance(node.target, Scalar) else [node.target]
    if isinstance(node, Sequence):
        return node.items
    return [] if isinstance(node, Scalar) else list(fields(node).values())
