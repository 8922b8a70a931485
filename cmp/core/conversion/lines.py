"""The lines of one field or item of a YAML text, with its comments, moved elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.yaml_tree import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cmp.core.conversion.comments import Comment
    from cmp.core.yaml_places import Places
    from cmp.core.yaml_tree import Mapping, Node, Sequence

_AFTER_KEY = re.compile(r"[ \t]*:(?=[ \t\r\n]|\Z)")
_COMMENT_OR_NOTHING = re.compile(r"[ \t]*(#.*)?")


class Unlike(Exception):
    """It is written in a way that cannot be moved line by line."""


class Field(NamedTuple):
    """One field of a mapping without braces."""

    key: Scalar
    value: Node
    before: list[str]
    """Lines of comments and blank ones before it."""


class Item(NamedTuple):
    """One item of a list without brackets."""

    value: Node
    before: list[str]


class Written(NamedTuple):
    """A text whose parts are taken by the line."""

    places: Places
    comments: list[Comment]
    """All there are."""

    def fields(self, mapping: Mapping, after: int) -> list[Field]:
        """Return the fields; ``after`` is where what goes before the first of them ends."""
        found = []
        for key, value in mapping.pairs:
            if not isinstance(key, Scalar):
                raise Unlike
            found.append(Field(key, value, self._between(after, key.start)))
            after = self.places.end(value) if _has_text(value) else key.end
        return found

    def items(self, sequence: Sequence, after: int) -> list[Item]:
        """Return the items of a list, as `fields` does; in brackets they have no lines."""
        if sequence.is_flow:
            return [Item(item, []) for item in sequence.items]
        found = []
        for item in sequence.items:
            start = self.places.start(item)
            found.append(Item(item, self._between(after, start)))
            after = self.places.end(item)
        return found

    def _lines(self, start: int, end: int) -> list[str]:
        """Return the text to the end of the line that ``end`` is on, by the line."""
        return [
            line.rstrip("\r")
            for line in self.places.text[start : self.places.line_end(end)].split("\n")
        ]

    def after_key(self, field: Field) -> list[str]:
        """Return the lines of a field after its colon, as if its key stood at the margin."""
        key, value = field.key, field.value
        found = _AFTER_KEY.match(self.places.text, key.end)
        if not found:
            raise Unlike
        end = max(self.places.end(value), found.end()) if _has_text(value) else found.end()
        first, *others = self._lines(found.end(), end)
        return [first, *moved(others, -self.places.column(key.start))]

    def said(self, item: Node, but: tuple[int, int]) -> list[str]:
        """Return the comments on the lines of an item, but for those of one part of it."""
        begin = self.places.line_start(self.places.start(item))
        end = self.places.line_end(self.places.end(item))
        return [
            comment.text
            for comment in self.comments
            if begin <= comment.start < end and not but[0] <= comment.start < but[1]
        ]

    def _between(self, after: int, start: int) -> list[str]:
        """Return the lines between the one that ``after`` is on and the one of ``start``."""
        begin, end = self.places.line_end(after), self.places.line_start(start)
        if end <= begin:
            return []
        lines = self.places.text[begin:end].split("\n")[1:-1]
        return [line.rstrip("\r") for line in lines]

    def tail(self, end: int, column: int) -> tuple[list[str], int]:
        """Return the comments below that stand deeper than a column, and where they end."""
        text, position = self.places.text, self.places.line_end(end)
        found: list[str] = []
        taken, last = 0, position
        while (start := text.find("\n", position) + 1) > 0:
            position = self.places.line_end(start)
            line = text[start:position]
            is_comment = line.lstrip(" ").startswith("#")
            if line.strip() and not (is_comment and indentation(line) > column):
                break
            found.append(line)
            if is_comment:
                taken, last = len(found), position
        return found[:taken], last


def moved(lines: Iterable[str], by: int) -> list[str]:
    """Return lines with more or less space before each; blank ones stay."""
    if by >= 0:
        return [f"{' ' * by}{line}" if line.strip() else line for line in lines]
    return [line[min(-by, indentation(line)) :] if line.strip() else line for line in lines]


def indentation(line: str) -> int:
    """Return how many spaces a line begins with."""
    return len(line) - len(line.lstrip(" "))


def comment_only(text: str) -> str:
    """Return the comment that is all that a rest of a line has, or nothing; else raise `Unlike`."""
    if _COMMENT_OR_NOTHING.fullmatch(text) is None:
        raise Unlike
    return text.rstrip()


def _has_text(value: Node) -> bool:
    """Tell whether anything is written for a value: a null may be nothing at all."""
    return not isinstance(value, Scalar) or value.end > value.start
