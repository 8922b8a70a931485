"""How a render ends before it is done: at its deadline, or when a signal says so.

Both become an exception wherever the program is then, so that what was begun is undone by
those who began it.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Ended(BaseException):
    """Whoever started us wants us to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class DeadlinePassed(BaseException):
    """The time for this render is over."""

    doing = ""
    """What it was doing then, for the person who reads it."""
    waited_s = 0.0
    """How long it had waited for its turn."""


class _Arrived:
    """What has come, and whether it has to wait: signals are the whole process's."""

    deferred = 0
    ending: BaseException | None = None
    is_raised = False


_arrived = _Arrived()


@contextmanager
def ends_early(deadline_s: float) -> Iterator[None]:
    """Raise `Ended` or `DeadlinePassed` within, once; the deadline counts from our start."""
    before = {number: signal.getsignal(number) for number in (*_SIGNALS, signal.SIGALRM)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN or number == signal.SIGALRM:  # as under nohup
            signal.signal(number, _arrive)
    signal.setitimer(signal.ITIMER_REAL, max(deadline_s - _age_s(), 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
        _arrived.ending, _arrived.is_raised = None, False


@contextmanager
def deferred() -> Iterator[None]:
    """Let what is to end us wait until this is done: a start, or a cleaning up."""
    _arrived.deferred += 1
    try:
        yield
    finally:
        _arrived.deferred -= 1
        _raise()


def _arrive(number: int, _frame: FrameType | None) -> None:
    if _arrived.ending is None:  # another finds us cleaning up already
        _arrived.ending = DeadlinePassed() if number == signal.SIGALRM else Ended(number)
        _raise()


def _raise() -> None:
    if _arrived.ending and not _arrived.deferred and not _arrived.is_raised:
        _arrived.is_raised = True
        raise _arrived.ending


def _age_s() -> float:
    """Return for how long this process has run: under load Python alone may take seconds.

    Linux counts from boot (proc(5), starttime); elsewhere we count from now.
    """
    try:
        with open("/proc/self/stat", "rb") as file:
            started = int(file.read().rpartition(b")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, IndexError, ValueError):
        return 0
    return max(age, 0)
