"""The refresher in a cluster: passes on an interval and whenever an Application changes."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from cmp.backoff import pause_s
from cmp.core.image import Repository
from cmp.errors import CmpError, IndexUnavailable
from cmp.index.protocols import Store
from cmp.refresh import cycle
from cmp.refresh.basis import Basis
from cmp.refresh.cluster import Cluster
from cmp.refresh.forgetting import Forgetting
from cmp.refresh.heard import Heard
from cmp.refresh.instruments import Instruments
from cmp.refresh.listing import RegistryAccess
from cmp.refresh.observed import Observed, parse_observed
from cmp.refresh.outlets import BeginGit, Outlets, Results
from cmp.refresh.passes import Pass, Summary
from cmp.refresh.plan import plan, policies
from cmp.refresh.projects import Project, parse_project
from cmp.refresh.registries import Configured
from cmp.refresh.scope import OFF, Scope
from cmp.refresh.spec_lock import without_locks
from cmp.refresh.state import ConfigMapState, CopiedState
from cmp.refresh.touches import Touches, repositories_of
from cmp.refresh.turns import Turns
from cmp.refresh.watched import Kind, Name, Watched

if TYPE_CHECKING:
    from datetime import datetime

    from cmp.core.application import Application

log = logging.getLogger(__name__)

_JITTER = 0.1  # of the interval, either way
_SETTLE_S = 0.2  # an owner's changes come in bursts
_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 60.0
_SIGN_EVERY_S = 5.0  # of life
_NAME = "controller"
_TOLD_WITHIN_S = 600.0  # with --once


class Edges(NamedTuple):
    """What a refresher reads and writes."""

    cluster: Cluster
    registries: Configured
    access: RegistryAccess
    store: Store
    git: BeginGit


class Controller:
    """One refresher, from its start to its end."""

    def __init__(
        self,
        edges: Edges,
        scope: Scope,
        instruments: Instruments,
    ) -> None:
        """Prepare; `run` does all the rest."""
        cluster, store = edges.cluster, edges.store
        self._registries, self._access = edges.registries, edges.access
        self._meter = instruments.meter
        self._health = instruments.health
        self._lags = instruments.lags
        self._clock = instruments.clock
        self._store = store
        self._scope = scope
        self._state = ConfigMapState(cluster, scope.control_plane)
        self._changed: set[Name] = set()
        self._awake = threading.Event()
        self.stopping = threading.Event()
        """Set when it is to end."""
        self._lock = threading.Lock()
        self._status = 0
        self._written: dict[Name, tuple[Application, datetime | None]] = {}
        self._turns = Turns(scope.interval.total_seconds())
        self.touches = Touches(store)
        """Takes what is to be looked at now, also before `run`."""
        namespaces = tuple(dict.fromkeys((scope.control_plane, *scope.application_namespaces)))
        self._applications = Watched[Observed](
            cluster,
            Kind("applications"),
            namespaces,
            partial(parse_observed, natives=scope.native != OFF),
            self._on_application,
        )
        self._projects = Watched[Project](
            cluster,
            Kind("appprojects"),
            (scope.control_plane,),
            parse_project,
            self._on_project,
        )
        self._heard = Heard(cluster, scope.control_plane, self._on_said)
        self._watched = (self._applications, self._projects, self._heard)
        self._forgetting = Forgetting(self._state, self._heard, store, scope.forget_after)
        self._outlets = Outlets(
            Basis(cluster, self._applications, self._projects, self._heard, self._state, store),
            scope,
            instruments,
            self.stopping,
            edges.git,
        )
        self._meter.show("leader", 0)

    def stop(self) -> None:
        """Finish what is under way, and end `run`; may be called from a signal handler."""
        self.stopping.set()
        self._access.stop()
        self._awake.set()

    def abandon(self) -> None:
        """End `run` with status 1: another does the work from now on."""
        self._status = 1
        self.stop()

    def fail(self, failure: threading.ExceptHookArgs) -> None:
        """End `run` with status 1: a thread died of a mistake of ours."""
        given = (failure.exc_type, failure.exc_value, failure.exc_traceback)
        log.error("a thread died", exc_info=given)  # type: ignore[arg-type] # its value is there
        self.abandon()

    def run(self, *, once: bool) -> int:
        """Serve until `stop` is called, or ``once`` all is told; return the exit status."""
        self._meter.show("leader", 1)
        self._health.lead()
        self.touches.lead(self._awake.set)
        if self._scope.webhook and not (once or self._scope.dry_run):
            follow = (self.stopping, lambda: self._failed("index"))
            threading.Thread(
                target=self.touches.follow, args=follow, name="touches", daemon=True
            ).start()
        for watched in self._watched:
            watched.start()
        try:
            if self._begin(once=once):
                self._outlets.refuse_rivals()
                self._serve(once=once)
        finally:
            for watched in self._watched:
                watched.stop()
            self._outlets.stop(leads=self._status == 0)
        return self._status

    def _begin(self, *, once: bool) -> bool:
        """Wait until all Applications and the state are known; false when it is to end before."""
        while not all(watched.is_ready for watched in self._watched):
            self._health.beat(_NAME)
            if self.stopping.wait(0.05):
                return False
        failures = 0
        while not self.stopping.is_set():
            try:
                self._state.load()
                if not self._scope.dry_run:
                    self._heard.ensure()
            except CmpError as error:
                log.warning("state not read", extra={"reason": error})
                self._failed("state")
                self._health.beat(_NAME)
                failures += 1
                self.stopping.wait(_retry_s(failures))
            else:
                if not self._scope.dry_run:
                    self._outlets.start(once=once)
                return True
        return False

    def _serve(self, *, once: bool) -> None:
        due_s, failures = 0.0, 0
        while not self.stopping.is_set():
            self._health.beat(_NAME)
            with self._lock:
                changed, self._changed = self._changed, set()
            touched, known = self.touches.take(), self._turns.known
            self._turns.touch(
                repositories_of(touched, known, self._registries.last, self._repositories_of)
            )
            whole = time.monotonic() >= due_s
            # After a pass that failed the next is a whole one, and not before its time.
            is_touched = not failures and time.monotonic() >= self._turns.next_s
            if changed or whole or is_touched:
                try:
                    summary = self._pass(changed, whole=whole)
                except CmpError as error:
                    self._report_failed(error)
                    failures += 1
                    due_s = time.monotonic() + _retry_s(failures)
                else:
                    failures = 0
                    self._health.passed()
                    due_s = time.monotonic() + self._interval_s() if whole else due_s
                    if once:
                        self._status = summary.exit_status
                        self._wait_until_told()
                        return
            next_s = due_s if failures else min(due_s, self._turns.next_s)
            self._awake.wait(min(max(0.0, next_s - time.monotonic()), _SIGN_EVERY_S))
            if self._awake.is_set():
                self.stopping.wait(_SETTLE_S)
                self._awake.clear()

    def _repositories_of(self, name: Name) -> Iterable[Repository]:
        app = self._applications.get(name)
        return policies(plan((app.application,), self._scope.control_plane)) if app else ()

    def _failed(self, store: str) -> None:
        self._meter.count("store_errors_total", store=store)

    def _report_failed(self, error: CmpError) -> None:
        if self.stopping.is_set():
            log.info("pass not finished", extra={"reason": error})
            return
        log.warning("pass failed", extra={"reason": error})
        self._meter.count("passes_total", result="failed")
        self._failed("index" if isinstance(error, IndexUnavailable) else "state")
        self._health.passed(f"the last pass failed: {error}")

    def _wait_until_told(self) -> None:
        until_s = time.monotonic() + _TOLD_WITHIN_S
        while not (self._scope.dry_run or self.stopping.is_set() or self._outlets.is_idle):
            if time.monotonic() > until_s:
                log.warning("not all was told", extra={"within": f"{_TOLD_WITHIN_S:g} s"})
                self._status = 1
                return
            self.stopping.wait(_SETTLE_S)

    def _interval_s(self) -> float:
        jitter = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - spreads load
        return self._scope.interval.total_seconds() * jitter

    def _pass(self, changed: Iterable[Name], *, whole: bool) -> Summary:
        """List, decide and publish; not ``whole``: list only what changed, or was pushed to."""
        began_s = time.monotonic()
        observed = self._applications.all()
        control_plane = self._scope.control_plane
        applications = {name: app.application for name, app in observed.items()}
        plans = plan(applications.values(), control_plane)
        theirs = (applications[name] for name in applications.keys() & changed)
        repositories = policies(plans).keys()
        self._turns.know(repositories, began_s)
        due = self._turns.begin(
            frozenset(policies(plan(theirs, control_plane))), began_s, whole=whole
        )
        by_instance = {
            app.application.instance(control_plane): (name, app) for name, app in observed.items()
        }
        said = self._heard.of(by_instance)
        asked = Pass(
            plans,
            self._clock.now().replace(microsecond=0),
            self._registries.current() if whole else self._registries.last,
            {instance: app.deployed for instance, (_, app) in by_instance.items()},
            frozenset(repositories - due.keys()),
            has_all=self._applications.is_complete,
            natives=frozenset(i for i, (_, app) in by_instance.items() if app.is_native),
            instructions=said.told,
            unreadable=said.unreadable,
            forgotten=self._forgetting.documents(by_instance, repositories)
            if whole and self._applications.is_complete
            else frozenset(),
        )
        state = CopiedState(self._state, self._store)
        summary, records = cycle.run(
            asked, self._access, self._store, state, dry_run=self._scope.dry_run
        )
        if not self._scope.dry_run:
            self._heard.end(summary.ended)
        self._forgetting.keep(records.values())
        names = {instance: name for instance, (name, _) in by_instance.items()}
        results = Results.of(plans, records, names, asked.natives)
        self._meter.listed(cause for cause, _ in due.values())
        images = (image for wish in results.plugins.values() for image in wish.images)
        self._lags.begin(images, asked.now, {r: due[r] for r in due.keys() & summary.news})
        self._turns.end(due, summary.answered, summary.news, time.monotonic())
        if self._applications.is_complete:
            self._forgetting.applications(by_instance.keys())
        manifest = None if self._scope.dry_run else self._store.manifest()
        kind = "whole" if whole else "part"
        self._meter.passed(summary, manifest, kind, time.monotonic() - began_s)
        level = logging.INFO if whole or summary.changed else logging.DEBUG
        log.log(level, "refreshed", extra=summary.counts)
        self._outlets.tell(results, observed, manifest, whole=whole)
        return summary

    def _on_application(self, name: Name) -> None:
        """Begin a pass when what an owner wrote has changed, or something was rolled back."""
        app = self._applications.get(name)
        written = (without_locks(app.application), app.rolled_back_at) if app else None
        with self._lock:
            if written is None:
                self._written.pop(name, None)
            elif self._written.get(name) != written:
                self._written[name] = written
                self._changed.add(name)
                self._awake.set()
        self._outlets.wake(name)

    def _on_said(self, is_other: Callable[[str], bool]) -> None:
        """Begin a pass for the Applications of which people have said something."""
        with self._lock:
            for name, (application, _) in self._written.items():
                if is_other(application.instance(self._scope.control_plane)):
                    self._changed.add(name)
                    self._awake.set()

    def _on_project(self, _: Name) -> None:
        """Do nothing: the teller looks at sync windows every second."""


def _retry_s(failures: int) -> float:
    return pause_s(failures, first_s=_FIRST_RETRY_S, longest_s=_LONGEST_RETRY_S)
