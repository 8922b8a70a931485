"""The globs of Argo CD's own settings (github.com/gobwas/glob), without separators."""

from functools import lru_cache

import re2


def matches(glob: str, text: str) -> bool:
    r"""Tell whether ``glob`` matches the whole of ``text``; a malformed one matches nothing.

    ``*`` and ``?`` match any character, a slash too, ``[a-z]`` and ``[!abc]`` one,
    ``{a,b}`` either, and ``\`` escapes (argo-cd, util/glob.Match with no separators).
    """
    expression = _expression(glob)
    return expression is not None and bool(re2.search(expression, text))


@lru_cache(maxsize=1024)
def _expression(glob: str) -> str | None:
    parts: list[str] = []
    depth, position = 0, 0
    while position < len(glob):
        char = glob[position]
        position += 1
        if char == "*":
            parts.append(".*")
        elif char == "?":
            parts.append(".")
        elif char == "{":
            depth += 1
            parts.append("(?:")
        elif char == "}" and depth:
            depth -= 1
            parts.append(")")
        elif char == "," and depth:
            parts.append("|")
        elif char == "[":
            end = glob.find("]", position)
            if end <= position:
                return None
            parts.append(_set(glob[position:end]))
            position = end + 1
        else:
            if char == "\\":
                char, position = glob[position : position + 1], position + 1
            parts.append(re2.escape(char))
    return None if depth else rf"\A(?s:{''.join(parts)})\z"


def _set(inside: str) -> str:
    negated = inside.startswith("!")
    members = inside[negated:]
    dash = "-" if members[1:2] == "-" and len(members) == len("a-z") else ""
    if dash:
        low, high = members[0], members[2]
        return f"[{'^' if negated else ''}{re2.escape(low)}-{re2.escape(high)}]"
    return f"[{'^' if negated else ''}{''.join(re2.escape(char) for char in members)}]"
