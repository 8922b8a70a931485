"""What Applications are to run: left by those who know, and taken by the one thread that acts."""

import threading
from collections.abc import Iterable, Mapping

from cmp.refresh.wanted import Wanted
from cmp.refresh.watched import Name

_NOTHING_YET: Mapping[Name, Wanted] = {}


class Wishes:
    """What is wanted, and which Applications have changed since that was taken last."""

    def __init__(self) -> None:
        """Begin with nothing that is wanted, of which nobody is done."""
        self._lock = threading.Lock()
        self._wanted = _NOTHING_YET
        self._changed: set[Name] = set()
        self._is_idle = False
        self.awake = threading.Event()
        """Set when there is something to be looked at."""

    def want(self, wanted: Mapping[Name, Wanted]) -> None:
        """Take in what each Application is to run from now on."""
        with self._lock:
            self._wanted = wanted
            self._changed |= wanted.keys()
            self._is_idle = False
        self.awake.set()

    def wake(self, name: Name) -> None:
        """Have an Application looked at now."""
        self.keep((name,))
        self.awake.set()

    def keep(self, names: Iterable[Name]) -> None:
        """Have Applications looked at the next time."""
        with self._lock:
            self._changed.update(names)

    @property
    def wanted(self) -> Mapping[Name, Wanted]:
        """What is wanted now."""
        with self._lock:
            return self._wanted

    def take(self) -> tuple[Mapping[Name, Wanted], set[Name]]:
        """Return what is wanted, and what has changed, which is the caller's from now on."""
        self.awake.clear()
        with self._lock:
            changed, self._changed = self._changed, set()
            return self._wanted, changed

    def looked(self, wanted: Mapping[Name, Wanted], *, is_idle: bool) -> None:
        """Say whether all of ``wanted`` is done that can be."""
        with self._lock:
            is_all = self._wanted is wanted and wanted is not _NOTHING_YET
            self._is_idle = is_idle and is_all and not self._changed

    @property
    def is_idle(self) -> bool:
        """Tell whether all is done that can be: what is left waits for people."""
        with self._lock:
            return self._is_idle
