"""The index: what the refresher publishes and render reads.

Reader and writer are two protocols; render is given the reader. A backend is one file and
one line in the table.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.keys import nearest
from cmp.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cmp.index.protocols import IndexReader, Store

BACKENDS: Mapping[str, str] = MappingProxyType(
    {
        "file": "cmp.index.file:FileIndex",
        "redis": "cmp.index.redis:RedisIndex",
        "rediss": "cmp.index.redis:RedisIndex",
    }
)
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


class Manifest(NamedTuple):
    """What a store as a whole says of itself."""

    epoch: str
    """Of this store's life: another one means that it was lost and built anew."""
    generation: int
    """Publications so far."""
    time: datetime
    """Of the last pass of the refresher, whether it changed anything or not."""
    complete: bool
    """A full pass over all Applications has been published."""


class Document(NamedTuple):
    """One document of a store, as it is written there."""

    kind: str
    """``repository`` or ``application``."""
    identity: str
    data: bytes | None
    """None of one that was forgotten."""


class Touch(NamedTuple):
    """Something that is to be looked at now, as somebody outside says."""

    kind: str
    """``repository`` or ``application``."""
    identity: str
    """``<host>/<path>``, or ``<namespace>/<name>``."""


class Acknowledged(NamedTuple):
    """What a mirror says that it has."""

    pod: str
    epoch: str
    generation: int
    schema: int
    """The highest that it can read."""
    tools: str = ""
    """The versions of what renders in its Pod; empty where it does not say."""


def touch_of(text: str) -> Touch:
    """Return what a store has as ``<kind> <identity>``."""
    kind, _, identity = text.partition(" ")
    return Touch(kind, identity)


def open_index(url: str, env: Mapping[str, str] = _NO_SETTINGS) -> Store:
    """Open ``file:///path``, ``redis://host:port/0`` or ``rediss://…``.

    ``env`` holds what a backend needs besides. Raises `InvalidInput`, also for a scheme there
    is no backend for.
    """
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in BACKENDS:
        known = ", ".join(f"{name}://" for name in sorted(BACKENDS))
        raise InvalidInput(
            f"not the URL of an index; it starts with one of: {known}{nearest(scheme, BACKENDS)}",
            where=url,
        )
    module, _, name = BACKENDS[scheme].partition(":")
    store: Store = getattr(import_module(module), name)(url, env)
    return store


def open_reader(url: str, env: Mapping[str, str] = _NO_SETTINGS) -> IndexReader:
    """Open the reading half of an index."""
    return open_index(url, env)
