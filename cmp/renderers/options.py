"""What a native option is, and how its value is read from the plugin parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.errors import InvalidSource, excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from cmp.core.parameters import Value

_BOOLEANS = {"": False, "false": False, "true": True}


class Option(NamedTuple):
    """One native option: it is announced, checked and documented from this."""

    name: str
    """Of the plugin parameter."""
    collection: Literal["string", "array", "map"]
    native: str
    """The field of the Application it replaces."""
    meaning: str


def text(given: Mapping[str, Value], name: str) -> str:
    """Return a string; raise `InvalidSource` for an array or a map."""
    value = given.get(name) or ""
    if not isinstance(value, str):
        raise _another_kind(name, "string")
    return value


def is_set(given: Mapping[str, Value], name: str) -> bool:
    """Return what the string ``true`` or ``false`` says; raise `InvalidSource` for another."""
    value = text(given, name)
    if value not in _BOOLEANS:
        raise InvalidSource(
            f"{excerpt(value)} is neither true nor false; write the one or the other",
            where=f"parameter {name}",
        )
    return _BOOLEANS[value]


def array(given: Mapping[str, Value], name: str) -> tuple[str, ...]:
    """Return an array; raise `InvalidSource` for a string or a map."""
    value = given.get(name) or ()
    if not isinstance(value, tuple):
        raise _another_kind(name, "array")
    return value


def mapping(given: Mapping[str, Value], name: str) -> Mapping[str, str]:
    """Return a map; raise `InvalidSource` for a string or an array."""
    value = given.get(name) or {}
    if isinstance(value, str | tuple):
        raise _another_kind(name, "map")
    return value


def substituted(written: str, variables: Mapping[str, str]) -> str:
    """Return ``written`` with ``$ARGOCD_APP_NAME`` and its like replaced."""
    if "$" not in written:
        return written
    from cmp.core.envsubst import envsubst

    return envsubst(written, variables)


def _another_kind(name: str, kind: str) -> InvalidSource:
    return InvalidSource(f"give it as {kind}", where=f"parameter {name}")
