"""The steps by which Argo CD is told of a change, and how many of them were done."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

_FIRST_PAUSE = timedelta(seconds=2)
_LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class HardRefresh:
    """Have the manifests rendered anew."""

    @property
    def refreshes(self) -> bool:
        """It asks for a hard refresh."""
        return True


@dataclass(frozen=True, slots=True)
class Operate:
    """Sync all of it."""

    is_locked: bool
    """In one with a hard refresh, the sources having the wanted images as a parameter."""

    @property
    def refreshes(self) -> bool:
        """It asks for a hard refresh."""
        return self.is_locked


@dataclass(frozen=True, slots=True)
class WriteSpec:
    """Write the wanted images into the spec; Argo CD syncs a changed spec by itself.

    In one with a hard refresh: of a lock that was there before Argo CD has cached what it was
    rendered to then, or that it could not be.
    """

    @property
    def refreshes(self) -> bool:
        """It asks for a hard refresh."""
        return True


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be done until the Application changes, or a time has come."""

    why: str
    is_ours: bool = False
    """Argo CD is at what we asked for: there are only so many of these at a time."""
    for_people: bool = False
    """It takes a person, or a sync window, to go on."""


@dataclass(frozen=True, slots=True)
class Done:
    """Argo CD took what is wanted, or never will."""

    failed: bool = False
    note: str = ""


Action = HardRefresh | Operate | WriteSpec
Step = Action | Wait | Done


@dataclass(frozen=True, slots=True)
class Progress:
    """What this process has done for one change so far."""

    refreshes: int = 0
    operations: int = 0
    operations_compared: int = 0
    """How many of them had ended when the last refresh was asked for."""
    not_before: datetime | None = None
    """When the next refresh may be, should one more be needed."""

    def is_early(self, now: datetime) -> bool:
        """Tell whether the next refresh is not to be yet; no clock that went back is waited for."""
        return self.not_before is not None and now < self.not_before <= now + _LONGEST_PAUSE

    def after(self, step: Action, now: datetime) -> "Progress":
        """Return the progress once ``step`` was done."""
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self.refreshes, 10))
        refreshes = self.refreshes + step.refreshes
        return replace(
            self,
            refreshes=refreshes,
            operations=self.operations + isinstance(step, Operate),
            operations_compared=self.operations,
            not_before=now + pause if refreshes > self.refreshes else self.not_before,
        )
