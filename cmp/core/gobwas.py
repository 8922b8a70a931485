"""The globs of Argo CD's own settings (github.com/gobwas/glob), without separators."""

import re
from functools import lru_cache
from typing import Any

import re2

_WILDCARDS = {"*": ".*", "?": "."}
# After the bracket: one range and no more, or characters of which the first has no dash after it.
_CLASS = re.compile(r"(!?+)(?:(.)-(.)|(?!.-)((?:\\.|[^\]\\])++))\]", re.DOTALL)


def matches(glob: str, text: str) -> bool:
    r"""Tell whether ``glob`` matches the whole of ``text``; a malformed one matches nothing.

    ``*`` and ``?`` match any character, a slash too, ``[a-z]`` and ``[!abc]`` one,
    ``{a,b}`` either, and ``\`` escapes (argo-cd, util/glob.Match with no separators).
    """
    compiled = _compiled(glob)
    return compiled is not None and bool(compiled.search(text))


@lru_cache(maxsize=1024)
def _compiled(glob: str) -> Any | None:
    options = re2.Options()
    options.log_errors = False
    expression = _expression(glob)
    try:
        return None if expression is None else re2.compile(expression, options=options)
    except re2.error:
        return None  # a range that ends before it begins


def _expression(glob: str) -> str | None:
    parts: list[str] = []
    depth, position = 0, 0
    while position < len(glob):
        char = glob[position]
        position += 1
        if char in _WILDCARDS:
            parts.append(_WILDCARDS[char])
        elif char == "{":
            depth += 1
            parts.append("(?:")
        elif char == "}" and depth:
            depth -= 1
            parts.append(")")
        elif char == "," and depth:
            parts.append("|")
        elif char == "[":
            found = _CLASS.match(glob, position)
            if found is None:
                return None
            parts.append(_set(found))
            position = found.end()
        else:
            if char == "\\":
                char, position = glob[position : position + 1], position + 1
            if not char:
                return None
            parts.append(re2.escape(char))
    return None if depth else rf"\A(?s:{''.join(parts)})\z"


def _set(found: re.Match[str]) -> str:
    negated, low, high, listed = found.groups()
    if listed:
        plain = re.sub(r"\\(.)", r"\1", listed, flags=re.DOTALL)
        members = "".join(re2.escape(char) for char in plain)
    else:
        members = f"{re2.escape(low)}-{re2.escape(high)}"
    return f"[{'^' if negated else ''}{members}]"
