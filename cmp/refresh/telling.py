"""What to do next so that Argo CD runs what is wanted: design §6 as a pure function.

Nothing is remembered but what `Progress` holds; everything else is read from the Application
each time. A refresher that is killed between two steps goes on from what it finds.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cmp.refresh.observed import Observed
from cmp.refresh.spec_lock import given_by_spec, is_written
from cmp.refresh.update_log import Updated
from cmp.refresh.wanted import Told, Wanted, WantedImage

_FIRST_PAUSE = timedelta(seconds=2)
_LONGEST_PAUSE = timedelta(minutes=10)
# For one change; more would not help.
_MOST_OPERATIONS = 3
_MOST_REFRESHES = 8
# From the end of a sync until Argo CD has compared what it came to, which it does at once.
_COMPARED_WITHIN = timedelta(seconds=5)
_HEALED_WITHIN = timedelta(minutes=1)
# Our own words in Argo CD's error: the index did not answer, which passes.
_PASSING = re.compile(r"-m cmp render` failed exit status 1\b")


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
class Change:
    """What an Application is to be told."""

    wanted: Wanted
    told: Told | None
    """What it was told before; None where nothing is known of that."""
    before: Mapping[str, str] = field(default_factory=dict)
    """References by the images' names, of what ran when it was first looked at."""
    is_contested: bool = False
    """Somebody else owns the spec: it is not written."""

    @property
    def in_spec(self) -> bool:
        """Tell whether the images are to stand in the spec."""
        return bool(self.wanted.in_spec) and not self.is_contested

    @property
    def other_images(self) -> bool:
        """Tell whether other images are wanted than were told."""
        return self.told is None or self.told.decisions != self.wanted.decisions

    def is_news(self, app: Observed) -> bool:
        """Tell whether Argo CD has to be told anything.

        Where it is not known what it was told, as after the loss of the state, what it
        reports as synced decides.
        """
        if _PASSING.search(app.error):
            return True
        if self.in_spec and not is_written(app, self.wanted):
            return True
        if self.told is not None:
            told = (self.told.decisions, self.told.policy)
            return told != (self.wanted.decisions, self.wanted.policy)
        if not self.wanted.images:
            return False
        return app.sync_status != "Synced" or bool(app.error) or not runs(app, self.wanted.images)

    def updates(self) -> tuple[Updated, ...]:
        """Return each image that is another.

        One that never ran before has not changed; one that is Git's again has no reference.
        """
        now = {image.name: image.reference for image in self.wanted.images}
        found = (Updated(name, before, now.get(name, "")) for name, before in self.before.items())
        return tuple(update for update in found if update.before != update.after)

    def images(self) -> tuple[tuple[str, str], ...]:
        """Return (reference before, reference now) of each image that is another."""
        return tuple((update.before, update.after) for update in self.updates())


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


def next_step(
    app: Observed, change: Change, progress: Progress, *, closed: str, now: datetime
) -> Step:
    """Return what to do next for an Application.

    Args:
        app: as it is now.
        change: what it is to be told.
        progress: what was done for this change.
        closed: why its project's sync windows allow no automated sync now, or nothing.
        now: the time.
    """
    if app.is_deleted or (progress == Progress() and not change.is_news(app)):
        return Done()
    first = _busy(app, change) or _write(app, change) or _render_anew(app, change, progress, closed)
    if first:
        return first
    if app.error or app.sync_status == "Unknown":
        why = app.error or "its status is Unknown"
        return _again(progress, f"Argo CD cannot compare it: {why}", now)
    if not change.in_spec and (given := given_by_spec(app, change.wanted)):
        return Done(note=f"its parameter image-lock has {given}; take that out of the spec")
    if app.sync_status == "OutOfSync":
        return _out_of_sync(app, change, progress, closed, now)
    return _compared(app, change, progress, now)


def _busy(app: Observed, change: Change) -> Wait | None:
    """Return what Argo CD is at that has to end first."""
    if not app.is_reconciled:
        return Wait("Argo CD has not compared it yet")
    if not app.operation.is_over:
        return Wait("an operation is running", is_ours=_is_ours(app, change))
    return None


def _write(app: Observed, change: Change) -> WriteSpec | None:
    """Return the step by which the spec has what is wanted; None when it does, or is not to.

    Whatever the sync windows say: that is what the owner has Argo CD sync when one opens.
    """
    is_due = change.in_spec and not is_written(app, change.wanted)
    return WriteSpec() if is_due else None


def _render_anew(app: Observed, change: Change, progress: Progress, closed: str) -> Step | None:
    """Return the step by which what is wanted is rendered; None when it was."""
    heals = app.sync.automated and app.sync.self_heal and not closed and not app.error
    if heals and not change.in_spec and not given_by_spec(app, change.wanted):
        # A hard refresh by itself would have Argo CD sync in parts, without hooks.
        synced = progress.operations or _is_ours(app, change)
        if change.other_images and not synced and _is_behind(app, change):
            return Operate(is_locked=True)
    if not progress.refreshes:
        return HardRefresh()
    return Wait("a refresh is asked for", is_ours=True) if app.refresh_pending else None


def _out_of_sync(
    app: Observed, change: Change, progress: Progress, closed: str, now: datetime
) -> Step:
    """Return the step for one that was rendered anew, and is not what was rendered."""
    if _has_failed(app, change, progress):
        return Done(failed=True, note=f"the sync failed: {app.operation.message}")
    if app.sync.self_heal and progress.operations and _is_recent(app, now, _HEALED_WITHIN):
        return Wait("Argo CD syncs what is left")
    if not _is_behind(app, change):
        return Done()  # what differs is no image, and nobody's business here
    if not app.sync.automated:
        return Wait("it does not sync by itself: sync it", for_people=True)
    if closed:
        return Wait(f"no sync {closed}", for_people=True)
    return _not_synced(app, change, progress, now)


def _not_synced(app: Observed, change: Change, progress: Progress, now: datetime) -> Step:
    """Return the step for one whose images are behind, and that may be synced."""
    synced = progress.operations or (_is_ours(app, change) and change.other_images)
    if synced and _is_recent(app, now, _COMPARED_WITHIN):
        return Wait("it is compared", is_ours=True)
    if change.in_spec and not synced:
        # Argo CD does so at once; not where it did before, with this very spec.
        is_early = progress.is_early(now)
        return Wait("Argo CD syncs it", is_ours=True) if is_early else Operate(is_locked=False)
    if app.sync.self_heal or (synced and not _older(app, change.wanted)):
        # With self-heal what is left to do Argo CD does.
        return Done(note="" if app.sync.self_heal else _not_listed(app, change.wanted))
    # Once more where another replica's render was synced, begun before the decision was there.
    if progress.operations_compared < progress.operations:
        return HardRefresh()
    if progress.operations >= _MOST_OPERATIONS:
        return Done(failed=True, note="it is OutOfSync after its sync")
    return Operate(is_locked=False)


def _has_failed(app: Observed, change: Change, progress: Progress) -> bool:
    """Tell whether a sync for this very change, not for one before it, has failed."""
    is_for_it = progress.operations > 0 or change.other_images
    return is_for_it and _is_ours(app, change) and app.operation.phase != "Succeeded"


def _is_recent(app: Observed, now: datetime, within: timedelta) -> bool:
    ended = app.operation.finished_at
    return ended is not None and abs(now - ended) < within


def _compared(app: Observed, change: Change, progress: Progress, now: datetime) -> Step:
    """Return the step for one that is as it was rendered last."""
    older = _older(app, change.wanted)
    if older and progress.refreshes < _MOST_REFRESHES:
        return _again(progress, f"it was synced without {', '.join(older)}", now)
    return Done(note=_not_listed(app, change.wanted))


def _not_listed(app: Observed, wanted: Wanted) -> str:
    names = ", ".join(image.reference for image in wanted.images if not _is_there(app, image))
    return f"Argo CD does not list {names} among the images it synced" if names else ""


def _again(progress: Progress, why: str, now: datetime) -> Step:
    return Wait(why) if progress.is_early(now) else HardRefresh()


def _is_ours(app: Observed, change: Change) -> bool:
    """Tell whether the last operation is for what is wanted: ours, or that of a spec we wrote."""
    wanted, operation = change.wanted, app.operation
    if not wanted.decisions:
        return False
    is_of_spec = change.in_spec and is_written(app, wanted) and operation.locks == app.locks
    return operation.decisions == wanted.decisions or is_of_spec


def _is_behind(app: Observed, change: Change) -> bool:
    """Tell whether an image is not as wanted: another, or still there when Git's is wanted."""
    given_back = (before for before, after in change.images() if not after)
    return not runs(app, change.wanted.images) or any(map(app.has, given_back))


def runs(app: Observed, images: Collection[WantedImage]) -> bool:
    """Tell whether all that is wanted was synced, and nothing else of its repositories."""
    return all(
        _is_there(app, image)
        and all(
            any(other.is_among((deployed,)) for other in _same_repository(images, image))
            for deployed in app.deployed(image.repository)
        )
        for image in images
    )


def _older(app: Observed, wanted: Wanted) -> list[str]:
    """Return what is wanted and not there, while another image of its repository is."""
    return [
        image.reference
        for image in wanted.images
        if not _is_there(app, image) and app.deployed(image.repository)
    ]


def _is_there(app: Observed, image: WantedImage) -> bool:
    """Tell whether an image was synced last, or runs."""
    return image.is_among(app.seen(image.repository))


def _same_repository(images: Iterable[WantedImage], image: WantedImage) -> list[WantedImage]:
    return [other for other in images if other.repository == image.repository]
