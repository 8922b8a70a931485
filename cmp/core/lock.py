"""Image locks: images that are given instead of decided, by alias (contract.md).

A person or another program gives them as a plugin parameter; Git gives them in a lock file
beside the source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.core.image import is_digest, is_tag
from cmp.core.keys import IMAGE_LOCK, nearest
from cmp.errors import InvalidPolicy, InvalidSource

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cmp.core.parameters import Value

SCHEMA = "1"
_FIELDS = ("schema", "images")
_MOST_NAMES = 5


class Locked(NamedTuple):
    """What an image is locked to; one of the two may be empty."""

    tag: str
    digest: str


class LockFile(NamedTuple):
    """The images of one source, as Git has them; one that is missing is as the manifests say."""

    name: str
    images: Mapping[str, Locked]
    """By alias."""


def parse_lock(value: Value) -> dict[str, Locked]:
    """Read the parameter: a map of alias to ``tag``, ``tag@digest`` or ``@digest``.

    Raises `InvalidPolicy` naming the alias.
    """
    if isinstance(value, str | tuple):
        raise InvalidPolicy("give it as map, of alias to tag", where=f"parameter {IMAGE_LOCK}")
    return {alias: _locked(text, f"{IMAGE_LOCK}: {alias}") for alias, text in value.items()}


def parse_lock_file(document: object, name: str) -> LockFile:
    """Read a lock file whose scalars are all text: ``1.10`` is a tag and no number.

    Raises `InvalidSource` naming the file and the field, `InvalidPolicy` naming the alias.
    """
    fields = _mapping(document, "schema and images", name)
    for field in fields:
        if field not in _FIELDS:
            raise InvalidSource(
                f"no field {field!r}{nearest(field, _FIELDS)}; write schema and images", where=name
            )
    if fields.get("schema") != SCHEMA:
        raise InvalidSource(
            f"its schema is {fields.get('schema', 'not given')!r}, and this version reads "
            f"{SCHEMA}; write schema: {SCHEMA}, or update argocd-image-cmp",
            where=name,
        )
    images = _mapping(fields.get("images"), "alias to tag", f"{name}: images")
    locked = {}
    for alias, text in images.items():
        where = f"{name}: {alias}"
        if not isinstance(text, str):
            raise InvalidSource("not text; write tag, tag@digest or @digest", where=where)
        locked[alias] = _locked(text, where)
    return LockFile(name, locked)


def strangers(locked: Collection[str], aliases: Collection[str], where: str) -> tuple[str, ...]:
    """Return a sentence for each alias that no image has."""
    unknown = [alias for alias in locked if alias not in aliases]
    said = [f"{where}: no image is called {a!r}{nearest(a, aliases)}" for a in unknown]
    if len(said) > _MOST_NAMES:
        said[_MOST_NAMES:] = [f"{where}: and {len(said) - _MOST_NAMES} more that no image has"]
    return tuple(said)


def listed(aliases: Collection[str]) -> str:
    """Return a few names, and how many more there are."""
    rest = len(aliases) - _MOST_NAMES
    return ", ".join(list(aliases)[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _mapping(value: object, what: str, where: str) -> dict[str, object]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InvalidSource(f"not a mapping; write {what}", where=where)
    return value


def _locked(text: str, where: str) -> Locked:
    tag, at, digest = text.partition("@")
    if (tag or not at) and not is_tag(tag):
        raise InvalidPolicy(f"not a tag: {tag!r}", where=where)
    if at and not is_digest(digest):
        raise InvalidPolicy(f"not a digest: {digest!r}", where=where)
    return Locked(tag, digest)
