"""What to do next so that Argo CD runs what is wanted: design §6 as a pure function.

Nothing is remembered but what `Progress` holds; everything else is read from the Application
each time. A refresher that is killed between two steps goes on from what it finds.
"""

from datetime import datetime, timedelta

from cmp.refresh.change import Change
from cmp.refresh.observed import Observed
from cmp.refresh.running import not_listed, older, runs
from cmp.refresh.spec_lock import given_by_spec, is_written
from cmp.refresh.steps import Done, HardRefresh, Operate, Progress, Step, Wait, WriteSpec

# For one change; more would not help.
_MOST_OPERATIONS = 3
_MOST_REFRESHES = 8
# From the end of a sync until Argo CD has compared what it came to, which it does at once.
_COMPARED_WITHIN = timedelta(seconds=5)
_HEALED_WITHIN = timedelta(minutes=1)


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
    if app.sync.self_heal or (synced and not older(app, change.wanted)):
        # With self-heal what is left to do Argo CD does.
        return Done(note="" if app.sync.self_heal else not_listed(app, change.wanted))
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
    behind = older(app, change.wanted)
    if behind and progress.refreshes < _MOST_REFRESHES:
        return _again(progress, f"it was synced without {', '.join(behind)}", now)
    return Done(note=not_listed(app, change.wanted))


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
