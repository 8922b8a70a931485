"""Globs in value files: ``*``, ``?``, ``[a-z]`` and ``**``, in the order Argo CD finds files.

That is doublestar's (github.com/bmatcuk/doublestar, glob.go and globwalk.go): a folder's
entries by name, what ``**`` finds in a folder before what it finds below. It is by no rule
of :mod:`glob`: names with a leading dot match, and a ``**`` may match nothing.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_META = re.compile(r"[*?\[{\\]")


def expand(root: str, pattern: str) -> Iterator[str]:
    """Yield the paths below ``root`` that match; raise `ValueError` for a malformed pattern."""
    parts = pattern.split("/")
    expressions = [None if part == "**" else _expression(part) for part in parts]
    yield from _below(root, tuple(zip(parts, expressions, strict=True)))


Parts = tuple[tuple[str, re.Pattern[str] | None], ...]


def _below(folder: str, parts: Parts) -> Iterator[str]:
    (part, expression), rest = parts[0], parts[1:]
    if expression is None:
        for path in _everything(folder, (os.path.realpath(folder),), files=not rest):
            yield from _below(path, rest) if rest else (path,)
        return
    if not _META.search(part):
        path = os.path.join(folder, part)
        if os.path.isdir(path) if rest else os.path.exists(path):
            yield from _below(path, rest) if rest else (path,)
        return
    for name in _entries(folder):
        path = os.path.join(folder, name)
        if expression.match(name) and (not rest or os.path.isdir(path)):
            yield from _below(path, rest) if rest else (path,)


def _everything(folder: str, above: tuple[str, ...], *, files: bool) -> Iterator[str]:
    """Yield ``folder`` and all below it; a link back to a folder above is not followed."""
    yield folder
    for name in _entries(folder):
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            real = os.path.realpath(path)
            if real not in above:
                yield from _everything(path, (*above, real), files=files)
        elif files:
            yield path


def _entries(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _expression(part: str) -> re.Pattern[str]:
    """Return what matches one name; after a star the first fit is taken, so none is slow."""
    chunks = [""]
    position = 0
    while position < len(part):
        if part[position] == "*":
            chunks.append("")
            position += 1
        else:
            piece, position = _piece(part, position)
            chunks[-1] += piece
    first, *others = chunks
    if not others:
        return re.compile(rf"(?s:{first})\Z")
    *middle, last = others
    atoms = "".join(f"(?>.*?{chunk})" for chunk in middle)
    return re.compile(rf"(?s:{first}{atoms}.*{last})\Z")


def _piece(part: str, position: int) -> tuple[str, int]:
    char = part[position]
    if char == "?":
        return ".", position + 1
    if char == "[":
        return _character_class(part, position + 1)
    if char == "{":
        raise ValueError("braces are not supported; list each pattern by itself")
    if char == "\\":
        position += 1
        if position == len(part):
            raise ValueError("it ends with a backslash")
    return re.escape(part[position]), position + 1


def _character_class(part: str, position: int) -> tuple[str, int]:
    is_negated = part[position : position + 1] in ("!", "^")
    position += is_negated
    start = position
    inside = ""
    while not part.startswith("]", position):
        low, position = _bound(part, position)
        high = low
        if part.startswith("-", position) and not part.startswith("]", position + 1):
            high, position = _bound(part, position + 1)
        # Of a range that runs backwards there remains its first character.
        inside += f"{re.escape(low)}-{re.escape(max(high, low))}"
    if position == start:
        raise ValueError("[] holds no character")
    return f"[{'^' if is_negated else ''}{inside}]", position + 1


def _bound(part: str, position: int) -> tuple[str, int]:
    position += part.startswith("\\", position)
    if position >= len(part):
        raise ValueError("[ is never closed")
    return part[position], position + 1
