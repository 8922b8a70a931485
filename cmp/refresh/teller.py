"""Telling Argo CD: carries out, Application by Application, what `telling.next_step` says."""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from cmp.core.keys import IMAGE_LOCK
from cmp.core.sync_windows import SyncWindow, why_closed
from cmp.errors import CmpError
from cmp.refresh.cluster import API, Cluster, ClusterFailed, Conflict, Missing
from cmp.refresh.events import event
from cmp.refresh.observed import INFO, REFRESH, REFRESH_TIMESTAMP, Observed
from cmp.refresh.state import ConfigMapState
from cmp.refresh.telling import Change, Done, HardRefresh, Operate, Progress, Wait, next_step
from cmp.refresh.wanted import Told, Wanted
from cmp.refresh.watched import Name, Watched

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0  # at sync windows and pauses, which no event ends
_SETTLE_S = 0.05  # events come in bursts
_FIRST_RETRY_S = 0.2
_LONGEST_RETRY_S = 60.0
_USERNAME = "image-cmp"


@dataclass(slots=True)
class _Telling:
    """One Application that is being told."""

    change: Change
    progress: Progress = field(default_factory=Progress)
    announced: str = ""
    """What people were told it waits for."""
    failures: int = 0
    not_before_s: float = 0.0
    """When it may be tried again after the API server failed."""
    is_under_way: bool = False


class Teller:
    """Tells Argo CD of changed decisions, so many Applications at a time."""

    def __init__(
        self,
        cluster: Cluster,
        applications: Watched[Observed],
        projects: Watched[tuple[SyncWindow, ...]],
        state: ConfigMapState,
        *,
        control_plane: str,
        at_once: int,
    ) -> None:
        """Prepare; `start` begins to work."""
        self._cluster = cluster
        self._applications = applications
        self._projects = projects
        self._state = state
        self._control_plane = control_plane
        self._at_once = at_once
        self._wanted: dict[Name, Wanted] = {}
        self._telling: dict[Name, _Telling] = {}
        self._lock = threading.Lock()
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="teller", daemon=True)

    def start(self) -> None:
        """Begin to work, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the step under way, save what is known, and end."""
        self._stopping.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Look again: an Application or a project has changed."""
        self._awake.set()

    def want(self, wanted: Mapping[Name, Wanted]) -> None:
        """Take in what each Application is to run from now on."""
        with self._lock:
            self._wanted.update(wanted)
        self._awake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._awake.wait(_LOOK_EVERY_S)
            self._stopping.wait(_SETTLE_S)
            self._awake.clear()
            try:
                self._look()
                self._state.save()
            except CmpError as error:
                log.warning("state not saved", extra={"reason": error})

    def _look(self) -> None:
        """Do what can be done now, for every Application that is behind."""
        self._take_in()
        for name in list(self._telling):
            if self._stopping.is_set():
                return
            app = self._applications.get(name)
            if app is None:
                self._telling.pop(name, None)
            elif time.monotonic() >= self._telling[name].not_before_s:
                self._advance(name, app, self._telling[name])

    def _take_in(self) -> None:
        with self._lock:
            wanted = dict(self._wanted)
        for name, wish in wanted.items():
            app = self._applications.get(name)
            known = self._telling.get(name)
            if app is None or (known and known.change.wanted == wish):
                continue
            change = Change(wish, self._state.told(app.application.instance(self._control_plane)))
            before = known.change.before if known else _before(change, app)
            if change.is_news(app):
                self._telling[name] = _Telling(replace(change, before=before))
                if change.told is None:
                    # What ran before we came: should we be killed, it is still known.
                    self._remember(app, Told(images=before))
            else:
                self._telling.pop(name, None)
                if change.told != wish.told:
                    self._remember(app, wish.told)

    def _advance(self, name: Name, app: Observed, telling: _Telling) -> None:
        now = datetime.now(UTC)  # noqa: TID251 - sync windows, and pauses between refreshes
        closed = why_closed(
            self._projects.get((self._control_plane, app.project)) or (), app.destination, now
        )
        step = next_step(app, telling.change, telling.progress, closed=closed, now=now)
        telling.is_under_way = isinstance(step, Wait) and step.is_ours
        if isinstance(step, Wait):
            if step.for_people and step.why != telling.announced and telling.change.images():
                telling.announced = step.why
                self._announce(app, telling.change, "ImageAvailable", step.why)
        elif isinstance(step, Done):
            self._finish(name, app, telling.change, step)
        elif self._has_room():
            self._act(app, telling, step, now)

    def _has_room(self) -> bool:
        return sum(t.is_under_way for t in self._telling.values()) < self._at_once

    def _act(
        self, app: Observed, telling: _Telling, step: HardRefresh | Operate, now: datetime
    ) -> None:
        patch = _patch(app, telling.change, step, now)
        where = {"application": app.application, "step": type(step).__name__}
        try:
            manifest = self._cluster.merge(_path(app), patch)
        except ClusterFailed as error:
            # After a conflict it is another than was seen, and comes by the watch.
            pause_s = min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2**telling.failures)
            telling.failures += 1
            telling.not_before_s = time.monotonic() + pause_s
            if not isinstance(error, Conflict | Missing):
                log.warning("not told yet", extra={**where, "reason": error})
            return
        telling.failures = 0
        telling.is_under_way = True
        telling.progress = telling.progress.after(step, now)
        self._applications.learn(manifest)
        log.info("told Argo CD", extra={**where, "decisions": telling.change.wanted.decisions})

    def _finish(self, name: Name, app: Observed, change: Change, done: Done) -> None:
        del self._telling[name]
        if done.failed or done.note:
            self._announce(app, change, "ImageNotUpdated", done.note)
        elif change.images():
            self._announce(app, change, "ImageUpdated", "")
        self._remember(app, change.wanted.told)

    def _remember(self, app: Observed, told: Told) -> None:
        self._state.put_told(app.application.instance(self._control_plane), told)

    def _announce(self, app: Observed, change: Change, reason: str, note: str) -> None:
        """Write an Event of the Application, and a line of the log."""
        manifest = event(
            app, reason, change.images(), note, key=change.wanted.decisions, now=_now()
        )
        fields = {"application": app.application, "reason": reason, "text": manifest["message"]}
        log.info("event", extra=fields)
        create_event(self._cluster, manifest)


def create_event(cluster: Cluster, manifest: Mapping[str, Any]) -> None:
    """Create an Event; one that is there already says the same, and one that fails is logged."""
    try:
        cluster.create(f"/api/v1/namespaces/{manifest['metadata']['namespace']}/events", manifest)
    except Conflict:
        pass
    except ClusterFailed as error:
        log.warning("no event", extra={"reason": error})


def _before(change: Change, app: Observed) -> dict[str, str]:
    """Return what each image was: as it was told, else as it was synced."""
    if change.told is not None and change.told.images:
        return dict(change.told.images)
    deployed = {i.name: app.deployed(i.repository) for i in change.wanted.images}
    return {name: str(images[0]) for name, images in deployed.items() if len(images) == 1}


def _path(app: Observed) -> str:
    namespace, name = app.application.namespace, app.application.name
    return f"{API}/namespaces/{namespace}/applications/{name}"


def _patch(
    app: Observed, change: Change, step: HardRefresh | Operate, now: datetime
) -> dict[str, Any]:
    """Return the merge patch for a step, which holds only for the Application as it was seen."""
    metadata: dict[str, Any] = {"resourceVersion": app.resource_version}
    patch: dict[str, Any] = {"metadata": metadata}
    if isinstance(step, HardRefresh) or step.is_locked:
        # Without the time a request made while a refresh runs would be lost.
        metadata["annotations"] = {REFRESH: "hard", REFRESH_TIMESTAMP: now.isoformat()}
    if isinstance(step, Operate):
        patch["operation"] = operation(app, change, is_locked=step.is_locked)
    return patch


def operation(app: Observed, change: Change, *, is_locked: bool) -> dict[str, Any]:
    """Return a full sync as Argo CD starts it by itself (argo-cd, appcontroller.go autoSync)."""
    sync: dict[str, Any] = {}
    if app.sync.prune:
        sync["prune"] = True
    if app.sync.options:
        sync["syncOptions"] = list(app.sync.options)
    if is_locked:
        sources = locked_sources(app, change.wanted)
        sync |= {"sources": sources} if app.is_multi_source else {"source": sources[0]}
    texts = ", ".join(f"{before} → {after or 'as in Git'}" for before, after in change.images())
    info = [{"name": INFO, "value": change.wanted.decisions}]
    if texts:
        info.append({"name": "images", "value": texts})
    return {
        "initiatedBy": {"username": _USERNAME, "automated": True},
        "info": info,
        "retry": dict(app.sync.retry) if app.sync.retry else {"limit": 5},
        "sync": sync,
    }


def locked_sources(app: Observed, wanted: Wanted) -> list[dict[str, Any]]:
    """Return the spec's sources, those of our plugin with the parameter ``image-lock``."""
    locked = []
    for manifest, source in zip(app.sources, app.application.sources, strict=True):
        copy = dict(manifest)
        lock = wanted.lock(source.id)
        if lock:
            plugin = dict(manifest["plugin"])
            others = [p for p in plugin.get("parameters") or () if p.get("name") != IMAGE_LOCK]
            plugin["parameters"] = [*others, {"name": IMAGE_LOCK, "map": lock}]
            copy["plugin"] = plugin
        locked.append(copy)
    return locked


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - when an Event happened
