"""What is to be looked at now: from webhooks here, and from those that other refreshers got.

A push may arrive at any refresher. The one that works takes it in; another leaves it in the
store, where that one finds it. So no Service has to select the leader by its readiness, which
would keep a Deployment of two from ever being rolled out.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from cmp.core.image import Repository
from cmp.errors import IndexUnavailable, InvalidInput
from cmp.index import Touch
from cmp.index.protocols import Store
from cmp.refresh.watched import Name
from cmp.registry.configuration import Registries

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.5
_RETRY_S = 5.0


class Touches:
    """What was touched and not taken yet; threads may tell of it at once."""

    def __init__(self, store: Store) -> None:
        """Leave in ``store`` what comes before `lead`."""
        self._store = store
        self._lock = threading.Lock()
        self._waiting: dict[Touch, float] = {}
        self._arrived: Callable[[], object] | None = None

    def lead(self, arrived: Callable[[], object]) -> None:
        """Keep from now on what comes, and call ``arrived`` then: we are the one that works."""
        self._arrived = arrived

    def add(self, touches: Iterable[Touch]) -> None:
        """Take in what was touched just now; raises `IndexUnavailable` where it cannot be."""
        if self._arrived is None:
            self._store.touch(touches)
            return
        now_s = time.monotonic()
        with self._lock:
            for touch in touches:
                self._waiting.setdefault(touch, now_s)
        self._arrived()

    def take(self) -> Mapping[Touch, float]:
        """Return all, with when they came; they are not here any more."""
        with self._lock:
            taken, self._waiting = self._waiting, {}
        return taken

    def follow(self, stopping: threading.Event, failed: Callable[[], object]) -> None:
        """Take over what other refreshers leave, until ``stopping``; say when that fails."""
        is_silent = False
        while not stopping.wait(_RETRY_S if is_silent else _LOOK_EVERY_S):
            try:
                found = self._store.take_touched()
            except IndexUnavailable as error:
                if not is_silent:
                    log.warning("not asked what others were told", extra={"reason": error})
                is_silent = True
                failed()
                continue
            is_silent = False
            if found:
                self.add(found)


def repositories_of(
    taken: Mapping[Touch, float],
    known: Iterable[Repository],
    registries: Registries,
    theirs: Callable[[Name], Iterable[Repository]],
) -> Mapping[Repository, float]:
    """Return which repositories are meant, and since when.

    A registry names itself by its own host. Where registries.conf leads another host to it, the
    image's name has that one.

    Args:
        taken: what was touched, and when.
        known: our repositories; others are nobody's.
        registries: where they are.
        theirs: returns the repositories of an Application.
    """
    found: dict[Repository, float] = {}
    named = {touch.identity: at_s for touch, at_s in taken.items() if touch.kind == "repository"}
    for repository in known if named else ():
        for name in _names(repository, registries):
            if name in named:
                found[repository] = min(named[name], found.get(repository, named[name]))
    for touch, at_s in taken.items():
        if touch.kind == "application":
            namespace, _, name = touch.identity.partition("/")
            for repository in theirs((namespace, name)):
                found.setdefault(repository, at_s)
    return found


def _names(repository: Repository, registries: Registries) -> tuple[str, ...]:
    try:
        registry, path = registries.locate(repository)
    except InvalidInput:
        return (str(repository),)
    return str(repository), f"{registry.api_url.partition('://')[2].rstrip('/')}/{path}"
