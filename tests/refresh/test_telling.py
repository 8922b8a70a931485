"""What is done next, by what Argo CD says of an Application and what was done before."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cmp.refresh.change import Change
from cmp.refresh.steps import Done, HardRefresh, Operate, Progress, Step, Wait, WriteSpec
from cmp.refresh.telling import next_step
from cmp.refresh.wanted import Told
from tests.refresh.manifests import (
    APP,
    AUTO,
    HEAL,
    MANUAL,
    NOW,
    SOURCE_ID,
    observed,
    operation,
    wanted,
)

V1 = f"{APP}:v1"
V2 = f"{APP}:v2"
TOLD = Told("d-v1", "p", {"app": V1})
CHANGE = Change(wanted(V2), TOLD, {"app": V1})
NEW_POLICY = Change(wanted(V1, policy="q"), TOLD)
PASSING = "`python -m cmp render` failed exit status 1: the index does not answer"
LASTING = "`python -m cmp render` failed exit status 2: app: not a tag"

REFRESHED = Progress(refreshes=1)
OPERATED = Progress(refreshes=1, operations=1)
COMPARED = Progress(refreshes=2, operations=1, operations_compared=1)
SOON = NOW + timedelta(seconds=1)
JUST_NOW = "2026-11-24T11:59:56Z"
AWHILE_AGO = "2026-11-24T11:59:55Z"


def step(
    progress: Progress = REFRESHED, change: Change = CHANGE, closed: str = "", **given: Any
) -> Step:
    return next_step(observed(**given), change, progress, closed=closed, now=NOW)


@pytest.mark.parametrize(
    ("given", "change", "expected"),
    [
        pytest.param({"deleted": True}, CHANGE, Done(), id="it-is-being-deleted"),
        pytest.param({}, Change(wanted(V1), TOLD), Done(), id="no-news"),
        pytest.param(
            {"reconciled": False}, CHANGE, Wait("Argo CD has not compared it yet"), id="new-app"
        ),
        pytest.param(
            {"asked_for": {"sync": {}}},
            CHANGE,
            Wait("an operation is running"),
            id="an-operation-is-asked-for",
        ),
        pytest.param(
            {"asked_for": operation("d-v2")},
            CHANGE,
            Wait("an operation is running", is_ours=True),
            id="ours-is-asked-for",
        ),
        pytest.param(
            {"phase": "Running"}, CHANGE, Wait("an operation is running"), id="an-operation-runs"
        ),
        pytest.param(
            {"phase": "Terminating", "decisions": "d-v2"},
            CHANGE,
            Wait("an operation is running", is_ours=True),
            id="ours-is-being-stopped",
        ),
        pytest.param({}, CHANGE, HardRefresh(), id="another-image"),
        pytest.param({"sync": MANUAL}, CHANGE, HardRefresh(), id="another-image-without-auto-sync"),
        pytest.param(
            {"refresh": True}, CHANGE, HardRefresh(), id="the-refresh-of-another-is-early"
        ),
        pytest.param({"sync": HEAL}, CHANGE, Operate(is_locked=True), id="self-heal"),
        pytest.param({"sync": HEAL}, NEW_POLICY, HardRefresh(), id="self-heal-same-images"),
        pytest.param(
            {"sync": HEAL, "synced": [V1]},
            Change(wanted(), TOLD, {"app": V1}),
            Operate(is_locked=True),
            id="self-heal-given-back",
        ),
        pytest.param(
            {"sync": HEAL, "error": PASSING}, CHANGE, HardRefresh(), id="self-heal-with-an-error"
        ),
        pytest.param(
            {"sync": HEAL, "synced": [V2]}, CHANGE, HardRefresh(), id="self-heal-has-done-it"
        ),
        pytest.param(
            {"sync": HEAL, "synced": [V1, V2]},
            CHANGE,
            Operate(is_locked=True),
            id="self-heal-has-done-half",
        ),
        pytest.param(
            {"sync": HEAL, "synced": [V1], "decisions": "d-v2"},
            CHANGE,
            HardRefresh(),
            id="self-heal-after-our-operation",
        ),
    ],
)
def test_the_first_step(given: dict[str, Any], change: Change, expected: Step) -> None:
    assert step(Progress(), change, **given) == expected


def test_in_a_closed_window_nothing_is_synced_whatever_self_heal_does() -> None:
    assert step(Progress(), closed="by a window", sync=HEAL) == HardRefresh()


@pytest.mark.parametrize(
    ("progress", "given", "expected"),
    [
        pytest.param(
            REFRESHED,
            {"refresh": True},
            Wait("a refresh is asked for", is_ours=True),
            id="refresh-pending",
        ),
        pytest.param(
            OPERATED,
            {"sync": HEAL, "refresh": True},
            Wait("a refresh is asked for", is_ours=True),
            id="self-heal-operated-once",
        ),
        pytest.param(
            Progress(refreshes=1, not_before=SOON),
            {"error": LASTING},
            Wait(f"Argo CD cannot compare it: {LASTING}"),
            id="not-rendered",
        ),
        pytest.param(
            Progress(refreshes=1, not_before=NOW), {"error": LASTING}, HardRefresh(), id="again"
        ),
        pytest.param(
            Progress(refreshes=1, not_before=NOW + timedelta(hours=6)),
            {"error": LASTING},
            HardRefresh(),
            id="the-clock-went-back",
        ),
        pytest.param(
            Progress(refreshes=1, not_before=SOON),
            {"status": "Unknown"},
            Wait("Argo CD cannot compare it: its status is Unknown"),
            id="not-compared",
        ),
        pytest.param(REFRESHED, {"synced": [V2]}, Done(), id="synced"),
        pytest.param(
            REFRESHED, {"synced": [V1], "running": [V2]}, Done(), id="synced-in-parts-and-runs"
        ),
        pytest.param(OPERATED, {"synced": [V2], "decisions": "d-v2"}, Done(), id="synced-by-us"),
        pytest.param(REFRESHED, {"synced": [], "running": [V2]}, Done(), id="runs"),
        pytest.param(
            REFRESHED,
            {"synced": ["other.test/app:v2", "no image:"]},
            Done(note=f"Argo CD does not list {V2} among the images it synced"),
            id="not-listed",
        ),
        pytest.param(
            Progress(refreshes=1, not_before=SOON),
            {"synced": [V1]},
            Wait(f"it was synced without {V2}"),
            id="an-old-render-won",
        ),
        pytest.param(
            Progress(refreshes=7, not_before=NOW),
            {"synced": [V1]},
            HardRefresh(),
            id="an-old-render-won-again",
        ),
        pytest.param(
            Progress(refreshes=8),
            {"synced": [V1]},
            Done(note=f"Argo CD does not list {V2} among the images it synced"),
            id="an-old-render-won-too-often",
        ),
    ],
)
def test_once_rendered_anew(progress: Progress, given: dict[str, Any], expected: Step) -> None:
    assert step(progress, **given) == expected


@pytest.mark.parametrize(
    ("progress", "given", "expected"),
    [
        pytest.param(
            REFRESHED,
            {"sync": MANUAL},
            Wait("it does not sync by itself: sync it", for_people=True),
            id="manual",
        ),
        pytest.param(REFRESHED, {"sync": AUTO}, Operate(is_locked=False), id="automated"),
        pytest.param(
            OPERATED,
            {"decisions": "d-v2", "finished": JUST_NOW},
            Wait("it is compared", is_ours=True),
            id="operated-just-now",
        ),
        pytest.param(
            REFRESHED, {"finished": JUST_NOW}, Operate(is_locked=False), id="another-ended-just-now"
        ),
        pytest.param(
            OPERATED,
            {"decisions": "d-v2", "finished": AWHILE_AGO},
            HardRefresh(),
            id="operated-and-to-be-compared",
        ),
        pytest.param(
            COMPARED, {"decisions": "d-v2"}, Operate(is_locked=False), id="operated-in-vain"
        ),
        pytest.param(
            Progress(refreshes=4, operations=3, operations_compared=2),
            {"decisions": "d-v2"},
            HardRefresh(),
            id="operated-three-times",
        ),
        pytest.param(
            Progress(refreshes=5, operations=3, operations_compared=3),
            {"decisions": "d-v2"},
            Done(failed=True, note="it is OutOfSync after its sync"),
            id="operated-three-times-in-vain",
        ),
        pytest.param(
            OPERATED,
            {"decisions": "d-v2", "phase": "Failed", "message": "hook failed"},
            Done(failed=True, note="the sync failed: hook failed"),
            id="failed",
        ),
        pytest.param(
            REFRESHED,
            {"decisions": "d-v2", "phase": "Error", "message": "denied"},
            Done(failed=True, note="the sync failed: denied"),
            id="failed-before-we-were-killed",
        ),
        pytest.param(
            REFRESHED,
            {"decisions": "d-v1", "phase": "Failed"},
            Operate(is_locked=False),
            id="the-one-before-failed",
        ),
        pytest.param(
            REFRESHED,
            {"decisions": "d-v2", "finished": JUST_NOW},
            Wait("it is compared", is_ours=True),
            id="operated-just-now-before-we-were-killed",
        ),
        pytest.param(
            OPERATED,
            {"decisions": "d-v2", "finished": "2026-11-24T12:00:04Z"},
            Wait("it is compared", is_ours=True),
            id="operated-just-now-by-a-clock-ahead",
        ),
        pytest.param(
            OPERATED,
            {"decisions": "d-v2", "synced": []},
            Done(note=f"Argo CD does not list {V2} among the images it synced"),
            id="operated-and-not-listed",
        ),
        pytest.param(
            OPERATED, {"sync": HEAL, "decisions": "d-v2"}, Done(), id="self-heal-does-the-rest"
        ),
        pytest.param(
            OPERATED,
            {"sync": HEAL, "decisions": "d-v2", "synced": [V2], "finished": JUST_NOW},
            Wait("Argo CD syncs what is left"),
            id="self-heal-is-at-it",
        ),
        pytest.param(REFRESHED, {"synced": [V2]}, Done(), id="it-is-no-image-that-differs"),
        pytest.param(
            REFRESHED, {"synced": [V2], "sync": MANUAL}, Done(), id="nor-where-it-is-manual"
        ),
    ],
)
def test_out_of_sync(progress: Progress, given: dict[str, Any], expected: Step) -> None:
    assert step(progress, status="OutOfSync", **given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"synced": [V1]}, Operate(is_locked=False)),
        ({"synced": [f"{APP}:git"], "running": [V1]}, Operate(is_locked=False)),
        ({"synced": [f"{APP}:git"]}, Done()),
    ],
)
def test_an_image_that_is_gits_again(given: dict[str, Any], expected: Step) -> None:
    change = Change(wanted(), TOLD, {"app": V1})

    assert step(change=change, status="OutOfSync", **given) == expected


def test_a_new_policy_is_tried_though_the_sync_before_it_failed() -> None:
    found = step(
        change=NEW_POLICY, status="OutOfSync", decisions="d-v1", phase="Failed", synced=[V2]
    )

    assert found == Operate(is_locked=False)


def test_out_of_sync_in_a_closed_window() -> None:
    expected = Wait("no sync within the deny window", for_people=True)

    assert step(closed="within the deny window", status="OutOfSync") == expected


@pytest.mark.parametrize(
    ("change", "given", "expected"),
    [
        pytest.param(Change(wanted(V1), TOLD), {}, False, id="told"),
        pytest.param(CHANGE, {}, True, id="another-image"),
        pytest.param(CHANGE, {"synced": [V2]}, True, id="another-image-that-runs"),
        pytest.param(NEW_POLICY, {}, True, id="another-policy"),
        pytest.param(Change(wanted(), TOLD), {}, True, id="no-image-any-more"),
        pytest.param(Change(wanted(V1), TOLD), {"error": PASSING}, True, id="index-was-away"),
        pytest.param(Change(wanted(V1), TOLD), {"error": LASTING}, False, id="owners-error"),
        pytest.param(
            Change(wanted(V1), TOLD),
            {"error": PASSING.replace("status 1:", "status 137:")},
            False,
            id="render-was-killed",
        ),
        pytest.param(
            Change(wanted(V1), TOLD), {"status": "OutOfSync"}, False, id="told-and-drifts"
        ),
        pytest.param(Change(wanted(V1), None), {}, False, id="unknown-and-runs"),
        pytest.param(Change(wanted(V2), None), {}, True, id="unknown-and-runs-another"),
        pytest.param(
            Change(wanted(V1), None), {"synced": [V1, V2]}, True, id="unknown-and-runs-another-too"
        ),
        pytest.param(
            Change(wanted(V1, V2), None), {"synced": [V1, V2]}, False, id="unknown-and-both-wanted"
        ),
        pytest.param(
            Change(wanted(V1), None), {"status": "OutOfSync"}, True, id="unknown-and-out-of-sync"
        ),
        pytest.param(Change(wanted(V1), None), {"error": LASTING}, True, id="unknown-with-error"),
        pytest.param(Change(wanted(), None), {"status": "OutOfSync"}, False, id="nothing-wanted"),
    ],
)
def test_is_news(change: Change, given: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - of a table
    assert change.is_news(observed(**given)) == expected


@pytest.mark.parametrize(
    ("before", "now", "changes"),
    [
        pytest.param({"app": V1}, [V2], [(V1, V2)], id="another"),
        pytest.param({"app": V2}, [V2], [], id="same"),
        pytest.param({}, [V2], [], id="first-time"),
        pytest.param({"app": V1}, [], [(V1, "")], id="git-has-it-again"),
        pytest.param({"app": V1, "app2": V1}, [V2, V1], [(V1, V2)], id="one-of-two"),
    ],
)
def test_images(before: dict[str, str], now: list[str], changes: list[tuple[str, str]]) -> None:
    assert list(Change(wanted(*now), None, before).images()) == changes


@pytest.mark.parametrize(
    ("before", "done", "after"),
    [
        pytest.param(
            Progress(),
            HardRefresh(),
            Progress(refreshes=1, not_before=NOW + timedelta(seconds=2)),
            id="refresh",
        ),
        pytest.param(
            Progress(refreshes=3, operations=2),
            HardRefresh(),
            Progress(4, 2, 2, NOW + timedelta(seconds=16)),
            id="refresh-after-operations",
        ),
        pytest.param(
            Progress(refreshes=50),
            HardRefresh(),
            Progress(refreshes=51, not_before=NOW + timedelta(minutes=10)),
            id="no-pause-is-longer",
        ),
        pytest.param(
            Progress(refreshes=1, not_before=SOON),
            Operate(is_locked=False),
            Progress(refreshes=1, operations=1, not_before=SOON),
            id="operation",
        ),
        pytest.param(
            Progress(),
            Operate(is_locked=True),
            Progress(refreshes=1, operations=1, not_before=NOW + timedelta(seconds=2)),
            id="operation-and-refresh-in-one",
        ),
    ],
)
def test_progress(before: Progress, done: HardRefresh | Operate, after: Progress) -> None:
    assert before.after(done, NOW) == after


# --- write-back-method: argocd

IN_SPEC = Change(wanted(V2, in_spec={SOURCE_ID: frozenset({"app"})}), TOLD, {"app": V1})
TOLD_IN_SPEC = replace(IN_SPEC, told=IN_SPEC.wanted.told)
LOCK, OLD_LOCK = {"app": "v2"}, {"app": "v1"}
WRITTEN = Progress(refreshes=1, not_before=SOON)
LATE = Progress(refreshes=1, not_before=NOW)
SYNCED = {"synced": [V2], "synced_lock": LOCK}


@pytest.mark.parametrize("sync", [AUTO, HEAL, MANUAL], ids=["automated", "self-heal", "manual"])
@pytest.mark.parametrize("closed", ["", "by a window"])
def test_the_spec_is_written_first(sync: Any, closed: str) -> None:
    assert step(Progress(), IN_SPEC, closed, sync=sync, lock=OLD_LOCK) == WriteSpec()


@pytest.mark.parametrize(
    ("progress", "given", "expected"),
    [
        pytest.param(Progress(), {}, WriteSpec(), id="no-lock-yet"),
        pytest.param(
            Progress(), {"phase": "Running"}, Wait("an operation is running"), id="not-meanwhile"
        ),
        pytest.param(REFRESHED, {"error": LASTING}, WriteSpec(), id="though-it-cannot-be-rendered"),
        pytest.param(Progress(), {"lock": LOCK}, HardRefresh(), id="before-we-were-killed"),
        pytest.param(
            Progress(), {"lock": LOCK, "sync": HEAL}, HardRefresh(), id="killed-with-self-heal"
        ),
        pytest.param(
            WRITTEN,
            {"lock": LOCK, "refresh": True},
            Wait("a refresh is asked for", is_ours=True),
            id="written",
        ),
        pytest.param(
            WRITTEN,
            {"lock": LOCK, "phase": "Running", "synced_lock": LOCK},
            Wait("an operation is running", is_ours=True),
            id="argo-cd-is-at-it",
        ),
        pytest.param(WRITTEN, {"lock": LOCK, **SYNCED}, Done(), id="argo-cd-did-it"),
        pytest.param(WRITTEN, {"lock": OLD_LOCK, **SYNCED}, WriteSpec(), id="somebody-put-it-back"),
    ],
)
def test_in_the_spec(progress: Progress, given: dict[str, Any], expected: Step) -> None:
    assert step(progress, IN_SPEC, **given) == expected


@pytest.mark.parametrize(
    ("progress", "given", "closed", "expected"),
    [
        pytest.param(WRITTEN, {}, "", Wait("Argo CD syncs it", is_ours=True), id="just-now"),
        pytest.param(
            WRITTEN,
            {"sync": HEAL},
            "",
            Wait("Argo CD syncs it", is_ours=True),
            id="just-now-with-self-heal",
        ),
        pytest.param(LATE, {}, "", Operate(is_locked=False), id="argo-cd-does-not"),
        pytest.param(
            LATE, {"sync": HEAL}, "", Operate(is_locked=False), id="nor-does-it-with-self-heal"
        ),
        pytest.param(
            LATE,
            {"sync": MANUAL},
            "",
            Wait("it does not sync by itself: sync it", for_people=True),
            id="manual",
        ),
        pytest.param(
            LATE, {}, "by a window", Wait("no sync by a window", for_people=True), id="closed"
        ),
        pytest.param(
            LATE,
            {"synced_lock": LOCK, "phase": "Failed", "message": "hook failed"},
            "",
            Done(failed=True, note="the sync failed: hook failed"),
            id="argo-cds-sync-failed",
        ),
        pytest.param(
            LATE,
            {"synced_lock": OLD_LOCK, "phase": "Failed", "message": "hook failed"},
            "",
            Operate(is_locked=False),
            id="the-sync-before-failed",
        ),
        pytest.param(
            LATE,
            {"synced_lock": LOCK, "finished": JUST_NOW},
            "",
            Wait("it is compared", is_ours=True),
            id="synced-just-now",
        ),
    ],
)
def test_in_the_spec_and_out_of_sync(
    progress: Progress, given: dict[str, Any], closed: str, expected: Step
) -> None:
    assert step(progress, IN_SPEC, closed, status="OutOfSync", lock=LOCK, **given) == expected


@pytest.mark.parametrize(
    ("change", "given", "expected"),
    [
        pytest.param(TOLD_IN_SPEC, {"lock": LOCK}, False, id="told"),
        pytest.param(TOLD_IN_SPEC, {"lock": OLD_LOCK}, True, id="put-back"),
        pytest.param(TOLD_IN_SPEC, {}, True, id="taken-out"),
        pytest.param(replace(TOLD_IN_SPEC, is_contested=True), {}, False, id="contested"),
    ],
)
def test_a_spec_without_it_is_news(
    change: Change, given: dict[str, Any], *, expected: bool
) -> None:
    assert change.is_news(observed(**given)) == expected


def test_a_contested_spec_is_not_written() -> None:
    change = replace(IN_SPEC, is_contested=True)

    assert step(Progress(), change, sync=HEAL) == Operate(is_locked=True)


# --- a lock in the spec that is not ours: a person's, or left by another write-back-method


@pytest.mark.parametrize(
    ("progress", "given", "expected"),
    [
        pytest.param(Progress(), {"sync": HEAL}, HardRefresh(), id="a-sync-would-not-change-it"),
        pytest.param(
            REFRESHED,
            {"sync": HEAL},
            Done(note="its parameter image-lock has app v1; take that out of the spec"),
            id="it-is-as-the-spec-says",
        ),
        pytest.param(
            REFRESHED,
            {"status": "OutOfSync"},
            Done(note="its parameter image-lock has app v1; take that out of the spec"),
            id="and-nothing-is-synced-for-it",
        ),
    ],
)
def test_what_the_spec_locks_is_not_fought(
    progress: Progress, given: dict[str, Any], expected: Step
) -> None:
    assert step(progress, lock=OLD_LOCK, **given) == expected


def test_what_the_spec_locks_as_it_is_wanted_is_synced() -> None:
    assert step(lock=LOCK, status="OutOfSync") == Operate(is_locked=False)
