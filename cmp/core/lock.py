"""Image locks: images that are given instead of decided, by alias (contract.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.core.image import is_digest, is_tag
from cmp.core.keys import IMAGE_LOCK
from cmp.errors import InvalidPolicy

if TYPE_CHECKING:
    from cmp.core.parameters import Value


class Locked(NamedTuple):
    """What an image is locked to; one of the two may be empty."""

    tag: str
    digest: str


def parse_lock(value: Value) -> dict[str, Locked]:
    """Read the parameter: a map of alias to ``tag``, ``tag@digest`` or ``@digest``.

    Raises `InvalidPolicy` naming the alias.
    """
    if isinstance(value, str | tuple):
        raise InvalidPolicy("give it as map, of alias to tag", where=f"parameter {IMAGE_LOCK}")
    return {alias: _locked(alias, text) for alias, text in value.items()}


def _locked(alias: str, text: str) -> Locked:
    tag, at, digest = text.partition("@")
    if (tag or not at) and not is_tag(tag):
        raise InvalidPolicy(f"not a tag: {tag!r}", where=f"{IMAGE_LOCK}: {alias}")
    if at and not is_digest(digest):
        raise InvalidPolicy(f"not a digest: {digest!r}", where=f"{IMAGE_LOCK}: {alias}")
    return Locked(tag, digest)
