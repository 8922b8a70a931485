"""Credential sources: what ``credentials:`` in registries.conf may say.

A kind is one function and one line in the table; more kinds need a cluster and come with it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cmp.core.keys import nearest
from cmp.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Credential:
    """User and password for one registry."""

    username: str
    password: str = field(repr=False)


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Kind = Callable[[str, Mapping[str, str]], Credential]


def _from_variable(name: str, env: Mapping[str, str]) -> Credential:
    """``env:<variable>`` holding ``user:password``."""
    if not _VARIABLE.fullmatch(name):
        raise InvalidInput("env: takes the name of a variable that holds user:password")
    if name not in env:
        raise InvalidInput(f"could not fetch credentials: env {name!r} is not set")
    username, colon, password = env[name].partition(":")
    if not colon or not username or not password:
        raise InvalidInput(f"env {name!r} does not hold user:password")
    return Credential(username, password)


KINDS: Mapping[str, Kind] = MappingProxyType({"env": _from_variable})
_NEED_A_CLUSTER = frozenset({"secret", "pullsecret"})


def credential(written: str, env: Mapping[str, str], *, where: str) -> Credential | None:
    """Return the credential that ``<kind>:<definition>`` names, or None when nothing is written.

    Raises `InvalidInput` naming ``where``, and never what it found.
    """
    if not written:
        return None
    kind, colon, definition = written.partition(":")
    kind = kind.lower()
    if kind in _NEED_A_CLUSTER:
        raise InvalidInput(
            f"{kind}: is read from a cluster, and there is none here; "
            "write env:<VARIABLE> holding user:password",
            where=where,
        )
    if kind not in KINDS:
        known = ", ".join(f"{name}:" for name in sorted(KINDS))
        wrong = f"no kind of credentials {kind!r}" if colon else "it does not begin with a kind"
        raise InvalidInput(f"{wrong}; use one of: {known}{nearest(kind, KINDS)}", where=where)
    try:
        return KINDS[kind](definition, env)
    except InvalidInput as error:
        raise error.within(where) from None
