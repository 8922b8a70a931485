"""Waiting for something that another process does."""

import time
from collections.abc import Callable
from typing import TypeVar

PAUSE_S = 0.02

_T = TypeVar("_T")


class NotYet(Exception):
    """Asking again later is what whoever was asked wants."""


class TookTooLong(Exception):
    """What was waited for did not come; the message says what, and what there was instead."""


def wait_for(what: str, probe: Callable[[], _T | None], *, within_s: float = 30) -> _T:
    """Return what ``probe`` returns as soon as it is true; OSError and `NotYet` mean not yet.

    OSError is what sockets and files raise, and requests with them.
    """
    until = time.monotonic() + within_s
    last: object = None
    while time.monotonic() < until:
        try:
            found = probe()
        except (OSError, NotYet) as error:
            last = error
        else:
            if found:
                return found
            last = found
        time.sleep(PAUSE_S)
    raise TookTooLong(f"{what}: not within {within_s:g} s; at last: {last!r}")
