"""What a repository held, and when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cmp.core.image import Repository
from cmp.core.policy import wants_platform
from cmp.core.reasons import ADMITTED, Reason

_MOST_GONE = 20_000  # the last that came
_AFTER = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a repository; all but its name only as far as it is known."""

    name: str
    first_seen: datetime | None = None
    """When our own listing showed it first: a clock that no publisher can set."""
    digest: str | None = None
    """Of the manifest or index that the tag named when it was last looked at."""
    created: Mapping[str, datetime] = field(default_factory=dict)
    """By platform, from the image configuration: what the publisher's build says."""
    kind: str = ""
    """``image``, or what else the manifest describes; ``missing`` where the registry lists a
    tag and has no manifest for it; empty while nobody has looked."""
    unread: tuple[str, ...] = ()
    """The platforms it is built for whose times nobody wanted to know when it was read."""
    looked_at: datetime | None = None
    """When somebody asked last what it names, to a day."""

    @property
    def why_no_image(self) -> Reason:
        """Why it can be no candidate, by what its manifest describes; empty while it can."""
        if self.kind == "artifact":
            return Reason(f"no image but an {self.kind}", "kind")
        return ADMITTED

    def is_read(self, platforms: tuple[str, ...]) -> bool:
        """Tell whether all is known of it that can be, for any of ``platforms``."""
        return bool(self.kind) and not any(wants_platform(platforms, p) for p in self.unread)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The complete list of a repository's tags at one moment."""

    repository: Repository
    listed_at: datetime
    tags: Mapping[str, Tag]
    generation: int = 0
    """Of the store, when this last changed."""
    gone: Mapping[str, datetime] = field(default_factory=dict)
    """Tags that were listed once, with when they were seen first: they may come back, and that
    time never moves."""
    pages: tuple[tuple[str, str], ...] = ()
    """The URL of each page of the listing with its entity tag: it may be asked if they changed."""


def listed(
    repository: Repository, names: Iterable[str], now: datetime, old: Snapshot | None
) -> Snapshot:
    """Return the snapshot of a complete listing: what is known of tags seen before stays.

    A tag that is new was seen after all others, whatever the clock says: had it jumped back,
    all that is pushed would count as older than what is chosen.
    """
    if old is None:
        return Snapshot(repository, now, {name: Tag(name, now) for name in sorted(names)})
    seen = {
        **old.gone,
        **{name: tag.first_seen for name, tag in old.tags.items() if tag.first_seen},
    }
    newest = max(seen.values(), default=None)
    seen_now = now if newest is None or now > newest else newest + _AFTER
    tags = {
        name: old.tags.get(name) or Tag(name, old.gone.get(name, seen_now))
        for name in sorted(names)
    }
    gone = sorted(((time, name) for name, time in seen.items() if name not in tags), reverse=True)
    kept = {name: time for time, name in gone[:_MOST_GONE]}
    return Snapshot(repository, now, tags, old.generation, gone=kept)
