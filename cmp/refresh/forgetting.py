"""What nobody uses any more, and for how long nobody has."""

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)


class Unused(Generic[_Key]):
    """Remembers since when each thing is not used; one that is used again begins anew.

    In memory: a refresher that has just begun waits the whole time again.
    """

    def __init__(self) -> None:
        """Begin with nothing that is unused."""
        self._since_s: dict[_Key, float] = {}

    def due(self, unused: Iterable[_Key], now_s: float, after_s: float) -> frozenset[_Key]:
        """Return what of ``unused``, which is all there is now, has been so for longer."""
        self._since_s = {key: self._since_s.get(key, now_s) for key in unused}
        return frozenset(key for key, s in self._since_s.items() if now_s - s > after_s)
