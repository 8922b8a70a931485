"""A snapshot or a record, as a store has it under its kind and identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.image import Repository
from cmp.errors import IndexUnavailable, InvalidImage
from cmp.index.documents import load_application
from cmp.index.snapshot_document import load_snapshot

if TYPE_CHECKING:
    from cmp.core.record import ApplicationRecord
    from cmp.core.snapshot import Snapshot


def load_document(kind: str, identity: str, data: bytes) -> Snapshot | ApplicationRecord:
    """Read it; raise `IndexUnavailable` naming it where it is not whole, or about another."""
    where = f"{kind} {identity}"
    if kind == "application":
        return load_application(data, identity, where=where)
    try:
        repository = Repository.parse(identity)
    except InvalidImage as error:
        raise IndexUnavailable(f"no repository: {error}", where=where) from None
    return load_snapshot(data, repository, where=where)
