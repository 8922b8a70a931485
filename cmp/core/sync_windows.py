"""Sync windows of an AppProject: whether Argo CD would sync an Application by itself now.

The rules, and the oddities, are those of argo-cd, pkg/apis/application/v1alpha1/types.go:
``SyncWindows.Matches`` and ``SyncWindows.CanSync``.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cmp.core.duration import parse_duration
from cmp.core.gobwas import matches
from cmp.core.schedule import is_within, zone_offset
from cmp.errors import InvalidInput


class Destination(NamedTuple):
    """What a window may speak of: an Application, and where it is deployed."""

    application: str
    server: str = ""
    cluster: str = ""
    """The cluster's name, where it is not given by its server."""
    namespace: str = ""


class SyncWindow(NamedTuple):
    """One window. Its schedule stays text: a project may have one that cannot be read."""

    kind: str
    """``allow`` or ``deny``."""
    schedule: str
    """Five fields, as cron has them: when it begins."""
    duration: str
    time_zone: str = ""
    applications: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    and_operator: bool = False
    """All that is given of the three has to match, not any of them."""

    def __str__(self) -> str:
        zone = f" {self.time_zone}" if self.time_zone else ""
        return f"{self.kind} window {self.schedule!r}{zone} for {self.duration}"

    def applies_to(self, destination: Destination) -> bool:
        """Tell whether it speaks of this Application."""
        names = (destination.application,)
        clusters = tuple(name for name in (destination.cluster, destination.server) if name)
        matched = given = False
        for globs, texts in ((self.applications, names), (self.clusters, clusters)):
            if globs:
                given, matched = True, _any_matches(globs, texts)
            if self.and_operator and given and not matched:
                return False
            if not self.and_operator and matched:
                return True
        if self.namespaces:
            return _any_matches(self.namespaces, (destination.namespace,))
        return matched

    def is_active(self, now: datetime) -> bool:
        """Tell whether ``now`` lies within it; raise `InvalidInput` for an unreadable schedule."""
        duration = parse_duration(self.duration, as_go=True)
        offset = zone_offset(self.time_zone, now) or timedelta()  # no such zone: UTC, as there
        return is_within(self.schedule, duration, offset, now)


def parse_sync_windows(project: Mapping[str, Any]) -> tuple[SyncWindow, ...]:
    """Read the windows of an AppProject's manifest, which the API server has checked."""
    return tuple(
        SyncWindow(
            kind=str(window.get("kind", "")),
            schedule=str(window.get("schedule", "")),
            duration=str(window.get("duration", "")),
            time_zone=str(window.get("timeZone", "")),
            applications=tuple(window.get("applications") or ()),
            clusters=tuple(window.get("clusters") or ()),
            namespaces=tuple(window.get("namespaces") or ()),
            and_operator=window.get("andOperator") is True,
        )
        for window in project.get("spec", {}).get("syncWindows") or ()
    )


def why_closed(windows: Iterable[SyncWindow], destination: Destination, now: datetime) -> str:
    """Return why Argo CD would not sync by itself now, or nothing when it would.

    A deny window that is active closes; else an allow window that is active opens; else any
    other allow window closes. One that cannot be read closes, as there.
    """
    applying = [window for window in windows if window.applies_to(destination)]
    try:
        active = [window for window in applying if window.is_active(now)]
    except InvalidInput as error:
        return f"a sync window cannot be read: {error}"
    denying = [window for window in active if window.kind == "deny"]
    if denying:
        return f"within the {denying[0]}"
    allowing = [window for window in applying if window.kind == "allow"]
    if allowing and not any(window in active for window in allowing):
        return f"outside the {allowing[0]}"
    return ""


def _any_matches(globs: Iterable[str], texts: tuple[str, ...]) -> bool:
    return any(matches(glob, text) for glob in globs for text in texts)
