"""Whether somebody else owns an Application's spec, and takes away what we write there.

An ApplicationSet or a parent Application with self-heal may put the spec back to what it has in
Git. Writing on would have Argo CD sync for ever; whoever is there first keeps it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

_WITHIN = timedelta(minutes=10)
_AGAIN_AFTER = timedelta(days=1)
CONTESTED = (
    "image-lock was taken out of its spec twice, so it is not written there for a day; have the "
    "owner of the spec leave it (ignoreApplicationDifferences of an ApplicationSet, "
    "ignoreDifferences with RespectIgnoreDifferences of a parent Application), or set "
    "write-back-method: live"
)


@dataclass(frozen=True, slots=True)
class SpecWrites:
    """What was written into one spec of late."""

    decisions: str = ""
    """For which the lock was that was written last."""
    times: tuple[datetime, ...] = ()
    """When it was, of late."""
    contested_at: datetime | None = None

    def after(self, decisions: str, now: datetime) -> "SpecWrites":
        """Return the same once the lock for some decisions was written."""
        recent = self.times if decisions == self.decisions else ()
        return SpecWrites(decisions, (*(t for t in recent if now - t <= _WITHIN), now))

    def found_without(self, decisions: str, now: datetime) -> "SpecWrites":
        """Return the same once the spec was found not to have the lock for some decisions."""
        recent = [time for time in self.times if now - time <= _WITHIN]
        if self.is_contested(now) or decisions != self.decisions or len(recent) < 2:  # noqa: PLR2004 - once may be a mistake
            return self
        return replace(self, contested_at=now)

    def is_contested(self, now: datetime) -> bool:
        """Tell whether the spec is not to be written now."""
        return self.contested_at is not None and now - self.contested_at < _AGAIN_AFTER
