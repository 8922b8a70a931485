"""Who may render now: as many at once as there are slots in a sidecar, in order of arrival.

A slot is a file and its lock; the kernel ends the lock with the last process that holds it,
however that one ends. Those who wait stand at one gate, of which Linux lets the first go
first, and only that one looks for a slot.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cmp.errors import ToolFailed
from cmp.renderers.ending import DeadlinePassed
from cmp.renderers.paths import unpacked_root
from cmp.renderers.scratch import sweep, workplace
from cmp.settings import render_concurrency

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LOOK_AGAIN_S = 0.002
_CPU_MAX = "/sys/fs/cgroup/cpu.max"


@contextmanager
def slot(directory: str, env: Mapping[str, str]) -> Iterator[tuple[int, ...]]:
    """Wait for a slot and hold it; give the locks that the tools are to hold too.

    Without a setting there are as many as cores in a sidecar, and no end of them elsewhere.
    """
    count = render_concurrency(env) or (_cores() if unpacked_root(directory) else 0)
    if not count:
        yield ()
        return
    began = time.monotonic()
    try:
        place = workplace(directory, env)
        lock = _take(place, count)
    except DeadlinePassed as passed:
        passed.waited_s = time.monotonic() - began
        passed.doing = f"it had waited {passed.waited_s:.0f} s for one of {count} slots"
        raise
    waited_s = time.monotonic() - began
    try:
        sweep(place)
        yield (lock,)
    except DeadlinePassed as passed:
        passed.waited_s = waited_s
        if waited_s >= 1:
            passed.doing += f", after {waited_s:.0f} s of waiting for one of {count} slots"
        raise
    finally:
        os.close(lock)


def _take(place: str, count: int) -> int:
    opened: list[int] = []
    try:
        gate = _open(opened, place, "gate")
        fcntl.flock(gate, fcntl.LOCK_EX)
        slots = [_open(opened, place, f"slot-{number}") for number in range(count)]
        lock = _first_free(slots)
        opened.remove(lock)
    except OSError as error:
        raise ToolFailed(f"{place}: no lock to be had there: {error.strerror}") from error
    else:
        return lock
    finally:
        for file in opened:
            os.close(file)


def _open(opened: list[int], place: str, name: str) -> int:
    opened.append(os.open(os.path.join(place, name), os.O_RDWR | os.O_CREAT, 0o600))
    return opened[-1]


def _first_free(slots: list[int]) -> int:
    while True:
        for lock in slots:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            return lock
        time.sleep(_LOOK_AGAIN_S)


def _cores() -> int:
    """Return how many cores this container may use, one at least.

    A limit of 2.5 counts as three: a render also waits for its disk. (Linux, cgroup v2.)
    """
    import math

    available = getattr(os, "sched_getaffinity", None)
    cores = len(available(0)) if available else os.cpu_count() or 1
    try:
        with open(_CPU_MAX, encoding="ascii") as file:
            quota, period = file.read().split()
        return max(1, min(cores, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no limit is the word max
        return cores
