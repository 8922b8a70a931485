"""Whether the refresher lives, and whether it does its work."""

import threading
import time

_STUCK_S = 300.0
"""Longer than any step takes that ends: a registry is given up after 120 s of a pass."""
STANDBY = "standing by: another refresher works"
BEGINNING = "the first pass is not done"


class Health:
    """What threads say of themselves; they and servers may use it at once."""

    def __init__(self, stuck_s: float = _STUCK_S) -> None:
        """Begin as one that stands by; who gives no sign for ``stuck_s`` is stuck."""
        self._stuck_s = stuck_s
        self._lock = threading.Lock()
        self._signs: dict[str, float] = {}
        self._why = ""
        self.is_leading = False

    def beat(self, who: str) -> None:
        """Give a sign of life."""
        with self._lock:
            self._signs[who] = time.monotonic()

    def lead(self) -> None:
        """Take in that the work begins."""
        self.is_leading, self._why = True, BEGINNING

    def passed(self, why_not: str = "") -> None:
        """Take in that a pass was done, or why not."""
        self._why = why_not

    @property
    def stuck(self) -> str:
        """Who has given no sign of life for long; empty when all is well."""
        now_s = time.monotonic()
        with self._lock:
            silent = [(who, now_s - at_s) for who, at_s in self._signs.items()]
        return ", ".join(
            f"{who} has been stuck for {late_s:.0f} s"
            for who, late_s in silent
            if late_s > self._stuck_s
        )

    @property
    def unready(self) -> str:
        """Why it does not do its work; empty when it does, or stands by."""
        return self._why
