"""The comments of a YAML text: a person wrote them, so none may be lost."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.yaml_tree import Alias, Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from cmp.core.yaml_tree import Node

_COMMENT = re.compile(r"(?:(?<=[ \t\n\r])|\A)#[^\n\r]*")
_HEADER = re.compile(r"[^\n]*?[|>][0-9+-]*[ \t]+(?=#)")


class Comment(NamedTuple):
    """One comment: where it stands, and what it says."""

    start: int
    end: int
    text: str


def comments(text: str, root: Node | None) -> list[Comment]:
    """Return all comments of a document, in their order."""
    spans = sorted(_spans(text, root)) if root is not None else []
    starts = [start for start, _ in spans]
    found = []
    for match in _COMMENT.finditer(text):
        before = bisect_right(starts, match.start()) - 1
        if before < 0 or match.start() >= spans[before][1]:
            found.append(Comment(*match.span(), match[0].rstrip()))
    # A match within a scalar may have swallowed nothing else: comments end with their line.
    return found


def lost(before: Counter[str], after: str) -> str | None:
    """Return a comment that ``after`` has less often than it was there before."""
    return next((text for text, number in before.items() if after.count(text) < number), None)


def _spans(text: str, root: Node) -> Iterator[tuple[int, int]]:
    """Yield where scalars stand, in which ``#`` begins no comment."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Scalar):
            header = _HEADER.match(text, node.start, node.end) if node.style in "|>" else None
            if header and node.style:
                yield node.start, header.end()
                yield text.find("\n", header.end()), node.end
            else:
                yield node.start, node.end
        elif isinstance(node, Alias):
            yield node.start, node.end
        elif isinstance(node, Sequence):
            waiting += node.items
        elif isinstance(node, Mapping):
            waiting += [one for pair in node.pairs for one in pair]
