"""Where in a text the parts of a YAML document begin and end, and lines can be added."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.splice import Edit
from cmp.core.yaml_tree import Alias, Mapping, Scalar

if TYPE_CHECKING:
    from cmp.core.yaml_tree import Node, Sequence

# `|+`, `>2+`: blank lines at the end belong to the text.
_KEEPS_LINES = re.compile(r"[^\n]*?[|>][0-9]*\+")


class Places(NamedTuple):
    """The places of one text."""

    text: str

    @property
    def newline(self) -> str:
        """How its first line ends."""
        first, end, _ = self.text.partition("\n")
        return "\r\n" if end and first.endswith("\r") else "\n"

    def start(self, node: Node) -> int:
        """Return where a node begins, with its anchor and tag."""
        return node.start if isinstance(node, Scalar | Alias) else node.span[0]

    def end(self, node: Node) -> int:
        """Return where a node ends, without the end of its last line."""
        if isinstance(node, Alias):
            return node.end
        if isinstance(node, Scalar):
            return self._end_of_scalar(node)
        if node.is_flow:
            return node.span[1]
        return self.end(node.pairs[-1][1] if isinstance(node, Mapping) else node.items[-1])

    def _end_of_scalar(self, scalar: Scalar) -> int:
        if scalar.style not in ("|", ">"):
            return scalar.end
        written = self.text[scalar.start : scalar.end]
        if _KEEPS_LINES.match(written):
            kept = written.removesuffix("\n").removesuffix("\r")
        else:
            kept = written.rstrip()
        return scalar.start + len(kept)

    def line_start(self, position: int) -> int:
        """Return where the line of a position begins."""
        return self.text.rfind("\n", 0, position) + 1

    def line_end(self, position: int) -> int:
        """Return where the line of a position ends, before what ends it."""
        end = self.text.find("\n", position)
        end = len(self.text) if end < 0 else end
        return end - 1 if end > position and self.text[end - 1] == "\r" else end

    def column(self, position: int) -> int:
        """Return how many characters are before a position in its line."""
        return position - self.line_start(position)

    def field_column(self, mapping: Mapping) -> int:
        """Return where the fields of a mapping without braces stand."""
        key = self.start(mapping.pairs[0][0])
        line = self.line_start(key)
        # A question mark may stand before a key.
        return len(re.sub(r"\?[ \t]*$", "", self.text[line:key]))

    def dash_column(self, sequence: Sequence) -> int:
        """Return where the dashes of a list without brackets stand."""
        return self.column(self.text.rindex("-", 0, self.start(sequence.items[0])))


def field_removal(places: Places, mapping: Mapping, number: int) -> Edit:
    """Return the edit that takes one field of several out, with its line or its comma."""
    key, value = mapping.pairs[number]
    start, end = places.start(key), places.end(value)
    line = places.line_start(start)
    if not mapping.is_flow and not places.text[line:start].strip():
        following = places.line_end(end) + len(places.newline)
        if following <= len(places.text):
            return Edit(line, following, "")
        return Edit(line - len(places.newline), len(places.text), "")
    if number + 1 < len(mapping.pairs):
        return Edit(start, places.start(mapping.pairs[number + 1][0]), "")
    return Edit(places.end(mapping.pairs[number - 1][1]), end, "")
