"""What all documents of the index have in common (contract.md, "Documents").

Reading checks: a document of a schema we do not know, of another identity, or torn, is an
error naming it. Unknown fields are passed over, for they may be a newer writer's.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cmp.errors import IndexTorn, IndexUnavailable, InvalidImage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeVar

    _T = TypeVar("_T")

SCHEMA = 1
"""What this version writes, once every live mirror can read it."""
OLDEST = 1
"""Raise it no sooner than a release after the last that wrote the one before."""
READABLE = SCHEMA + 1
"""A writer raises the schema only when every reader can follow: the next one is readable too."""


def schema_to_write(own: int, readable: Iterable[int], written: int) -> int:
    """Return the schema to write with (design §3).

    Args:
        own: the writer's newest; it can also write the one before.
        readable: the highest that each live mirror can read.
        written: what is in the store now, or 0. Where no mirror says anything, as after a
            restart of Redis, it stays so: those that will say something can read that.
    """
    highest = min(readable, default=written)
    return max(OLDEST, own - 1, min(own, highest))


def load(data: bytes, build: Callable[[Mapping[str, Any]], _T], where: str) -> _T:
    """Read a document with ``build``; raise `IndexUnavailable` naming ``where``."""
    try:
        document = json.loads(data)
        if document["schema"] not in range(OLDEST, READABLE + 1):
            raise IndexUnavailable(
                f"written with schema {document['schema']!r}, and this version reads {SCHEMA}; "
                "update argocd-image-cmp",
                where=where,
            )
        return build(document)
    except (
        ValueError,  # no JSON, no time, another identity
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,  # a number without end
        RecursionError,  # brackets without end
        InvalidImage,
    ) as error:
        raise IndexTorn(
            f"not a whole document of ours ({error.__class__.__name__}: {error}); "
            "run `refresh` to write it anew",
            where=where,
        ) from error


def schema_of(data: bytes) -> int:
    """Return the schema of a document, or 0 where that is none of ours."""
    try:
        return int(json.loads(data)["schema"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return 0


def check_identity(found: object, asked: str) -> None:
    """Refuse, as `build`, a document that is about something else."""
    if found != asked:
        raise ValueError(f"it is about {found!r}, not {asked!r}")


def dump(document: Mapping[str, Any], schema: int = SCHEMA) -> bytes:
    """Write a document, one field a line, so that a person and a diff can read it."""
    return json.dumps({"schema": schema, **document}, indent=1).encode() + b"\n"


def format_time(time: datetime) -> str:
    """Return RFC 3339 in UTC."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """Read RFC 3339; raises ValueError."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
