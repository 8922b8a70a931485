"""Snapshots with what registries have answered."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from cmp.core.image import Repository
from cmp.core.snapshot import Snapshot, Tag, listed
from cmp.errors import CmpError
from cmp.registry.client import Listing


def snapshots(
    answers: Mapping[Repository, Listing | CmpError],
    old: Mapping[Repository, Snapshot],
    now: datetime,
) -> dict[Repository, Snapshot]:
    """Return each repository's snapshot: the new one where it was listed, else the old."""
    merged = dict(old)
    for repository, answer in answers.items():
        if isinstance(answer, CmpError):
            continue
        known = old.get(repository)
        if answer.names is not None:
            merged[repository] = replace(
                listed(repository, answer.names, now, known), pages=answer.pages
            )
        elif known is not None:
            merged[repository] = replace(known, listed_at=now)
    return merged


def with_tags(snapshot: Snapshot, tags: Iterable[Tag]) -> Snapshot:
    """Return ``snapshot`` with what was learnt of some of its tags."""
    return replace(snapshot, tags={**snapshot.tags, **{tag.name: tag for tag in tags}})
