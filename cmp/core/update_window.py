"""``update-window``: when a decision may change. The refresher asks; a render never does."""

from datetime import datetime, timedelta

from cmp.core.duration import parse_duration
from cmp.core.schedule import is_within, zone_offset
from cmp.errors import InvalidInput, InvalidPolicy

_FIELDS = 5
_FORM = "write <cron, 5 fields> <duration> [<time zone>], as in 0 22 * * MON-FRI 4h Europe/Berlin"


def is_open(text: str, now: datetime) -> bool:
    """Tell whether ``now`` lies in one of the windows, which semicolons separate.

    Raises `InvalidPolicy` for one that cannot be read.
    """
    windows = [_parse(part, now) for part in text.split(";") if part.strip()]
    if not windows:
        raise InvalidPolicy(f"not a window: {text!r}; {_FORM}", where="update-window")
    try:
        # Each is looked at: one that cannot be read is told of whatever the others are.
        return max([_is_within(*window, now) for window in windows])
    except InvalidInput as error:
        raise InvalidPolicy(f"{error}; {_FORM}", where="update-window") from None


def _is_within(schedule: str, duration: timedelta, offset: timedelta, now: datetime) -> bool:
    if is_within(schedule, timedelta(), offset, now):
        # To Argo CD, what never begins began in the year 1: such a window would be open always.
        raise InvalidInput(f"{schedule!r} never begins")
    return is_within(schedule, duration, offset, now)


def _parse(text: str, now: datetime) -> tuple[str, timedelta, timedelta]:
    words = text.split()
    if not _FIELDS < len(words) <= _FIELDS + 2:
        raise InvalidPolicy(f"not a window: {text.strip()!r}; {_FORM}", where="update-window")
    try:
        duration = parse_duration(words[_FIELDS])
    except InvalidInput as error:
        raise InvalidPolicy(f"{error}; {_FORM}", where="update-window") from None
    if not duration:
        raise InvalidPolicy(f"a window of {words[_FIELDS]} never opens", where="update-window")
    zone = words[_FIELDS + 1] if len(words) > _FIELDS + 1 else "UTC"
    offset = zone_offset(zone, now)
    if offset is None:
        raise InvalidPolicy(
            f"no time zone {zone!r}; write a name of the IANA's, as Europe/Berlin",
            where="update-window",
        )
    return " ".join(words[:_FIELDS]), duration, offset
