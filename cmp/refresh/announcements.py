"""What people hear of a change that Argo CD is told: Events, lines of the log, and measures."""

import logging

from cmp.refresh.change import Change
from cmp.refresh.cluster import Cluster
from cmp.refresh.events import create_event, event
from cmp.refresh.instruments import Instruments
from cmp.refresh.observed import Observed
from cmp.refresh.patches import describe
from cmp.refresh.spec_writes import CONTESTED
from cmp.refresh.steps import Done, Wait
from cmp.refresh.wanted import Wanted

log = logging.getLogger(__name__)


class Announcements:
    """Says what becomes of changes."""

    def __init__(self, cluster: Cluster, instruments: Instruments) -> None:
        """Write Events to ``cluster``."""
        self._cluster = cluster
        self._meter = instruments.meter
        self._lags = instruments.lags
        self._clock = instruments.clock

    def waits(self, app: Observed, change: Change, wait: Wait) -> None:
        """Say that it takes a person, or a sync window, to go on."""
        self._announce(app, change, "ImageAvailable", wait.why)

    def ended(self, app: Observed, change: Change, done: Done, *, waited: bool) -> None:
        """Say what came of a change, and how long it took unless it ``waited`` for people."""
        self._measure(change, done, waited=waited)
        if done.failed or done.note:
            self._announce(app, change, "ImageNotUpdated", done.note)
        else:
            self._announce(app, change, "ImageUpdated", "")

    def contested(self, app: Observed, wanted: Wanted) -> None:
        """Say that somebody else owns the spec."""
        where = {"application": app.application, "reason": CONTESTED}
        log.warning("spec not written", extra=where)
        self._event(app, "ImageLockReverted", CONTESTED, wanted)

    def _measure(self, change: Change, done: Done, *, waited: bool) -> None:
        lag = self._lags.end(change.wanted.decisions.split(","))
        if change.images():
            result = "failed" if done.failed else "unconfirmed" if done.note else "synced"
            self._meter.count("syncs_total", result=result)
            if lag and not done.failed and not waited:
                self._meter.observe("lag_seconds", lag[0], since=lag[1])

    def _announce(self, app: Observed, change: Change, reason: str, note: str) -> None:
        """Write an Event of the Application and a line of the log, where there is any change."""
        changes = describe(change.images())
        if changes:
            text = f"{changes}: {note}" if note else changes
            where = {"application": app.application, "reason": reason, "text": text}
            log.info("event", extra=where)
            self._event(app, reason, text, change.wanted)

    def _event(self, app: Observed, reason: str, text: str, wanted: Wanted) -> None:
        now = self._clock.now()
        create_event(self._cluster, event(app, reason, text, key=wanted.decisions, now=now))
