"""YAML as its author wrote it: where each part stands, and aliases as aliases.

PyYAML's own nodes have an alias replaced by what it stands for. Merges and equal keys are read
as Argo CD's parser reads them (go.yaml.in/yaml/v2, decode.go).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MERGE_TAG = "tag:yaml.org,2002:merge"


class Scalar(NamedTuple):
    """Text, a number, a truth value or null."""

    value: str
    start: int
    """Where it begins in the text, its anchor and tag included."""
    end: int
    style: str
    """Of its quotes: ``'``, ``"``, ``|`` or ``>``; empty without."""
    tag: str = ""
    """The one that is written, or none."""
    anchor: str = ""


class Sequence(NamedTuple):
    """A list."""

    items: list[Node]
    is_flow: bool
    """Written in brackets."""
    span: list[int]
    """Where it begins and, once it is whole, ends; the latter means something in brackets only."""


class Mapping(NamedTuple):
    """A mapping, in the order in which it is written."""

    pairs: list[tuple[Node, Node]]
    is_flow: bool
    span: list[int]
    """Both as of a list."""


class Alias(NamedTuple):
    """``*name``: what the anchor of that name stands before."""

    name: str
    target: Scalar | Sequence | Mapping
    start: int
    end: int


Node = Scalar | Sequence | Mapping | Alias


def resolved(node: Node) -> Scalar | Sequence | Mapping:
    """Return what an alias stands for, and any other node as it is."""
    return node.target if isinstance(node, Alias) else node


def is_null(node: Node) -> bool:
    """Tell whether nothing is written there, or null."""
    node = resolved(node)
    return (
        isinstance(node, Scalar)
        and not node.style
        and not node.tag
        and node.value in {"", "~", "null", "Null", "NULL"}
    )


def is_merge(key: Node) -> bool:
    """Tell whether a key is ``<<``."""
    return (
        isinstance(key, Scalar)
        and key.value == "<<"
        and (key.tag == MERGE_TAG or (not key.style and not key.tag))
    )


def merged(node: Node) -> Iterator[Scalar | Sequence | Mapping]:
    """Yield what a merge brings in, mappings as a rule: of equal keys, the last of them wins."""
    # A list has to stand there itself; an alias of one is no mapping.
    for one in reversed(node.items) if isinstance(node, Sequence) else (node,):
        yield resolved(one)


def fields(mapping: Mapping, known: dict[int, dict[str, Node]] | None = None) -> dict[str, Node]:
    """Return the values by key, as the parser leaves them: the last of equal keys wins.

    What is merged wins over the keys before it too. ``known`` is what was merged already.
    """
    known = {} if known is None else known
    if id(mapping) in known:
        return known[id(mapping)]
    found = known[id(mapping)] = {}
    for key, value in mapping.pairs:
        if is_merge(key):
            for one in merged(value):
                found |= fields(one, known) if isinstance(one, Mapping) else {}
        else:
            name = resolved(key)
            if isinstance(name, Scalar):
                found[name.value] = value
    return found


def field(node: Node | None, name: str) -> Node | None:
    """Return the value of a key; None where there is none, or no mapping."""
    mapping = resolved(node) if node is not None else None
    return fields(mapping).get(name) if isinstance(mapping, Mapping) else None


def items(node: Node | None) -> list[Node]:
    """Return the items of a list, or none."""
    sequence = resolved(node) if node is not None else None
    return sequence.items if isinstance(sequence, Sequence) else []
