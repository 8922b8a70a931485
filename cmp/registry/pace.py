"""When the next request to one registry may be sent: its rate, its pauses, and whether at all.

Values and a clock that is handed in; nobody sleeps here.
"""

import threading
from collections import deque

from cmp.backoff import pause_s

_WINDOW_S = 1.0  # of the requests that say how much a registry takes
_SLOWER = 0.8  # of what it took, after it refused one
_SLOWEST = 0.5  # of the rate before: just after a pause little was taken, for little was sent
_FASTER_S = 0.02  # of the rate, each second without a refusal
_FIRST_RATE = 10.0  # requests a second, at least, after the first refusal
_LOWEST = 0.5  # requests a second
_PAUSE_S = 1.0  # at least, after a refusal; twice as long with each more and no answer between
_LONGEST_PAUSE_S = 3600.0  # whatever it says: a slip of a proxy's is not to last for ever
_DEAD_AFTER = 5  # requests in a row without an answer
_FIRST_REST_S = 20.0
_LONGEST_REST_S = 300.0


class Pace:
    """The pace of one registry; may be used by several threads at once.

    Without a limit of its owner's or the registry's it is as fast as answers come. A refusal
    (429, 503) sets a rate, a little below what was taken until then, which rises slowly. After
    some requests without any answer the registry is left alone for a while, and then asked once.
    """

    def __init__(self, limit: float = 0) -> None:
        """Begin; ``limit`` is in requests a second, 0 for none."""
        self._lock = threading.Lock()
        self._limit = limit
        self._rate = limit
        self._next_s = 0.0
        self._paused_until_s = 0.0
        self._refusals = 0
        self._risen_s = 0.0
        self._taken: deque[float] = deque(maxlen=10_000)
        self._silent = 0
        self._rests = 0
        self._dead_until_s = 0.0
        self._reason = ""

    def slot(self, now_s: float) -> float:
        """Return when a request may be sent, and take that place."""
        with self._lock:
            at_s = max(now_s, self._next_s, self._paused_until_s)
            if self._rate:
                self._next_s = at_s + 1 / self._rate
            return at_s

    def pause_s(self, now_s: float) -> float:
        """Return for how long the registry wants to be left alone."""
        with self._lock:
            return max(0.0, self._paused_until_s - now_s)

    def rest(self, now_s: float) -> str:
        """Return why nothing is sent now; empty when it may be, or for one to try."""
        with self._lock:
            if self._silent < _DEAD_AFTER:
                return ""
            if now_s >= self._dead_until_s:
                self._dead_until_s = now_s + self._rest_s()  # for all but this one
                return ""
            left_s = self._dead_until_s - now_s
            return (
                f"not asked: {self._silent} requests in a row had no answer, the last: "
                f"{self._reason}; it is tried again in {left_s:.0f} s"
            )

    @property
    def is_tried(self) -> bool:
        """Tell whether requests find out whether it is there again: once is enough."""
        return self._silent >= _DEAD_AFTER

    def answered(self, now_s: float) -> None:
        """Note an answer that is no refusal."""
        with self._lock:
            self._silent = self._rests = self._refusals = 0
            self._taken.append(now_s)
            if now_s < self._risen_s:
                return  # sent before the pause that it ends in
            if self._rate and self._rate != self._limit:
                since_s = min(now_s - self._risen_s, 1.0)
                self._rate *= 1 + _FASTER_S * since_s
                if self._limit:
                    self._rate = min(self._rate, self._limit)
            self._risen_s = now_s

    def refused(self, now_s: float, retry_after_s: float | None) -> None:
        """Note that it takes no more for now."""
        with self._lock:
            self._silent = self._rests = 0
            pause_s = retry_after_s or 0.0
            if now_s >= self._paused_until_s:  # else it is of the same burst
                pause_s = max(pause_s, _PAUSE_S * 2**self._refusals)
                self._refusals = min(self._refusals + 1, 20)
                self._rate = max(_LOWEST, self._slower(now_s))
            until_s = now_s + min(pause_s, _LONGEST_PAUSE_S)
            self._risen_s = self._paused_until_s = max(self._paused_until_s, until_s)

    def unanswered(self, now_s: float, reason: str) -> None:
        """Note that nothing came back."""
        with self._lock:
            self._silent += 1
            self._reason = reason
            if self._silent == _DEAD_AFTER:
                self._dead_until_s = now_s + self._rest_s()

    def _slower(self, now_s: float) -> float:
        taken = sum(1 for time_s in self._taken if time_s > now_s - _WINDOW_S) / _WINDOW_S
        if not self._rate:
            # At the beginning little was taken, which says little of what would be.
            return max(taken * _SLOWER, _FIRST_RATE)
        return max(min(self._rate, taken) * _SLOWER, self._rate * _SLOWEST)

    def _rest_s(self) -> float:
        self._rests += 1
        return pause_s(self._rests - 1, first_s=_FIRST_REST_S, longest_s=_LONGEST_REST_S)
