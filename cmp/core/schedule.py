"""Schedules as cron has them: whether a window that begins by one is open.

The fields mean what they do to Argo CD (robfig/cron v3, parser.go), and a window in a time
zone is reckoned as there (argo-cd, types.go, ``SyncWindows.active``).
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

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


def is_within(schedule: str, duration: timedelta, offset: timedelta, now: datetime) -> bool:
    """Tell whether ``now`` lies within ``duration`` from a time of ``schedule``.

    ``offset`` is of the clock that the schedule goes by, now, whatever it is at the beginning.
    Raises `InvalidInput` for a schedule that cannot be read.
    """
    local = now.astimezone(UTC) + offset
    return _next(schedule, local - duration) < local


def zone_offset(time_zone: str, now: datetime) -> timedelta | None:
    """Return how far a zone's clock is from UTC now; None where there is no such zone."""
    try:
        return now.astimezone(ZoneInfo(time_zone)).utcoffset() or timedelta()
    except (KeyError, ValueError, OSError):
        return None


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
