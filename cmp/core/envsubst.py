"""``$NAME`` in an option, as Argo CD substitutes it."""

import re
from collections.abc import Container, Mapping

# Go's os.Expand: a braced name, a word, or one special character. A brace that nothing closes
# is swallowed with its dollar.
_VARIABLE = re.compile(
    r"\$(?:\{(?:(?P<braced>[^}]*)\})?|(?P<plain>[A-Za-z_][A-Za-z0-9_]*|[$*#@!?0-9-]))"
)
# `$ref/path` (argo-cd, reposerver/repository: getReferencedSource).
_REFERENCE = re.compile(r"\$([A-Za-z0-9_]+)[A-Za-z0-9_-]*/")


def is_of_another_source(path: str, variables: Container[str]) -> bool:
    """Tell whether a file may be of another source: what it begins with is no variable."""
    found = _REFERENCE.match(path)
    return found is not None and found[1] not in variables


def envsubst(text: str, variables: Mapping[str, str]) -> str:
    """Return ``text`` with its variables replaced; unknown ones become nothing.

    ``$$`` is a dollar, one that begins no name stays (argo-cd, types.go Envsubst).
    """

    def value(match: re.Match[str]) -> str:
        name = match["braced"] or match["plain"]
        if name == "$":
            return "$"
        return variables.get(name, "") if name else ""

    return _VARIABLE.sub(value, text)
