"""What nobody uses any more, and for how long nobody has."""

import time
from collections.abc import Hashable, Iterable
from datetime import timedelta
from typing import Generic, TypeVar

from cmp.core.image import Repository
from cmp.core.record import ApplicationRecord
from cmp.index.protocols import Store
from cmp.refresh.heard import Heard
from cmp.refresh.state import ConfigMapState

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


class Forgetting:
    """Lets go of what no Application has used for long: its state, and documents of the store.

    To be asked only where all Applications are known: others would count as gone.
    """

    def __init__(self, state: ConfigMapState, heard: Heard, store: Store, after: timedelta) -> None:
        """Forget what is not used for longer than ``after``."""
        self._state = state
        self._heard = heard
        self._store = store
        self._after_s = after.total_seconds()
        self._gone = Unused[str]()
        self._unused = Unused[tuple[str, str]]()
        self._recorded: frozenset[Repository] = frozenset()

    def keep(self, records: Iterable[ApplicationRecord]) -> None:
        """Count the repositories of which something is chosen as used."""
        self._recorded = frozenset(
            decision.repository
            for record in records
            for source in record.sources
            for decision in source.decisions.values()
        )

    def applications(self, present: Iterable[str]) -> None:
        """Let go of the state of Applications that have been gone for long."""
        others = self._state.others(present)
        forgotten = self._gone.due(others, time.monotonic(), self._after_s)
        self._state.forget(forgotten)
        self._heard.forget(forgotten)

    def documents(
        self, present: Iterable[str], repositories: Iterable[Repository]
    ) -> frozenset[tuple[str, str]]:
        """Return the documents of the store that no Application has used for long."""
        used = {("application", instance) for instance in present}
        used |= {("repository", str(r)) for r in self._recorded.union(repositories)}
        unused = [document for document in self._store.documents() if document not in used]
        return self._unused.due(unused, time.monotonic(), self._after_s)
