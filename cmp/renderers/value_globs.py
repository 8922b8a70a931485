"""Globs in value files: ``*``, ``?``, ``[a-z]``, ``{a,b}`` and ``**``, in Argo CD's order.

That is doublestar's (github.com/bmatcuk/doublestar, glob.go and globwalk.go): a folder's
entries by name, what ``**`` finds in a folder before what it finds below. It is by no rule
of :mod:`glob`: names with a leading dot match, and a ``**`` may match nothing.
"""

from __future__ import annotations

import os
import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BRACES = re.compile(r"\\.|\[[!^]?(?:\\.|[^\]\\])+\]|[{},]", re.DOTALL)
_META = re.compile(r"[*?\[{}\\]")
_MOST_ALTERNATIVES = 1000  # of one name; braces in braces multiply


def expand(root: str, pattern: str) -> Iterator[str]:
    """Yield the paths below ``root`` that match; raise `ValueError` for a malformed pattern."""
    parts = pattern.split("/")
    expressions = [None if part == "**" else _expression(part) for part in parts]
    is_walked = "**" in parts[:-1]
    found = [root]
    for number, (part, expression) in enumerate(zip(parts, expressions, strict=True), start=1):
        is_last = number == len(parts)
        found = [path for folder in found for path in _in(folder, part, expression, last=is_last)]
        # What braces match is merged, within a folder or, in these cases, over all of them.
        if "{" in part and (is_walked or part.count("}") > 1):
            found = sorted(set(found))
    yield from found


def _in(folder: str, part: str, expression: re.Pattern[str] | None, *, last: bool) -> Iterator[str]:
    if expression is None:
        yield from _everything(folder, (os.path.realpath(folder),), files=last)
        return
    if not _META.search(part):
        path = os.path.join(folder, part)
        if os.path.exists(path) if last else os.path.isdir(path):
            yield path
        return
    for name in _entries(folder):
        path = os.path.join(folder, name)
        if expression.match(name) and (last or os.path.isdir(path)):
            yield path


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
    """Return what matches one name, by any of the alternatives that braces give."""
    return re.compile("|".join(_one_expression(plain) for plain in _without_braces(part)))


def _without_braces(part: str) -> list[str]:
    """Return ``a.b`` and ``c.b`` for ``{a,c}.b``; raise `ValueError` where none closes another."""
    opening, commas, closing = _braces(part)
    if opening is None:
        return [part]
    before, after = part[:opening], part[closing + 1 :]
    bounds = [opening, *commas, closing]
    found: list[str] = []
    for start, end in pairwise(bounds):
        found += _without_braces(before + part[start + 1 : end] + after)
        if len(found) > _MOST_ALTERNATIVES:
            raise ValueError(f"its braces give more than {_MOST_ALTERNATIVES} names")
    return found


def _braces(part: str) -> tuple[int | None, list[int], int]:
    """Return where the first braces open, have their own commas, and close."""
    opening: int | None = None
    commas: list[int] = []
    depth = 0
    for found in _BRACES.finditer(part):
        match found[0]:
            case "{":
                opening = found.start() if opening is None else opening
                depth += 1
            case "}":
                depth -= 1
                if depth < 0:
                    raise ValueError("} closes nothing")
                if depth == 0 and opening is not None:
                    return opening, commas, found.start()
            case ",":
                if depth == 1:
                    commas.append(found.start())
            case _:
                pass  # a class of characters, or one with a backslash
    if depth:
        raise ValueError("{ is never closed, or closed in another folder's name")
    return opening, commas, len(part)


def _one_expression(part: str) -> str:
    """Return an expression of one name; after a star the first fit is taken, so none is slow."""
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
        return rf"(?s:{first})\Z"
    *middle, last = others
    atoms = "".join(f"(?>.*?{chunk})" for chunk in middle)
    return rf"(?s:{first}{atoms}.*{last})\Z"


def _piece(part: str, position: int) -> tuple[str, int]:
    char = part[position]
    if char == "?":
        return ".", position + 1
    if char == "[":
        return _character_class(part, position + 1)
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
