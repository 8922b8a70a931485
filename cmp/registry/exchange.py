"""What passed between us and a registry: for counts, and for `doctor`."""

from collections.abc import Callable
from dataclasses import dataclass

TOO_MANY = frozenset({429, 503})
"""What a registry answers that wants fewer requests."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it."""

    registry: str
    method: str
    url: str
    """Without its query, which can hold a signature."""
    status: int
    """0 where nothing was answered."""
    time_s: float
    said: str = ""
    """What a person should know of it: a challenge, why there was no answer."""
    date: str = ""
    """The server's clock, as it says in ``Date``."""

    @property
    def is_refusal(self) -> bool:
        """Tell whether the registry wants fewer requests."""
        return self.status in TOO_MANY


Observer = Callable[[Exchange], object]
"""Called after each, by whichever thread sent it."""
