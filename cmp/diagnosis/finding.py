"""What a check comes to: a verdict, what it saw, and the way out."""

from typing import NamedTuple

OK = "ok"
ADVICE = "advice"
"""It works, and would work better, or for longer."""
WRONG = "wrong"
UNCHECKED = "unchecked"
"""What it needs could not be read."""
VERDICTS = (OK, ADVICE, WRONG, UNCHECKED)

_FEW = 3


class Finding(NamedTuple):
    """One thing that a check found."""

    verdict: str
    what: str
    next_step: str = ""
    """What to do; empty where there is nothing to do."""


def ok(what: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(OK, what)


def advice(what: str, next_step: str) -> Finding:
    """Return what somebody may want to change."""
    return Finding(ADVICE, what, next_step)


def wrong(what: str, next_step: str) -> Finding:
    """Return what somebody has to change."""
    return Finding(WRONG, what, next_step)


def unchecked(why: str) -> Finding:
    """Return that something was not looked at, and why."""
    return Finding(UNCHECKED, why)


def some(names: list[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return f"{', '.join(names[:_FEW])}{more}"
