"""How long something is, or how long it is ago, for a person."""

from datetime import timedelta

_UNITS = ((86400, "days"), (3600, "h"), (60, "min"), (1, "s"))


def in_words(age: timedelta) -> str:
    """Return ``90 s``, ``5 min``, ``3 h`` or ``4 days``: in the largest unit that has two."""
    seconds = max(0, int(age.total_seconds()))
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= 2 * size), (1, "s"))
    return f"{seconds // size} {unit}"
