"""The time of day, by a clock that is not led astray by one that jumps.

What a rule about time lets go cannot be taken back: a hold that has ended, an image that was
old enough. A clock that jumps may be wrong, and set right soon; so a jump counts when it has
lasted. A clock that was wrong when the process began is believed: there is no other to ask.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

log = logging.getLogger(__name__)

_DRIFT_S = 30.0
"""What a clock is set by when all is well, and what the time between two looks may make of it."""
BELIEVED_AFTER_S = 600.0


class Clock:
    """Tells the time of day; threads may ask at once."""

    def __init__(
        self,
        time_of_day: Callable[[], float] = time.time,  # noqa: TID251 - the clock enters here
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with what the machine says: ``time_of_day`` may jump, ``steady`` does not."""
        self._time_of_day = time_of_day
        self._steady = steady
        self._lock = threading.Lock()
        self._ahead_s = time_of_day() - steady()
        """Of the steady clock, as it is believed."""
        self._doubted_s: float | None = None
        """The same as the machine says, while that is not believed."""
        self._since_s = 0.0

    def now(self) -> datetime:
        """Return the time of day in UTC."""
        with self._lock:
            steady_s = self._steady()
            self._look(self._time_of_day() - steady_s, steady_s)
            return datetime.fromtimestamp(steady_s + self._ahead_s, UTC)

    def _look(self, ahead_s: float, steady_s: float) -> None:
        if abs(ahead_s - self._ahead_s) <= _DRIFT_S:
            self._ahead_s, self._doubted_s = ahead_s, None
            return
        if self._doubted_s is None or abs(ahead_s - self._doubted_s) > _DRIFT_S:
            self._since_s = steady_s
            within = timedelta(seconds=BELIEVED_AFTER_S)
            log.warning(
                "the clock has jumped",
                extra={"by": _by(ahead_s - self._ahead_s), "believed_after": within},
            )
        self._doubted_s = ahead_s
        if steady_s - self._since_s >= BELIEVED_AFTER_S:
            log.warning("the clock is believed", extra={"by": _by(ahead_s - self._ahead_s)})
            self._ahead_s, self._doubted_s = ahead_s, None


def _by(seconds: float) -> str:
    return f"{seconds:+.0f} s"
