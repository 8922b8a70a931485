"""How much each registry was asked, and how it took it."""

import threading
from dataclasses import dataclass

from cmp.registry.exchange import Exchange


@dataclass(slots=True)
class Counts:
    """Of one registry."""

    requests: int = 0
    """Of all kinds: tokens and repetitions too."""
    refused: int = 0
    """Answered with 429 or 503."""
    unanswered: int = 0
    unchanged: int = 0
    """Answered with 304: nothing was sent."""
    slowest_s: float = 0.0


class Traffic:
    """Counts exchanges by registry; threads may tell of them at once."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._counts: dict[str, Counts] = {}

    def note(self, exchange: Exchange) -> None:
        """Count one."""
        with self._lock:
            counts = self._counts.setdefault(exchange.registry, Counts())
            counts.requests += 1
            counts.refused += exchange.is_refusal
            counts.unanswered += exchange.status == 0
            counts.unchanged += exchange.status == 304  # noqa: PLR2004 - not modified
            counts.slowest_s = max(counts.slowest_s, exchange.time_s)

    def by_registry(self) -> dict[str, Counts]:
        """Return the counts since the beginning, by registry."""
        with self._lock:
            return dict(sorted(self._counts.items()))
