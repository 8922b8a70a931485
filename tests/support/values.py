"""Short ways to the core's values."""

from collections.abc import Mapping
from datetime import UTC, datetime

from cmp.core.image import Repository
from cmp.core.policy import Policy
from cmp.core.record import Recorded
from cmp.core.snapshot import Snapshot, Tag

REPOSITORY = Repository.parse("registry.test/team/app")
DIGEST = f"sha256:{'1' * 64}"
OTHER_DIGEST = f"sha256:{'2' * 64}"


def day(number: int) -> datetime:
    """Return noon of a day in January 2026."""
    return datetime(2026, 1, number, 12, tzinfo=UTC)


def built(name: str, created: Mapping[str, int], *, unread: tuple[str, ...] = ()) -> Tag:
    """Return a tag with the days on which it was built, by platform."""
    return Tag(
        name,
        first_seen=day(1),
        created={platform: day(number) for platform, number in created.items()},
        unread=unread,
        kind="image",
    )


def snapshot(*tags: Tag | str, repository: Repository = REPOSITORY) -> Snapshot:
    """Return a snapshot of these tags, of some only the names being known."""
    known = [tag if isinstance(tag, Tag) else Tag(tag, first_seen=day(1)) for tag in tags]
    return Snapshot(repository, listed_at=day(31), tags={tag.name: tag for tag in known})


def recorded(
    tag: str,
    policy: Policy,
    *,
    digest: str = "",
    created: datetime | None = None,
    repository: Repository = REPOSITORY,
) -> Recorded:
    """Return an earlier decision for ``tag``, made under ``policy``."""
    fingerprint = policy.fingerprint()
    return Recorded(
        id="d-1",
        repository=repository,
        tag=tag,
        digest=digest,
        fingerprint=fingerprint,
        chosen_under=policy.floor_key(),
        since=day(10),
        why="chosen before",
        created=created,
    )
