"""Waiting for the mirrors: what was published is rendered only where it has arrived."""

import logging
import threading
import time

from cmp.errors import CmpError
from cmp.index import Acknowledged, Manifest
from cmp.index.protocols import Store

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.1


class Mirrors:
    """What the mirrors of a store have, as far as they say."""

    def __init__(self, store: Store, *, wait_s: float, stopping: threading.Event) -> None:
        """Wait for mirrors of ``store`` for at most ``wait_s``, and not when ``stopping``."""
        self._store = store
        self._wait_s = wait_s
        self._stopping = stopping
        self.late: frozenset[str] = frozenset()
        """Pods whose mirrors had not what was published last, when we stopped waiting."""

    def wait(self, manifest: Manifest) -> None:
        """Return when all live mirrors have what ``manifest`` names, or after the longest wait.

        Who is late renders the old for a while; that is seen in what Argo CD syncs, and
        corrected (design §6). A store that does not answer is not waited for.
        """
        until_s = time.monotonic() + self._wait_s
        while True:
            try:
                late = frozenset(m.pod for m in self._store.mirrors() if not _has(m, manifest))
            except CmpError as error:
                log.warning("mirrors not asked", extra={"reason": error})
                return
            if not late or time.monotonic() >= until_s or self._stopping.is_set():
                break
            self._stopping.wait(_LOOK_EVERY_S)
        for pod in sorted(late):
            log.warning("mirror is late", extra={"pod": pod, "generation": manifest.generation})
        self.late = late


def _has(mirror: Acknowledged, manifest: Manifest) -> bool:
    return mirror.epoch == manifest.epoch and mirror.generation >= manifest.generation
