"""Telling Argo CD: carries out, Application by Application, what `telling.next_step` says."""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from cmp.backoff import pause_s
from cmp.core.sync_windows import why_closed
from cmp.errors import CmpError
from cmp.refresh.announcements import Announcements
from cmp.refresh.change import Change
from cmp.refresh.cluster import Cluster, ClusterFailed, Conflict, Missing
from cmp.refresh.instruments import Instruments
from cmp.refresh.observed import Observed
from cmp.refresh.patches import application_path, patch
from cmp.refresh.projects import Project
from cmp.refresh.scope import Scope
from cmp.refresh.spec_lock import is_written, pending
from cmp.refresh.spec_writes import SpecWrites
from cmp.refresh.state import ConfigMapState
from cmp.refresh.steps import Action, Done, Operate, Progress, Wait, WriteSpec
from cmp.refresh.telling import next_step
from cmp.refresh.update_log import log_updates
from cmp.refresh.wanted import Told, Wanted
from cmp.refresh.watched import Name, Watched
from cmp.refresh.wishes import Wishes

log = logging.getLogger(__name__)

_NAME = "teller"

_LOOK_EVERY_S = 1.0  # at sync windows and pauses, which no event ends
_SETTLE_S = 0.05  # events come in bursts
_FIRST_RETRY_S = 0.2
_LONGEST_RETRY_S = 60.0
_END_WITHIN_S = 5.0
_SLOT_S = 60.0  # what takes longer no longer keeps others from being told


@dataclass(slots=True)
class _Telling:
    """One Application that is being told."""

    change: Change
    progress: Progress = field(default_factory=Progress)
    waits: Wait | None = None
    """What for, when that was all that could be done."""
    asked_s: float = 0.0
    """When Argo CD was asked for something last."""
    announced: str = ""
    """What people were told it waits for."""
    failures: int = 0
    not_before_s: float = 0.0
    """When it may be tried again after the API server failed."""


class ArgoCD(NamedTuple):
    """How Argo CD is told, and what it says."""

    cluster: Cluster
    applications: Watched[Observed]
    projects: Watched[Project]


class Teller:
    """Tells Argo CD of changed decisions, so many Applications at a time.

    One thread does it all; the methods are for others.
    """

    def __init__(
        self,
        argocd: ArgoCD,
        state: ConfigMapState,
        scope: Scope,
        instruments: Instruments,
    ) -> None:
        """Prepare; `start` begins to work."""
        self._cluster, self._applications, self._projects = argocd
        self._state = state
        self._scope = scope
        self._meter = instruments.meter
        self._health = instruments.health
        self._clock = instruments.clock
        self._announcements = Announcements(self._cluster, instruments)
        self._telling: dict[Name, _Telling] = {}
        self._writes: dict[Name, SpecWrites] = {}
        self._wishes = Wishes()
        self.want, self.wake = self._wishes.want, self._wishes.wake
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=_NAME, daemon=True)

    def start(self) -> None:
        """Begin to work, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the step under way, save what is known, and end.

        An API server that does not answer is not waited for: the next refresher finds out
        what came of the step.
        """
        self._stopping.set()
        self._wishes.awake.set()
        if self._thread.is_alive():
            self._thread.join(_END_WITHIN_S)

    @property
    def is_idle(self) -> bool:
        """Tell whether all is told that can be: what is left waits for people."""
        return self._wishes.is_idle

    def _run(self) -> None:
        looked_s = 0.0
        while not self._stopping.is_set():
            self._health.beat(_NAME)
            self._wishes.awake.wait(_LOOK_EVERY_S)
            self._stopping.wait(_SETTLE_S)
            wanted, changed = self._wishes.take()
            if time.monotonic() >= looked_s + _LOOK_EVERY_S:
                looked_s = time.monotonic()
                changed |= self._telling.keys()
            try:
                self._take_in(wanted, changed)
                self._advance_all(changed)
                self._state.save()
            except CmpError as error:
                log.warning("state not saved", extra={"reason": error})
                self._meter.count("store_errors_total", store="state")
                self._wishes.keep(changed)
                continue
            self._meter.show("pending", len(self._telling))
            is_idle = all(t.waits and not self._is_under_way(t) for t in self._telling.values())
            self._wishes.looked(wanted, is_idle=is_idle)

    def _take_in(self, wanted: Mapping[Name, Wanted], changed: set[Name]) -> None:
        """Begin a telling for each Application that is to run something else than was told."""
        for name in self._telling.keys() - wanted.keys():
            del self._telling[name]
        for name in self._writes.keys() - wanted.keys():
            del self._writes[name]
        for name in wanted.keys() & changed:
            wish, app = wanted[name], self._applications.get(name)
            known = self._telling.get(name)
            if app is None or app.is_deleted:
                continue
            if known and known.change.wanted.told == wish.told:
                known.change = replace(known.change, wanted=wish)  # its texts may be others
                continue
            contested = self._is_contested(name, app, wish)
            change = Change(wish, self._told(app), is_contested=contested)
            # What is told now may have begun to run by itself, when there was nothing before.
            before = (known and known.change.before) or _before(change, app)
            if change.is_news(app):
                self._telling[name] = _Telling(replace(change, before=before))
            else:
                self._telling.pop(name, None)
                if change.told != wish.told:
                    self._remember(app, wish.told)

    def _advance_all(self, changed: set[Name]) -> None:
        for name in list(self._telling.keys() & changed):
            self._health.beat(_NAME)
            telling, app = self._telling[name], self._applications.get(name)
            if self._stopping.is_set():
                return
            if app is None or app.is_deleted:
                del self._telling[name]
            elif time.monotonic() >= telling.not_before_s:
                try:
                    self._advance(name, app, telling)
                except Exception:
                    # A mistake of ours, about one Application; the others are not to wait.
                    log.exception("not told", extra={"application": app.application})
                    self._put_off(telling)

    def _advance(self, name: Name, app: Observed, telling: _Telling) -> None:
        now = self._clock.now()
        project = self._projects.get((self._scope.control_plane, app.project)) or Project()
        closed = why_closed(project.windows, app.destination, now)
        contested = self._is_contested(name, app, telling.change.wanted)
        telling.change = replace(telling.change, is_contested=contested)
        step = next_step(app, telling.change, telling.progress, closed=closed, now=now)
        telling.waits = step if isinstance(step, Wait) else None
        if isinstance(step, Wait):
            if step.for_people and step.why != telling.announced:
                telling.announced = step.why
                self._announcements.waits(app, telling.change, step)
        elif isinstance(step, Done):
            del self._telling[name]
            self._announcements.ended(app, telling.change, step, waited=bool(telling.announced))
            self._remember(app, telling.change.wanted.told)
        elif sum(map(self._is_under_way, self._telling.values())) < self._scope.at_once:
            self._act(name, app, telling, step, now)

    def _is_under_way(self, telling: _Telling) -> bool:
        is_ours = telling.waits is not None and telling.waits.is_ours
        return is_ours and time.monotonic() < telling.asked_s + _SLOT_S

    def _put_off(self, telling: _Telling) -> None:
        wait_s = pause_s(telling.failures, first_s=_FIRST_RETRY_S, longest_s=_LONGEST_RETRY_S)
        telling.failures += 1
        telling.not_before_s = time.monotonic() + wait_s

    def _is_contested(self, name: Name, app: Observed, wanted: Wanted) -> bool:
        """Tell whether somebody else owns its spec; told once to people."""
        writes, now = self._writes.get(name), self._clock.now()
        if writes is None or not wanted.in_spec:
            return False
        if not writes.is_contested(now) and not is_written(app, wanted):
            self._writes[name] = writes = writes.found_without(wanted.decisions, now)
            if writes.is_contested(now):
                self._announcements.contested(app, wanted)
        return writes.is_contested(now)

    def _act(
        self, name: Name, app: Observed, telling: _Telling, step: Action, now: datetime
    ) -> None:
        where = {"application": app.application, "step": type(step).__name__}
        try:
            body = patch(app, telling.change, step, now)
            manifest = self._cluster.merge(application_path(app), body)
        except ClusterFailed as error:
            # After a conflict it is another than was seen, and comes by the watch.
            self._put_off(telling)
            is_other = isinstance(error, Conflict | Missing)
            self._count(step, "conflict" if is_other else "failed")
            if not is_other:
                log.warning("not told yet", extra={**where, "reason": error})
            return
        self._count(step, "done")
        if telling.progress == Progress():
            # From now on what was told before is no longer what Argo CD has.
            self._remember(app, Told(images=telling.change.before))
        telling.failures = 0
        telling.waits = Wait("it was asked for", is_ours=True)
        telling.asked_s = time.monotonic()
        telling.progress = telling.progress.after(step, now)
        self._applications.learn(manifest)
        if isinstance(step, WriteSpec):
            written = self._writes.get(name, SpecWrites())
            self._writes[name] = written.after(telling.change.wanted.decisions, now)
            updates = telling.change.updates()
            log_updates(app.application.name, updates, pending(app, telling.change.wanted))
        log.info("told Argo CD", extra={**where, "decisions": telling.change.wanted.decisions})

    def _count(self, step: Action, result: str) -> None:
        name = "hard_refresh"
        if isinstance(step, WriteSpec):
            name = "write_spec"
        elif isinstance(step, Operate):
            name = "refresh_and_sync" if step.is_locked else "sync"
        self._meter.count("steps_total", step=name, result=result)

    def _instance(self, app: Observed) -> str:
        return app.application.instance(self._scope.control_plane)

    def _told(self, app: Observed) -> Told | None:
        """Return what was told of this very Application, not of one of that name before."""
        told = self._state.told(self._instance(app))
        return replace(told, uid="") if told and told.uid == app.uid else None

    def _remember(self, app: Observed, told: Told) -> None:
        self._state.put_told(self._instance(app), replace(told, uid=app.uid))


def _before(change: Change, app: Observed) -> dict[str, str]:
    """Return what each image was: as it was told, else as it was synced."""
    if change.told is not None and change.told.images:
        return dict(change.told.images)
    deployed = {i.name: app.deployed(i.repository) for i in change.wanted.images}
    return {name: str(images[0]) for name, images in deployed.items() if len(images) == 1}
