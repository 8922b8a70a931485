"""The refresher in a cluster: passes on an interval and whenever an Application changes."""

import logging
import random
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cmp.backoff import pause_s
from cmp.core.image import Repository
from cmp.core.sync_windows import SyncWindow, parse_sync_windows
from cmp.errors import CmpError
from cmp.index.protocols import Store
from cmp.refresh import cycle
from cmp.refresh.cluster import Cluster
from cmp.refresh.events import event
from cmp.refresh.forgetting import Unused
from cmp.refresh.listing import RegistryAccess
from cmp.refresh.mirrors import Mirrors
from cmp.refresh.observed import Observed, parse_observed
from cmp.refresh.passes import Pass, Summary
from cmp.refresh.plan import plan, policies
from cmp.refresh.registries import Configured
from cmp.refresh.scope import Scope
from cmp.refresh.spec_lock import without_locks
from cmp.refresh.state import ConfigMapState
from cmp.refresh.teller import Teller, create_event
from cmp.refresh.upgrades import Upgrades
from cmp.refresh.wanted import Wanted, wanted_by
from cmp.refresh.watched import Name, Watched

if TYPE_CHECKING:
    from cmp.core.application import Application

log = logging.getLogger(__name__)

_JITTER = 0.1  # of the interval, either way
_SETTLE_S = 0.2  # an owner's changes come in bursts
_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 60.0
_SOON_S = 10.0  # nobody makes us list a repository more often than that
_TOLD_WITHIN_S = 600.0  # with --once


class Controller:
    """One refresher, from its start to its end."""

    def __init__(
        self,
        cluster: Cluster,
        registries: Configured,
        access: RegistryAccess,
        store: Store,
        scope: Scope,
    ) -> None:
        """Prepare; `run` does all the rest."""
        self._registries = registries
        self._access = access
        self._store = store
        self._scope = scope
        self._cluster = cluster
        self._state = ConfigMapState(cluster, scope.control_plane)
        self._changed: set[Name] = set()
        self._awake = threading.Event()
        self.stopping = threading.Event()
        """Set when it is to end."""
        self._lock = threading.Lock()
        self._status = 0
        self._written: dict[Name, Application] = {}
        self._held: dict[tuple[Name, str], str] = {}
        self._listed_s: dict[Repository, float] = {}
        self._gone = Unused[str]()
        self._unused = Unused[tuple[str, str]]()
        self._recorded: frozenset[Repository] = frozenset()
        """Repositories of which something is chosen."""
        namespaces = tuple(dict.fromkeys((scope.control_plane, *scope.application_namespaces)))
        self._applications = Watched[Observed](
            cluster, "applications", namespaces, parse_observed, self._on_application
        )
        self._projects = Watched[tuple[SyncWindow, ...]](
            cluster, "appprojects", (scope.control_plane,), parse_sync_windows, self._on_project
        )
        self._mirrors = Mirrors(
            store, wait_s=scope.ack_wait.total_seconds(), stopping=self.stopping
        )
        self._teller = Teller(
            cluster,
            self._applications,
            self._projects,
            self._state,
            scope,
        )

        self._upgrades = Upgrades(cluster, self._applications, self._state, store)

    def stop(self) -> None:
        """Finish what is under way, and end `run`; may be called from a signal handler."""
        self.stopping.set()
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
        self._applications.start()
        self._projects.start()
        try:
            if self._begin(once=once):
                self._serve(once=once)
        finally:
            self._applications.stop()
            self._projects.stop()
            self._teller.stop()
            self._upgrades.stop()
        return self._status

    def _begin(self, *, once: bool) -> bool:
        """Wait until all Applications and the state are known; false when it is to end before."""
        while not (self._applications.is_ready and self._projects.is_ready):
            if self.stopping.wait(0.05):
                return False
        failures = 0
        while not self.stopping.is_set():
            try:
                self._state.load()
            except CmpError as error:
                log.warning("state not read", extra={"reason": error})
                failures += 1
                self.stopping.wait(_retry_s(failures))
            else:
                if not self._scope.dry_run:
                    self._teller.start()
                    if self._scope.refresh_on_upgrade and not once:
                        self._upgrades.start()
                return True
        return False

    def _serve(self, *, once: bool) -> None:
        due_s, failures = 0.0, 0
        while not self.stopping.is_set():
            with self._lock:
                changed, self._changed = self._changed, set()
            whole = time.monotonic() >= due_s
            if changed or whole:
                try:
                    summary = self._pass(changed, whole=whole)
                except CmpError as error:
                    log.warning("pass failed", extra={"reason": error})
                    failures += 1
                    due_s = time.monotonic() + _retry_s(failures)
                else:
                    failures = 0
                    due_s = time.monotonic() + self._interval_s() if whole else due_s
                    if once:
                        self._status = summary.exit_status
                        self._wait_until_told()
                        return
            self._awake.wait(max(0.0, due_s - time.monotonic()))
            if self._awake.is_set():
                self.stopping.wait(_SETTLE_S)
                self._awake.clear()

    def _wait_until_told(self) -> None:
        until_s = time.monotonic() + _TOLD_WITHIN_S
        while not (self._scope.dry_run or self.stopping.is_set() or self._teller.is_idle):
            if time.monotonic() > until_s:
                log.warning("not all was told", extra={"within": f"{_TOLD_WITHIN_S:g} s"})
                self._status = 1
                return
            self.stopping.wait(_SETTLE_S)

    def _interval_s(self) -> float:
        jitter = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - spreads load
        return self._scope.interval.total_seconds() * jitter

    def _pass(self, changed: Iterable[Name], *, whole: bool) -> Summary:
        """List, decide and publish; not ``whole``: list only for those that changed."""
        observed = self._applications.all()
        control_plane = self._scope.control_plane
        applications = {name: app.application for name, app in observed.items()}
        plans = plan(applications.values(), control_plane)
        theirs = applications if whole else applications.keys() & changed
        due = policies(plan((applications[name] for name in theirs), control_plane)).keys()
        recent = time.monotonic() - min(_SOON_S, self._scope.interval.total_seconds() / 2)
        repositories = policies(plans).keys()
        listed = frozenset(
            repository
            for repository in repositories
            if repository not in due or self._listed_s.get(repository, 0) > recent
        )
        by_instance = {
            app.application.instance(control_plane): (name, app) for name, app in observed.items()
        }
        asked = Pass(
            plans,
            datetime.now(UTC).replace(microsecond=0),  # noqa: TID251 - when it was listed
            self._registries.current() if whole else self._registries.last,
            {instance: app.deployed for instance, (_, app) in by_instance.items()},
            listed,
            has_all=self._applications.is_complete,
            forgotten=self._forgotten(by_instance, repositories) if whole else frozenset(),
        )
        summary, records = cycle.run(
            asked, self._access, self._store, self._state, dry_run=self._scope.dry_run
        )
        self._recorded = frozenset(
            decision.repository
            for record in records.values()
            for source in record.sources
            for decision in source.decisions.values()
        )
        self._listed_s = {
            r: self._listed_s.get(r, 0) if r in listed else time.monotonic() for r in repositories
        }
        self._forget(by_instance.keys())
        level = logging.INFO if whole or summary.changed else logging.DEBUG
        log.log(level, "refreshed", extra=summary.counts)
        wanted = {
            by_instance[instance][0]: wanted_by(record) for instance, record in records.items()
        }
        if summary.changed:
            self._await_mirrors()
        self._teller.want(wanted)
        self._held = {key: held for key, held in self._held.items() if key[0] in wanted}
        for name, wish in wanted.items():
            self._report_held(name, observed[name], wish)
        return summary

    def _await_mirrors(self) -> None:
        manifest = self._store.manifest()
        if manifest and manifest.complete:
            self._mirrors.wait(manifest)

    def _forget(self, present: Iterable[str]) -> None:
        """Let go of the state of Applications that have been gone for long."""
        if self._applications.is_complete:
            others = self._state.others(present)
            self._state.forget(self._gone.due(others, time.monotonic(), self._forget_s))

    @property
    def _forget_s(self) -> float:
        return self._scope.forget_after.total_seconds()

    def _forgotten(
        self, present: Iterable[str], repositories: Iterable[Repository]
    ) -> frozenset[tuple[str, str]]:
        """Return the documents of the store that no Application has used for long."""
        if not self._applications.is_complete:
            return frozenset()
        used = {("application", instance) for instance in present}
        used |= {("repository", str(r)) for r in self._recorded.union(repositories)}
        unused = [document for document in self._store.documents() if document not in used]
        return self._unused.due(unused, time.monotonic(), self._forget_s)

    def _report_held(self, name: Name, app: Observed, wanted: Wanted) -> None:
        """Write an Event for each image that is kept although the registry has another."""
        for image in wanted.images:
            held = wanted.held.get(image.name, "")
            if self._held.get((name, image.name), "") != held:
                self._held[name, image.name] = held
                if held:
                    note = f"{image.reference} is held: {held}"
                    key = image.decision.id
                    now = datetime.now(UTC)  # noqa: TID251 - when the Event happened
                    manifest = event(app, "ImageHeld", note, key=key, now=now)
                    create_event(self._cluster, manifest)

    def _on_application(self, name: Name) -> None:
        """Begin a pass when what an owner wrote has changed, and not what Argo CD reports."""
        app = self._applications.get(name)
        written = without_locks(app.application) if app else None
        with self._lock:
            if written is None:
                self._written.pop(name, None)
            elif self._written.get(name) != written:
                self._written[name] = written
                self._changed.add(name)
                self._awake.set()
        self._teller.wake(name)

    def _on_project(self, _: Name) -> None:
        """Do nothing: the teller looks at sync windows every second."""


def _retry_s(failures: int) -> float:
    return pause_s(failures, first_s=_FIRST_RETRY_S, longest_s=_LONGEST_RETRY_S)
