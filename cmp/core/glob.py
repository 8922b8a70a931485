"""Go's ``filepath.Match`` patterns as RE2 expressions."""

_NOTHING = r"[^\x{0}-\x{10FFFF}]"


class _Malformed(Exception):
    pass


def glob_to_re2(glob: str) -> str | None:
    r"""Return the anchored expression that matches what ``glob`` does; None if malformed.

    ``*`` and ``?`` do not match a slash, ``[^…]`` negates, ``\`` escapes, braces mean
    themselves (Go, path/filepath/match.go). A malformed pattern matches nothing there,
    whatever the name is; the caller says so to its author.
    """
    parts = []
    position = 0
    try:
        while position < len(glob):
            char = glob[position]
            if char == "*":
                parts.append("[^/]*")
            elif char == "?":
                parts.append("[^/]")
            elif char == "[":
                expression, position = _character_class(glob, position + 1)
                parts.append(expression)
                continue
            else:
                char, position = _literal(glob, position)
                parts.append(_quoted(char))
                continue
            position += 1
    except _Malformed:
        return None
    return rf"\A(?s:{''.join(parts)})\z"


def _literal(glob: str, position: int) -> tuple[str, int]:
    if glob[position] == "\\":
        position += 1
        if position == len(glob):
            raise _Malformed
    return glob[position], position + 1


def _character_class(glob: str, position: int) -> tuple[str, int]:
    negated = glob.startswith("^", position)
    position += negated
    ranges: list[tuple[str, str]] = []
    while not (ranges and glob.startswith("]", position)):
        low, position = _bound(glob, position)
        high = low
        if glob.startswith("-", position):
            high, position = _bound(glob, position + 1)
        ranges.append((low, high))
    inside = "".join(f"{_code(low)}-{_code(high)}" for low, high in ranges if low <= high)
    if inside:
        return f"[{'^' if negated else ''}{inside}]", position + 1
    return "(?s:.)" if negated else _NOTHING, position + 1


def _bound(glob: str, position: int) -> tuple[str, int]:
    if position >= len(glob) or glob[position] in "-]":
        raise _Malformed
    return _literal(glob, position)


def _code(char: str) -> str:
    return rf"\x{{{ord(char):X}}}"


def _quoted(char: str) -> str:
    return char if char.isalnum() and char.isascii() else _code(char)
