"""Durations as Go writes them, ``1h30m``, and days besides."""

import re
from datetime import timedelta

from cmp.errors import InvalidInput

# time.ParseDuration (Go, time/format.go); days are ours.
_UNITS = {
    "ns": timedelta(microseconds=0.001),
    "us": timedelta(microseconds=1),
    "µs": timedelta(microseconds=1),
    "μs": timedelta(microseconds=1),
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})(ns|us|µs|μs|ms|s|m|h|d)")


def parse_duration(text: str) -> timedelta:
    """Read ``90s``, ``1h30m``, ``1.5h``, ``3d`` or ``0``; raise `InvalidInput`.

    None is negative: nothing here waits for the past.
    """
    written = text.strip()
    if written == "0":
        return timedelta()
    parts = list(_PART.finditer(written))
    if not parts or "".join(part[0] for part in parts) != written:
        raise InvalidInput(f"not a duration: {text!r}; write 90s, 2m, 1h30m or 3d")
    return sum((float(part[1]) * _UNITS[part[2]] for part in parts), timedelta())
