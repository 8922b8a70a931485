"""Putting an exported index into a store: a publication, and the beginning of a store's life."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from cmp.core.record import ApplicationRecord
from cmp.core.snapshot import Snapshot
from cmp.errors import InvalidInput
from cmp.index import Manifest
from cmp.index.exported import Past, Said, read_export

if TYPE_CHECKING:
    from datetime import datetime
    from typing import BinaryIO

    from cmp.index.exported import Content
    from cmp.index.protocols import Store


@dataclass(slots=True)
class Imported:
    """What was put into a store."""

    manifest: Manifest
    counts: Counter[str] = field(default_factory=Counter)
    """Of documents, by kind."""
    said: list[Said] = field(default_factory=list)


def put_export(
    store: Store, url: str, file: BinaryIO, now: datetime, *, may_replace: bool
) -> Imported:
    """Publish all that ``file`` has; nothing, where any of it is missing or was changed.

    The store begins a new life (another epoch), whose first generation is above both: mirrors
    copy all of it and keep nothing of before. Documents first, the manifest last (design §3);
    its time stays that of the last pass, for nothing was listed since.
    """
    where = file.name
    exported = next(read_export(file, where))
    if not isinstance(exported, Manifest):
        raise TypeError("an export begins with the manifest")
    file.seek(0)
    for _ in read_export(file, where):
        pass  # all of it is whole
    with store.writing():
        present = store.manifest()
        if present is not None and not may_replace:
            raise InvalidInput(
                f"there is an index already, of {present.time.isoformat()}; "
                "write --replace to have this one in its place",
                where=url,
            )
        last = max(exported.generation, present.generation if present else 0)
        manifest = exported._replace(epoch=str(uuid4()), generation=last + 1)
        imported = Imported(manifest)
        store.begin()
        file.seek(0)
        kept = set()
        for content in read_export(file, where):
            kept.add(_put(store, content, imported))
        if old := sorted(set(store.documents()) - kept):
            store.forget(old, manifest.generation, now)
        store.put_manifest(manifest)
    return imported


def _put(store: Store, content: Content, imported: Imported) -> tuple[str, str]:
    """Write one document; return kind and identity."""
    generation = imported.manifest.generation
    if isinstance(content, Manifest):
        return "", ""
    if isinstance(content, Snapshot):
        store.put_snapshot(replace(content, generation=generation))
        key = ("repository", str(content.repository))
    elif isinstance(content, ApplicationRecord):
        store.put_application(content._replace(generation=generation))
        key = ("application", content.instance)
    elif isinstance(content, Past):
        store.put_history(content.instance, content.history)
        key = ("history", content.instance)
    else:
        store.put_instructions(content.instance, content.instructions)
        if content.instructions:
            imported.said.append(content)
        key = ("instructions", content.instance)
    imported.counts[key[0]] += 1
    return key
