"""Whatever Argo CD, people and kills do in between, the wanted image comes to run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cmp.refresh.change import Change
from cmp.refresh.observed import INFO, parse_observed
from cmp.refresh.patches import patch
from cmp.refresh.steps import Done, Progress, Wait
from cmp.refresh.telling import next_step
from cmp.refresh.wanted import Told
from tests.refresh.manifests import (
    APP,
    AUTO,
    HEAL,
    MANUAL,
    NOW,
    SOURCE_ID,
    application,
    wanted,
)

OLDER, OLD, NEW = f"{APP}:v0", f"{APP}:v1", f"{APP}:v2"
BEFORE = {"app": OLD}
KNOWN = Change(wanted(NEW), Told("d-v1", "p", BEFORE), BEFORE)
STATE_LOST = Change(wanted(NEW), None, BEFORE)
IN_SPEC = Change(wanted(NEW, in_spec={SOURCE_ID: frozenset({"app"})}), KNOWN.told, BEFORE)
IN_SPEC_AND_LOST = replace(IN_SPEC, told=None)
LOCK = {"app": "v2"}
_ROUNDS = 60


@dataclass(slots=True)
class ArgoCD:
    """One Application in it, as far as images go; each method is a move that it may make.

    What was measured of the real one: a hard refresh does not have it sync, but by
    self-heal; an operation applies what was rendered last, if it has no source of its own; a
    request made while an operation is there is lost. A changed spec is rendered anew and synced,
    whole, as soon as that may be.
    """

    sync: Mapping[str, Any]
    stale_renders: int = 0
    """So many renders are made without the decision."""
    is_closed: bool = False
    """Its project has a sync window that is closed."""
    now: datetime = NOW
    rendered: str = OLD
    live: str = OLD
    status: str = "Synced"
    refresh: bool = False
    asked_for: dict[str, Any] | None = None
    runs: dict[str, Any] | None = None
    ended: dict[str, Any] = field(default_factory=dict)
    finished: str = "2026-11-24T11:00:00+00:00"
    started_by_us: list[str] = field(default_factory=list)
    """For which decisions."""
    started_while_closed: int = 0
    lock: dict[str, str] | None = None
    synced_lock: dict[str, str] | None = None
    automated: int = 0
    """Syncs that it began itself, but for those in parts."""

    def __post_init__(self) -> None:
        self.reconcile()

    def manifest(self) -> dict[str, Any]:
        manifest = application(
            sync=self.sync,
            status=self.status,
            synced=[self.live],
            phase="Running" if self.runs else "Succeeded",
            finished=self.finished,
            asked_for=self.asked_for,
            refresh=self.refresh,
            lock=self.lock,
            synced_lock=self.synced_lock,
        )
        manifest["status"]["operationState"]["operation"] = self.runs or self.ended
        return manifest

    def take(self, body: dict[str, Any]) -> None:
        """Take in a patch, as the API server does."""
        self.refresh |= "annotations" in body["metadata"]
        if "spec" in body:
            (parameter,) = body["spec"]["source"]["plugin"]["parameters"]
            self.lock = parameter["map"]
        if "operation" in body:
            self.asked_for = body["operation"]
            self.started_by_us.append(_decisions(body["operation"]))
            self.started_while_closed += self.is_closed

    def reconcile(self) -> None:
        if self.refresh:
            self.refresh = False
            self.rendered = OLD if self.stale_renders else NEW
            self.stale_renders = max(0, self.stale_renders - 1)
        if self.lock:
            self.rendered = f"{APP}:{self.lock['app']}"
        self.status = "Synced" if self.live == self.rendered else "OutOfSync"
        idle = self.runs is None and self.asked_for is None
        is_another = self.lock != self.synced_lock and self.status == "OutOfSync"
        if self.sync != MANUAL and idle and is_another and not self.is_closed:
            self.asked_for = {"sync": {}}
            self.automated += 1

    def begin(self) -> None:
        if self.asked_for is not None and self.runs is None:
            self.runs, self.asked_for = self.asked_for, None

    def end(self) -> None:
        if self.runs is not None:
            self.synced_lock = self.lock
            self._apply(NEW if "source" in self.runs["sync"] else self.rendered)
            self.ended, self.runs = self.runs, None

    def heal(self) -> None:
        self.reconcile()
        idle = self.runs is None and self.asked_for is None
        if self.sync == HEAL and idle and not self.is_closed and self.status == "OutOfSync":
            self._apply(self.rendered)
            self.ended = {"sync": {"resources": [{}]}}

    def pass_time(self) -> None:
        self.reconcile()
        self.now += timedelta(seconds=10)

    def open(self) -> None:
        self.is_closed = False

    def _apply(self, image: str) -> None:
        self.live = image
        self.finished = self.now.isoformat()


def _decisions(operation: Mapping[str, Any]) -> str:
    (value,) = (info["value"] for info in operation["info"] if info["name"] == INFO)
    return str(value)


def close(argocd: ArgoCD) -> None:
    argocd.is_closed = True


def somebody_syncs(argocd: ArgoCD) -> None:
    if argocd.asked_for is None and argocd.runs is None:
        argocd.asked_for = {"sync": {}}


def somebody_reverts(argocd: ArgoCD) -> None:
    argocd.lock = None


def somebody_refreshes(argocd: ArgoCD) -> None:
    argocd.refresh = True


class Refresher:
    """Tells Argo CD, step by step, until it is done."""

    def __init__(self, argocd: ArgoCD, change: Change) -> None:
        self.argocd = argocd
        self.change = change
        self.progress = Progress()
        self.done: Done | None = None

    def be_killed(self) -> None:
        self.progress = Progress()

    def step(self) -> None:
        if self.done:
            return
        argocd = self.argocd
        app = parse_observed(argocd.manifest())
        assert app is not None
        closed = "now" if argocd.is_closed else ""
        step = next_step(app, self.change, self.progress, closed=closed, now=argocd.now)
        if isinstance(step, Done):
            self.done = step
        elif not isinstance(step, Wait):
            argocd.take(patch(app, self.change, step, argocd.now))
            self.progress = self.progress.after(step, argocd.now)


Move = Callable[[ArgoCD], None]
_FAIR: Sequence[Move] = (
    ArgoCD.reconcile,
    ArgoCD.begin,
    ArgoCD.end,
    ArgoCD.heal,
    ArgoCD.pass_time,
)
_OTHERS: Sequence[Move] = (somebody_syncs, somebody_refreshes, close, ArgoCD.open)
_OURS: Sequence[Callable[[Refresher], None]] = (Refresher.step, Refresher.step, Refresher.be_killed)


def play(argocd: ArgoCD, moves: Sequence[Any], change: Change = KNOWN, *more: Move) -> Refresher:
    """Make these moves, and then all there are by turns until nothing is left to be done."""
    refresher = Refresher(argocd, change)
    for move in moves:
        move(refresher if move in _OURS else argocd)
    argocd.open()
    for _ in range(_ROUNDS):
        refresher.step()
        for fair in (*more, *_FAIR):
            fair(argocd)
    return refresher


def moves(*of: Sequence[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from([move for kind in of for move in kind]), max_size=40)


_SYNC = st.sampled_from([AUTO, HEAL])
_LIVE = st.sampled_from([OLD, OLDER])
_CHANGE = st.sampled_from([KNOWN, STATE_LOST])


@settings(max_examples=500)
@given(sync=_SYNC, live=_LIVE, made=moves(_OURS, _FAIR, _OTHERS), change=_CHANGE)
def test_the_wanted_image_runs_in_the_end(
    sync: Mapping[str, Any], live: str, made: list[Any], change: Change
) -> None:
    argocd = ArgoCD(sync, live=live)

    refresher = play(argocd, made, change)

    assert refresher.done == Done()
    assert argocd.live == NEW
    assert not argocd.started_while_closed


@settings(max_examples=500)
@given(sync=_SYNC, live=_LIVE, made=moves(_OURS, _FAIR), change=_CHANGE)
@example(AUTO, OLDER, [Refresher.step, Refresher.step, ArgoCD.begin, ArgoCD.end], KNOWN)
def test_one_operation_is_enough(
    sync: Mapping[str, Any], live: str, made: list[Any], change: Change
) -> None:
    argocd = ArgoCD(sync, live=live)

    refresher = play(argocd, made, change)

    assert refresher.done == Done()
    assert argocd.live == NEW
    assert argocd.started_by_us == ["d-v2"]


@settings(max_examples=500)
@given(live=_LIVE, made=moves(_OURS, _FAIR, _OTHERS), change=_CHANGE)
def test_what_does_not_sync_by_itself_is_left_to_people(
    live: str, made: list[Any], change: Change
) -> None:
    argocd = ArgoCD(MANUAL, live=live)

    refresher = play(argocd, made, change, somebody_syncs)

    assert refresher.done == Done()
    assert (argocd.live, argocd.started_by_us) == (NEW, [])


@settings(max_examples=500)
@given(made=moves(_OURS, _FAIR), stale_renders=st.integers(1, 5))
def test_renders_without_the_decision_are_made_anew(made: list[Any], stale_renders: int) -> None:
    argocd = ArgoCD(AUTO, stale_renders)

    refresher = play(argocd, made)

    assert refresher.done == Done()
    assert (argocd.live, argocd.started_by_us) == (NEW, ["d-v2"])


_IN_SPEC = st.sampled_from([IN_SPEC, IN_SPEC_AND_LOST])


@settings(max_examples=500)
@given(sync=_SYNC, live=_LIVE, made=moves(_OURS, _FAIR), change=_IN_SPEC)
def test_argo_cd_syncs_a_written_spec_by_itself(
    sync: Mapping[str, Any], live: str, made: list[Any], change: Change
) -> None:
    argocd = ArgoCD(sync, live=live)

    refresher = play(argocd, made, change)

    assert refresher.done == Done()
    assert (argocd.live, argocd.lock) == (NEW, LOCK)
    assert (argocd.automated, argocd.started_by_us) == (1, [])


@settings(max_examples=500)
@given(
    sync=_SYNC,
    live=_LIVE,
    made=moves(_OURS, _FAIR, (*_OTHERS, somebody_reverts)),
    change=_IN_SPEC,
)
def test_the_wanted_image_runs_in_the_end_by_the_spec_too(
    sync: Mapping[str, Any], live: str, made: list[Any], change: Change
) -> None:
    argocd = ArgoCD(sync, live=live)

    refresher = play(argocd, made, change)

    assert refresher.done == Done()
    assert argocd.live == NEW
    assert not argocd.started_while_closed


@settings(max_examples=500)
@given(live=_LIVE, made=moves(_OURS, _FAIR, _OTHERS), change=_IN_SPEC)
def test_a_written_spec_is_left_to_people_to_sync(
    live: str, made: list[Any], change: Change
) -> None:
    argocd = ArgoCD(MANUAL, live=live)

    refresher = play(argocd, made, change, somebody_syncs)

    assert refresher.done == Done()
    assert (argocd.live, argocd.lock, argocd.started_by_us) == (NEW, LOCK, [])
