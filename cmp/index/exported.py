"""A whole index as one file: to keep, and to take elsewhere.

JSON, one document a line: first what the store says of itself, then each snapshot, record,
history and what people said, last how many there were and the SHA-256 of all before. So a file
that was cut off, changed or put together from two is refused before anything of it is used.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from cmp.core.record import ApplicationRecord, without_credentials
from cmp.core.snapshot import Snapshot
from cmp.errors import IndexTorn, IndexUnavailable, InvalidInput, excerpt
from cmp.index import Manifest, documents
from cmp.index.either_document import load_document
from cmp.index.instruction_document import dump_instructions, load_instructions
from cmp.index.snapshot_document import dump_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import BinaryIO

    from cmp.core.people import Instruction
    from cmp.core.record import History
    from cmp.index.protocols import Store

_MANIFEST = "manifest"
_END = "end"
_ALL = -1  # the first generation is 0
_ATTEMPTS = 3


class Past(NamedTuple):
    """The past decisions of an Application."""

    instance: str
    history: History


class Said(NamedTuple):
    """What people said of an Application's images."""

    instance: str
    instructions: Mapping[str, Instruction]


Content = Manifest | Snapshot | ApplicationRecord | Past | Said


def read_store(store: Store, url: str) -> list[bytes]:
    """Return the lines of a file with all that a store has, as it was at one time.

    No password is in it: policies name places of credentials, and URLs lose theirs. Raises
    `IndexUnavailable` where there is nothing, not all, or never the same twice.
    """
    for _ in range(_ATTEMPTS):
        before = store.manifest()
        if before is None:
            raise IndexUnavailable("nothing was ever published there; run `refresh`", where=url)
        lines = lines_of((before, *_contents(store, url)))
        after = store.manifest()
        if after is not None and after[:2] == before[:2]:
            return lines
    raise IndexUnavailable("it changed each time while it was read; try again", where=url)


def lines_of(contents: Iterable[Content]) -> list[bytes]:
    """Return the lines of a file with these; a manifest is the first."""
    lines, seen = [], sha256()
    for content in contents:
        lines.append(_line(content))
        seen.update(lines[-1])
    end = {"documents": len(lines), "sha256": seen.hexdigest()}
    return [*lines, _written(_END, "", end)]


def read_export(file: BinaryIO, where: str) -> Iterator[Content]:
    """Yield what a file has, the manifest first, each document checked.

    Raises `InvalidInput` where something is missing or was changed, at the latest after the
    last document: go through all of it before any is used.
    """
    seen, count, ended = sha256(), 0, False
    for number, line in enumerate(file, 1):
        place = f"{where}: line {number}"
        if ended:
            raise _damaged("there is more after its end", place)
        kind, identity, document = _read_line(line, place)
        if (kind == _MANIFEST) != (number == 1):
            raise _damaged("no export of an index: the manifest is its first line", place)
        if kind == _END:
            ended = document == {"documents": count, "sha256": seen.hexdigest()}
            if not ended:
                raise _damaged("it is not what was exported: lines are missing or changed", place)
            continue
        seen.update(line)
        count += 1
        yield _content(kind, identity, document, place)
    if not ended:
        raise _damaged("it is cut off: its last line is missing", where)


def _contents(store: Store, url: str) -> Iterator[Content]:
    wanted = set(store.documents())
    for document in store.changed(_ALL):
        if document.data is None:
            continue  # it was forgotten
        wanted.discard((document.kind, document.identity))
        content = load_document(document.kind, document.identity, document.data)
        yield content
        if isinstance(content, ApplicationRecord):
            yield Past(content.instance, store.history(content.instance))
            yield Said(content.instance, store.instructions(content.instance))
    for kind, identity in sorted(wanted):
        raise IndexUnavailable(
            f"the {kind} {identity} is not there any more; let `refresh` write it anew", where=url
        )


def _line(content: Content) -> bytes:
    if isinstance(content, Manifest):
        return _written(_MANIFEST, "", json.loads(documents.dump_manifest(content)))
    if isinstance(content, Snapshot):
        return _written("repository", str(content.repository), json.loads(dump_snapshot(content)))
    if isinstance(content, ApplicationRecord):
        document = json.loads(documents.dump_application(_without_credentials(content)))
        return _written("application", content.instance, document)
    if isinstance(content, Past):
        document = json.loads(documents.dump_history(content.history))
        return _written("history", content.instance, document)
    document = json.loads(dump_instructions(content.instructions))
    return _written("instructions", content.instance, document)


def _written(kind: str, identity: str, document: Mapping[str, Any]) -> bytes:
    line = {"kind": kind, "identity": identity, "document": document}
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def _without_credentials(record: ApplicationRecord) -> ApplicationRecord:
    """Return the record without the user and password that an URL in a policy may hold."""

    def clean(keys: Mapping[str, str]) -> dict[str, str]:
        return {name: without_credentials(value) for name, value in keys.items()}

    sources = tuple(
        source._replace(annotations=clean(source.annotations), parameters=clean(source.parameters))
        for source in record.sources
    )
    return record._replace(sources=sources)


def _read_line(line: bytes, where: str) -> tuple[str, str, Mapping[str, Any]]:
    try:
        found = json.loads(line)
        return str(found["kind"]), str(found["identity"]), found["document"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged("no line of an export", where) from None


def _content(kind: str, identity: str, document: Mapping[str, Any], where: str) -> Content:
    data = json.dumps(document).encode()
    try:
        if kind == _MANIFEST:
            return documents.load_manifest(data, where=where)
        if kind == "history":
            return Past(identity, documents.load_history(data, where=where))
        if kind == "instructions":
            return Said(identity, load_instructions(data, where=where))
        if kind in ("repository", "application"):
            return load_document(kind, identity, data)
    except IndexTorn:
        raise _damaged("its document is not whole", where) from None
    except IndexUnavailable as error:
        raise _damaged(error.message, where) from None
    raise _damaged(f"it has a {excerpt(kind)}, which this version does not know", where)


def _damaged(what: str, where: str) -> InvalidInput:
    return InvalidInput(f"{what}; nothing of it is used: export the index again", where=where)
