"""Sync windows of an AppProject: whether Argo CD would sync an Application by itself now.

The rules, and the oddities, are those of argo-cd, pkg/apis/application/v1alpha1/types.go:
``SyncWindows.Matches`` and ``SyncWindows.CanSync``.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from cmp.core.duration import parse_duration
from cmp.core.gobwas import matches
from cmp.errors import InvalidInput

# Of a schedule: the numbers each field may have, and names for them from the first on.
_FIELDS: tuple[tuple[range, tuple[str, ...]], ...] = (
    (range(60), ()),
    (range(24), ()),
    (range(1, 32), ()),
    (
        range(1, 13),
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ),
    (range(7), ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)


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
        # Argo CD moves the clock by the zone's offset of now, whatever it is at the beginning.
        local = now.astimezone(UTC) + _offset(self.time_zone, now)
        return _next(self.schedule, local - duration) < local


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


def _offset(time_zone: str, now: datetime) -> timedelta:
    try:
        return now.astimezone(ZoneInfo(time_zone)).utcoffset() or timedelta()
    except (KeyError, ValueError, OSError):  # no such zone, or no zone's name: UTC, as there
        return timedelta()


def _next(schedule: str, after: datetime) -> datetime:
    written = schedule.split()
    if len(written) != len(_FIELDS):
        raise InvalidInput(f"a schedule has {len(_FIELDS)} fields", where=repr(schedule))
    try:
        fields = [_field(text, *field) for text, field in zip(written, _FIELDS, strict=True)]
    except ValueError as error:
        raise InvalidInput(f"not a schedule: {error}", where=repr(schedule)) from None
    try:
        return next(CronSim(" ".join(fields), after))
    except (CronSimError, StopIteration):
        # It never begins, as on February 30: to Argo CD that was in the year 1.
        return datetime.min.replace(tzinfo=UTC)


def _field(text: str, allowed: range, names: tuple[str, ...]) -> str:
    """Return a field as a star, or numbers with commas between; raise `ValueError`.

    CronSim reads more than Argo CD's library (robfig/cron, parser.go), such as ``7`` for
    Sunday and ``L``, and reads ``*/2`` as a star where either of two days will do.
    """
    values: set[int] = set()
    is_star = False
    for part in filter(None, text.split(",")):
        span, slash, every = part.partition("/")
        low, dash, high = span.partition("-")
        step = _number(every, allowed, ()) if slash else 1
        if low in ("*", "?"):
            first, last = allowed[0], allowed[-1]
            is_star |= step == 1
        else:
            first = _number(low, allowed, names)
            last = _number(high, allowed, names) if dash else allowed[-1] if slash else first
        if step < 1 or not allowed[0] <= first <= last <= allowed[-1]:
            raise ValueError(f"{part!r} is not within {allowed[0]}-{allowed[-1]}")
        values.update(range(first, last + 1, step))
    return "*" if is_star else ",".join(map(str, sorted(values)))


def _number(text: str, allowed: range, names: tuple[str, ...]) -> int:
    if text.lower() in names:
        return allowed[0] + names.index(text.lower())
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"{text!r} is no number")
    return int(text)
