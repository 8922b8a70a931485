"""Durations as Go writes them, ``1h30m``, and days besides."""

import re
from datetime import timedelta

from cmp.errors import InvalidInput

# In microseconds: time.ParseDuration (Go, time/format.go); days are ours.
_UNITS = {
    "ns": 0.001,
    "us": 1,
    "µs": 1,
    "μs": 1,
    "ms": 1e3,
    "s": 1e6,
    "m": 60e6,
    "h": 3600e6,
    "d": 86400e6,
}
_PART = re.compile(r"([0-9]{1,19}(?:\.[0-9]{0,19})?|\.[0-9]{1,19})(ns|us|µs|μs|ms|s|m|h|d)")
_LONGEST_US = 2**63 / 1000  # Go counts nanoseconds in 64 bits: 292 years


def parse_duration(text: str, *, as_go: bool = False) -> timedelta:
    """Read ``90s``, ``1h30m``, ``1.5h``, ``3d`` or ``0``; raise `InvalidInput`.

    None is negative: nothing here waits for the past. ``as_go`` refuses what Go does, days
    and spaces around.
    """
    written = text if as_go else text.strip()
    if written == "0":
        return timedelta()
    parts = list(_PART.finditer(written))
    if not parts or "".join(part[0] for part in parts) != written or (as_go and "d" in written):
        form = "1h30m" if as_go else "1h30m or 3d"
        raise InvalidInput(f"not a duration: {text!r}; write 90s, 2m, {form}")
    microseconds = sum(float(part[1]) * _UNITS[part[2]] for part in parts)
    if microseconds >= _LONGEST_US:
        raise InvalidInput(f"too long a duration: {text!r}")
    return timedelta(microseconds=microseconds)
