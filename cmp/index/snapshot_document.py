"""A repository's snapshot as a JSON document. On its own: most renders need no snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.snapshot import Snapshot, Tag
from cmp.index.json_document import (
    SCHEMA,
    check_identity,
    dump,
    format_time,
    load,
    parse_time,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from cmp.core.image import Repository


def dump_snapshot(snapshot: Snapshot, schema: int = SCHEMA) -> bytes:
    """Write a snapshot: one tag a line, so that a person and a diff can read it."""
    return dump(
        {
            "repository": str(snapshot.repository),
            "listed_at": format_time(snapshot.listed_at),
            "generation": snapshot.generation,
            **_dump_pages(snapshot),
            **_dump_gone(snapshot),
            "tags": {name: _dump_tag(tag) for name, tag in snapshot.tags.items()},
        },
        schema,
    )


def load_snapshot(data: bytes, repository: Repository, *, where: str) -> Snapshot:
    """Read the snapshot of ``repository``; raise `IndexUnavailable` naming ``where``."""

    def build(document: Mapping[str, Any]) -> Snapshot:
        check_identity(document["repository"], str(repository))
        return Snapshot(
            repository=repository,
            listed_at=parse_time(document["listed_at"]),
            generation=int(document["generation"]),
            gone={name: parse_time(time) for name, time in document.get("gone", {}).items()},
            pages=tuple((str(url), str(etag)) for url, etag in document.get("pages", {}).items()),
            tags={name: _load_tag(name, tag) for name, tag in document["tags"].items()},
        )

    return load(data, build, where)


def _dump_pages(snapshot: Snapshot) -> dict[str, Any]:
    pages = dict(snapshot.pages)
    if not all(pages.values()):
        return {}  # of a listing in parts, all have to be known
    (etag,) = pages.values() if len(pages) == 1 else ("",)
    return {**({"etag": etag} if etag else {}), **({"pages": pages} if pages else {})}


def _dump_gone(snapshot: Snapshot) -> dict[str, Any]:
    gone = {name: format_time(time) for name, time in snapshot.gone.items()}
    return {"gone": gone} if gone else {}


def _dump_tag(tag: Tag) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if tag.first_seen:
        document["first_seen"] = format_time(tag.first_seen)
    if tag.digest:
        document["digest"] = tag.digest
    if tag.created:
        document["created"] = {name: format_time(time) for name, time in tag.created.items()}
    if tag.unread:
        document["unread"] = list(tag.unread)
    if tag.kind:
        document["kind"] = tag.kind
    if tag.looked_at:
        document["looked_at"] = format_time(tag.looked_at)
    return document


def _load_tag(name: str, document: Mapping[str, Any]) -> Tag:
    get = document.get
    first_seen, created, looked_at = get("first_seen"), get("created"), get("looked_at")
    return Tag(
        name,
        first_seen=parse_time(first_seen) if first_seen else None,
        digest=get("digest"),
        created={platform: parse_time(time) for platform, time in created.items()}
        if created
        else {},
        unread=tuple(get("unread", ())),
        kind=get("kind", ""),
        looked_at=parse_time(looked_at) if looked_at else None,
    )
