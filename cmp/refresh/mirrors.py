"""Waiting for the mirrors: what was published is rendered only where it has arrived.

In a thread of its own, so that one that is late keeps no pass from being made: what is pushed
meanwhile is published, and waited for, by itself.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from cmp.errors import CmpError
from cmp.index import Acknowledged, Manifest
from cmp.index.protocols import Store
from cmp.refresh.instruments import Instruments

log = logging.getLogger(__name__)

_NAME = "mirrors"
_LOOK_EVERY_S = 0.1
_SIGN_EVERY_S = 5.0  # of life


class _Waiting(NamedTuple):
    """What is to be done once a publication has arrived."""

    manifest: Manifest
    since_s: float
    do: Callable[[], object]


class Mirrors:
    """What the mirrors of a store have, as far as they say, and what waits for them."""

    def __init__(
        self, store: Store, instruments: Instruments, *, wait_s: float, stopping: threading.Event
    ) -> None:
        """Wait for mirrors of ``store`` for at most ``wait_s``, and not when ``stopping``."""
        self._store = store
        self._meter = instruments.meter
        self._health = instruments.health
        self._wait_s = wait_s
        self._stopping = stopping
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        """In the order of their publication."""
        self._published: tuple[str, int] | None = None
        self._awake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=_NAME, daemon=True)

    def then(self, manifest: Manifest | None, do: Callable[[], object], *, whole: bool) -> None:
        """Do it when all live mirrors have what ``manifest`` names, or after the longest wait.

        Returns at once. Where the same was published as before it is done when that has arrived,
        in place of what was to be done then; what is done later replaces all before it.
        """
        published = manifest and (manifest.epoch, manifest.generation)
        is_new, self._published = published != self._published, published
        if manifest and whole and not is_new:
            self._look(manifest)
        with self._lock:
            if manifest and manifest.complete:
                if is_new:
                    self._waiting.append(_Waiting(manifest, time.monotonic(), do))
                    self._begin()
                    return
                if self._waiting:
                    self._waiting[-1] = self._waiting[-1]._replace(do=do)
                    return
            self._waiting.clear()
            do()

    def _begin(self) -> None:
        if not self._thread.is_alive():
            self._thread.start()
        self._awake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._health.beat(_NAME)
            self._awake.wait(_SIGN_EVERY_S)
            if self._hand_on():
                self._stopping.wait(_LOOK_EVERY_S)

    def _hand_on(self) -> bool:
        """Do what has not to wait any more; tell whether anything still has to."""
        with self._lock:
            if not self._waiting:
                self._awake.clear()
                return False
            newest = self._waiting[-1].manifest
        mirrors = self._look(newest)
        with self._lock:
            over = [one for one in self._waiting if self._is_over(one, mirrors)]
            if over:
                del self._waiting[: self._waiting.index(over[-1]) + 1]
                over[-1].do()
        for one in over:
            self._report(one, mirrors)
        return True

    def _is_over(self, one: _Waiting, mirrors: tuple[Acknowledged, ...]) -> bool:
        has_arrived = not any(_behind(mirror, one.manifest) for mirror in mirrors)
        return has_arrived or time.monotonic() >= one.since_s + self._wait_s

    def _report(self, one: _Waiting, mirrors: tuple[Acknowledged, ...]) -> None:
        """Say who is late.

        It renders the old for a while; that is seen in what Argo CD syncs, and corrected
        (design §6).
        """
        self._meter.observe("mirror_wait_seconds", time.monotonic() - one.since_s)
        for pod in sorted(mirror.pod for mirror in mirrors if _behind(mirror, one.manifest)):
            where = {"pod": pod, "generation": one.manifest.generation}
            log.warning("mirror is late", extra=where)

    def _look(self, manifest: Manifest) -> tuple[Acknowledged, ...]:
        """Return what the mirrors have, and measure how far they are behind ``manifest``.

        A store that does not answer is not waited for.
        """
        try:
            mirrors = self._store.mirrors()
        except CmpError as error:
            log.warning("mirrors not asked", extra={"reason": error})
            self._meter.count("store_errors_total", store="index")
            return ()
        self._meter.mirrored({mirror.pod: _behind(mirror, manifest) for mirror in mirrors})
        return mirrors


def _behind(mirror: Acknowledged, manifest: Manifest) -> int:
    """Return how many publications a mirror has not; of another epoch it has none of them."""
    if mirror.epoch != manifest.epoch:
        return manifest.generation
    return max(0, manifest.generation - mirror.generation)
