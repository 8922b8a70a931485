"""Writing the specs of native Applications, or saying what would be written.

Argo CD syncs a changed spec once, by itself: nobody has to be told anything.
"""

import logging
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import NamedTuple

from cmp.errors import InvalidInput
from cmp.refresh.cluster import Cluster, ClusterFailed, Conflict, Missing
from cmp.refresh.events import create_event, event
from cmp.refresh.meter import Meter
from cmp.refresh.native import Commit, Keep, Leave, Wish, Write, wish
from cmp.refresh.native_rival import Rivals
from cmp.refresh.native_spec import spec_patch
from cmp.refresh.observed import Observed
from cmp.refresh.patches import application_path, describe
from cmp.refresh.plan import ApplicationPlan
from cmp.refresh.scope import ON, Scope
from cmp.refresh.spec_writes import SpecWrites
from cmp.refresh.update_log import log_updates
from cmp.refresh.wanted import Wanted
from cmp.refresh.watched import Name, Watched

log = logging.getLogger(__name__)

_STATES = {Write: "pending", Commit: "pending", Keep: "current", Leave: "left"}
_ATTEMPTS = 5
_NEWER_WITHIN_S = 2.0
_LOOK_EVERY_S = 0.05
_CONTESTED = (
    "its images were taken out of its spec twice, so they are not written there for a day; have "
    "the owner of the spec leave them (ignoreApplicationDifferences of an ApplicationSet, "
    "ignoreDifferences with RespectIgnoreDifferences of a parent Application), or set "
    "write-back-method: git"
)


class Native(NamedTuple):
    """What a pass came to for one of them."""

    plan: ApplicationPlan
    wanted: Wanted


class NativeWriter:
    """Writes what is new after each pass; each thing is said once, until it is another."""

    def __init__(
        self, cluster: Cluster, applications: Watched[Observed], scope: Scope, meter: Meter
    ) -> None:
        """Write to ``cluster``, if ``scope`` says so."""
        self._cluster = cluster
        self._applications = applications
        self._scope = scope
        self._meter = meter
        self._rivals = Rivals(cluster, scope)
        self._rival = ""
        self._said: dict[Name, object] = {}
        self._writes: dict[Name, SpecWrites] = {}

    def refuse_rivals(self) -> None:
        """Raise `InvalidInput` where somebody else writes what we would.

        Raises `ClusterFailed` when the API server does not answer.
        """
        if self._scope.native == ON and not (self._scope.beside_updater or self._scope.dry_run):
            self._ask_rivals()
            if self._rival:
                raise InvalidInput(self._rival, where="CMP_NATIVE=on")

    def look(self, natives: Mapping[Name, Native]) -> dict[Name, Wanted]:
        """Write, or report, what a pass came to; return what is to be written to Git."""
        wishes = {name: found for name in natives if (found := self._wish(name, natives[name]))}
        for name in self._said.keys() - wishes.keys():
            del self._said[name]
        for name in self._writes.keys() - wishes.keys():
            del self._writes[name]
        due = {name: w for name, w in wishes.items() if isinstance(w, Write | Commit)}
        for name in wishes.keys() - due.keys():
            self._say_why(name, wishes[name])
        written, in_git = frozenset[Name](), dict[Name, Wanted]()
        if due and self._may_write():
            in_git = {name: w.wanted for name, w in due.items() if isinstance(w, Commit)}
            written = self._write_all({n: natives[n] for n in due if n not in in_git})
        else:
            for name, found in due.items():
                self._report(name, found)
        states = Counter(_STATES[Keep if n in written else type(w)] for n, w in wishes.items())
        for state in ("current", "pending", "left"):
            self._meter.show("native_applications", states[state], state=state)
        return in_git

    def _wish(self, name: Name, native: Native) -> Wish | None:
        app = self._applications.get(name)
        try:
            return wish(app, *native) if app and not app.is_deleted else None
        except Exception:
            # A mistake of ours, about one Application; the others are not to suffer.
            log.exception("not looked at", extra={"application": "/".join(name)})
            return None

    # --- what is said

    def _say(self, name: Name, what: object) -> bool:
        """Tell whether this was not said of the Application last."""
        is_new = self._said.get(name) != what
        self._said[name] = what
        return is_new

    def _say_why(self, name: Name, found: Wish) -> None:
        where = {"application": "/".join(name)}
        if isinstance(found, Leave) and self._say(name, found):
            level = logging.WARNING if found.is_mistake else logging.INFO
            log.log(level, "native Application not updated", extra={**where, "reason": found.why})
        elif isinstance(found, Keep) and self._say(name, found):
            for image in found.absent:
                text = "Image '%s' seems not to be live in this application, skipping"
                log.info(text, image, extra=where)

    def _report(self, name: Name, found: Write | Commit) -> None:
        if self._say(name, (found.decisions, found.updates)):
            log_updates(name[1], found.updates, len(found.updates), dry_run=True)
            self._meter.count("native_updates_total", result="reported")

    # --- who else writes

    def _may_write(self) -> bool:
        """Tell whether something may be written now; another may have come since the start."""
        if self._scope.native != ON:
            return False
        if self._scope.beside_updater:
            return True
        before = self._rival
        try:
            self._ask_rivals()
        except ClusterFailed as error:
            self._rival = f"it cannot be told whether an argocd-image-updater runs: {error}"
        if self._rival and self._rival != before:
            log.error("native Applications not written", extra={"reason": self._rival})
        return not self._rival

    def _ask_rivals(self) -> None:
        natives = [app for app in self._applications.all().values() if app.is_native]
        self._rival = self._rivals.why_not(natives)

    # --- what is written

    def _write_all(self, due: Mapping[Name, Native]) -> frozenset[Name]:
        """Write so many at a time; return those of which the spec is as it is to be."""
        with ThreadPoolExecutor(self._scope.at_once, thread_name_prefix="native") as pool:
            done = pool.map(self._write_safely, due, due.values())
            return frozenset(name for name, is_done in zip(due, done, strict=True) if is_done)

    def _write_safely(self, name: Name, native: Native) -> bool:
        try:
            return self._write(name, native)
        except Exception:
            # A mistake of ours, about one Application; the others are not to suffer.
            log.exception("spec not written", extra={"application": "/".join(name)})
            return False

    def _write(self, name: Name, native: Native) -> bool:
        """Write a spec, as it is then; tell whether it is as it is to be."""
        for _ in range(_ATTEMPTS):
            app = self._applications.get(name)
            found = wish(app, *native) if app else None
            if app is None or not isinstance(found, Write):
                return isinstance(found, Keep)
            if self._is_contested(name, app, found):
                return False
            try:
                body = spec_patch(app, found.sources)
                self._applications.learn(self._cluster.merge(application_path(app), body))
            except (Conflict, Missing):
                self._meter.count("native_updates_total", result="conflict")
                self._wait_for_newer(name, app)
            except ClusterFailed as error:
                where = {"application": app.application, "reason": error}
                log.warning("spec not written yet", extra=where)
                self._meter.count("native_updates_total", result="failed")
                return False
            else:
                self._say_written(name, app, found)
                return True
        return False

    def _wait_for_newer(self, name: Name, app: Observed) -> None:
        """Wait until the watch brings what is there now."""
        until_s = time.monotonic() + _NEWER_WITHIN_S
        while time.monotonic() < until_s:
            newer = self._applications.get(name)
            if newer is None or newer.resource_version != app.resource_version:
                return
            time.sleep(_LOOK_EVERY_S)

    def _is_contested(self, name: Name, app: Observed, found: Write) -> bool:
        """Tell whether somebody else owns its spec; told once to people."""
        writes, now = self._writes.get(name, SpecWrites()), _now()
        if not writes.is_contested(now):
            self._writes[name] = writes = writes.found_without(found.decisions, now)
            if writes.is_contested(now):
                where = {"application": app.application, "reason": _CONTESTED}
                log.warning("spec not written", extra=where)
                self._event(app, "ImagesReverted", _CONTESTED, found.decisions)
        return writes.is_contested(now)

    def _say_written(self, name: Name, app: Observed, found: Write) -> None:
        written = self._writes.get(name, SpecWrites())
        self._writes[name] = written.after(found.decisions, _now())
        self._said.pop(name, None)
        if found.updates:
            log_updates(app.application.name, found.updates, len(found.updates))
            changes = describe((update.before, update.after) for update in found.updates)
            self._event(app, "ImageUpdated", changes, found.decisions)
        log.info(
            "Successfully updated the live application spec",
            extra={"application": app.application.name},
        )
        self._meter.count("native_updates_total", result="written")

    def _event(self, app: Observed, reason: str, text: str, key: str) -> None:
        create_event(self._cluster, event(app, reason, text, key=key, now=_now()))


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - when it was written, and when an Event happened
