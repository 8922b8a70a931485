"""How long it takes from a push, or a listing, until Argo CD has synced what came of it."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime

from cmp.core.image import Repository
from cmp.refresh.turns import PUSH, Due
from cmp.refresh.wanted import WantedImage

_MOST = 10_000  # decisions; one that nobody syncs is forgotten then


class Lags:
    """Decisions that are under way, with when they began; threads may tell of them at once."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._began: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def begin(
        self, images: Iterable[WantedImage], now: datetime, due: Mapping[Repository, Due]
    ) -> None:
        """Take in those of ``images`` that were decided in the pass of ``now``.

        Args:
            images: all that are wanted.
            now: the time of the pass.
            due: repositories that brought something new, with why they were listed.
        """
        new = (i for i in images if i.decision.since == now and i.repository in due)
        with self._lock:
            for image in new:
                cause, since_s = due[image.repository]
                since = "push" if cause == PUSH else "listing"
                self._began.setdefault(image.decision.id, (since_s, since))
            while len(self._began) > _MOST:
                self._began.popitem(last=False)

    def end(self, decisions: Iterable[str]) -> tuple[float, str] | None:
        """Return how long the one of ``decisions`` took that took longest, and since what.

        None where none of them began while we looked.
        """
        with self._lock:
            found = [self._began.pop(one) for one in decisions if one in self._began]
        if not found:
            return None
        since_s, since = min(found)
        return time.monotonic() - since_s, since
