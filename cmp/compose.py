"""YAML text to the tree of cmp.core.yaml_tree, for rendering and for write-back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from cmp.core.yaml_tree import Alias, Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from cmp.core.yaml_tree import Node

# libyaml, of which Argo CD's parser is a port, where PyYAML was built with it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_DEEPEST = 10_000
"""As in Argo CD's parser (go.yaml.in/yaml/v2, scannerc.go); here it takes long to get there."""


class NotYaml(ValueError):
    """A text that is not YAML: the message is the parser's, on one line."""


def compose(text: str) -> Node | None:
    """Return the tree of the first document in ``text``; None where there is none.

    What comes after it is not looked at, as Argo CD's parser does not. Raises `NotYaml`.
    """
    try:
        return _Tree().build(_readable(text))
    except yaml.YAMLError as error:
        raise NotYaml(" ".join(str(error).split())) from None


def _readable(text: str) -> str:
    """Return ``text`` with another character for byte order marks that do not begin it.

    Argo CD's parser takes such a one for part of a word, ours for none at all.
    """
    if "\ufeff" not in text:
        return text
    return text[:1] + text[1:].replace("\ufeff", "\ue000")


class _Tree:
    """One document while it is built."""

    def __init__(self) -> None:
        self._open: list[tuple[Sequence | Mapping, list[Node]]] = []
        """Collections that have not ended, and the key of each that waits for its value."""
        self._anchors: dict[str, Scalar | Sequence | Mapping] = {}
        self._root: Node | None = None

    def build(self, text: str) -> Node | None:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.ScalarEvent):
                self._add(self._scalar(event))
            elif isinstance(event, yaml.MappingStartEvent):
                self._begin(event, Mapping([], bool(event.flow_style), [_span(event)[0]]))
            elif isinstance(event, yaml.SequenceStartEvent):
                self._begin(event, Sequence([], bool(event.flow_style), [_span(event)[0]]))
            elif isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()[0].span.append(_span(event)[1])
            elif isinstance(event, yaml.AliasEvent):
                self._add(self._alias(event))
            elif isinstance(event, yaml.DocumentEndEvent):
                break
        return self._root

    def _begin(self, event: yaml.CollectionStartEvent, node: Sequence | Mapping) -> None:
        if len(self._open) == _DEEPEST:
            raise NotYaml(f"exceeded max depth of {_DEEPEST}")
        self._add(node)
        self._name(event, node)
        self._open.append((node, []))

    def _name(self, event: yaml.NodeEvent, node: Scalar | Sequence | Mapping) -> None:
        if event.anchor:
            self._anchors[event.anchor] = node

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        style = event.style if event.style and event.style != "\0" else ""
        scalar = Scalar(event.value, *_span(event), style, event.tag or "", event.anchor or "")
        self._name(event, scalar)
        return scalar

    def _alias(self, event: yaml.AliasEvent) -> Alias:
        name = event.anchor or ""
        target = self._anchors.get(name)
        if target is None:
            raise NotYaml(f"unknown anchor '{name}' referenced")
        if any(target is node for node, _ in self._open):
            raise NotYaml(f"anchor '{name}' value contains itself")
        return Alias(name, target, *_span(event))

    def _add(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        parent, waiting = self._open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
        elif waiting:
            parent.pairs.append((waiting.pop(), node))
        else:
            waiting.append(node)


def _span(event: yaml.Event) -> tuple[int, int]:
    """Return where an event begins and ends in the text; the parser has marks for each."""
    start, end = event.start_mark, event.end_mark
    return (start.index, end.index) if start and end else (0, 0)
