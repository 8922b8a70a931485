"""What people hear of an Application besides its syncs: images that are held, and rollbacks."""

from collections.abc import Mapping
from datetime import UTC, datetime

from cmp.refresh.cluster import Cluster
from cmp.refresh.events import create_event, event
from cmp.refresh.heard import Heard
from cmp.refresh.observed import Observed
from cmp.refresh.rollbacks import describe_rollback, in_vain, rolled_back
from cmp.refresh.wanted import Wanted
from cmp.refresh.watched import Name, Watched


class Reports:
    """Writes Events, each once, and has Argo CD's rollbacks count as people's word."""

    def __init__(
        self, cluster: Cluster, applications: Watched[Observed], heard: Heard, control_plane: str
    ) -> None:
        """Report to ``cluster``; what was rolled back is said to ``heard``."""
        self._cluster = cluster
        self._applications = applications
        self._heard = heard
        self._control_plane = control_plane
        self._held: dict[tuple[Name, str], str] = {}

    def look(self, wanted: Mapping[Name, Wanted], observed: Mapping[Name, Observed]) -> None:
        """Report what is new since the last pass, of which these are the results."""
        self._held = {key: held for key, held in self._held.items() if key[0] in wanted}
        for name, wish in wanted.items():
            self._report_held(name, observed[name], wish)
            self._take_over(name, wish)

    def _report_held(self, name: Name, app: Observed, wanted: Wanted) -> None:
        """Write an Event for each image that is kept although the registry has another."""
        for image in wanted.images:
            held = wanted.held.get(image.name, "")
            if self._held.get((name, image.name), "") != held:
                self._held[name, image.name] = held
                if held:
                    note = f"{image.reference} is held: {held}"
                    self._event(app, "ImageHeld", note, image.decision.id)

    def _take_over(self, name: Name, wanted: Wanted) -> None:
        """Hold what a rollback in Argo CD brought back, as if it had been said to us."""
        app = self._applications.get(name)
        if app is None or app.rolled_back_at is None:
            return
        key = app.rolled_back_at.isoformat()
        now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - when it was seen
        found = rolled_back(app, wanted, now)
        if found and self._heard.add(app.application.instance(self._control_plane), found):
            for image in wanted.images:
                if said := found.get(image.name):
                    self._event(app, "ImageRolledBack", describe_rollback(image, said), key)
        elif not wanted.in_git and (note := in_vain(app, wanted)):
            self._event(app, "ImageNotRolledBack", note, key)

    def _event(self, app: Observed, reason: str, note: str, key: str) -> None:
        now = datetime.now(UTC)  # noqa: TID251 - when the Event happened
        create_event(self._cluster, event(app, reason, note, key=key, now=now))
