"""Waiting for the mirrors: what was published is rendered only where it has arrived."""

import logging
import threading
import time

from cmp.errors import CmpError
from cmp.index import Acknowledged, Manifest
from cmp.index.protocols import Store
from cmp.refresh.meter import Meter

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.1


class Mirrors:
    """What the mirrors of a store have, as far as they say."""

    def __init__(
        self, store: Store, meter: Meter, *, wait_s: float, stopping: threading.Event
    ) -> None:
        """Wait for mirrors of ``store`` for at most ``wait_s``, and not when ``stopping``."""
        self._store = store
        self._meter = meter
        self._wait_s = wait_s
        self._stopping = stopping

    def wait(self, manifest: Manifest) -> None:
        """Return when all live mirrors have what ``manifest`` names, or after the longest wait.

        Who is late renders the old for a while; that is seen in what Argo CD syncs, and
        corrected (design §6). A store that does not answer is not waited for.
        """
        began_s = time.monotonic()
        until_s = began_s + self._wait_s
        while late := self.look(manifest):
            if time.monotonic() >= until_s or self._stopping.is_set():
                break
            self._stopping.wait(_LOOK_EVERY_S)
        self._meter.observe("mirror_wait_seconds", time.monotonic() - began_s)
        for pod in late:
            log.warning("mirror is late", extra={"pod": pod, "generation": manifest.generation})

    def look(self, manifest: Manifest) -> list[str]:
        """Return the Pods whose mirrors have not what ``manifest`` names; measure how far."""
        try:
            mirrors = self._store.mirrors()
        except CmpError as error:
            log.warning("mirrors not asked", extra={"reason": error})
            self._meter.count("store_errors_total", store="index")
            return []
        behind = {mirror.pod: _behind(mirror, manifest) for mirror in mirrors}
        self._meter.mirrored(behind)
        return sorted(pod for pod, publications in behind.items() if publications)


def _behind(mirror: Acknowledged, manifest: Manifest) -> int:
    """Return how many publications a mirror has not; of another epoch it has none of them."""
    if mirror.epoch != manifest.epoch:
        return manifest.generation
    return max(0, manifest.generation - mirror.generation)
