"""Asking the registries: all repositories at once, each answer whole or a reason."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue
from typing import Self, TypeVar

from cmp.core.image import Repository
from cmp.core.snapshot import Snapshot, Tag
from cmp.errors import CmpError, EdgeFailed, InvalidInput, RegistryFailed
from cmp.refresh.place import Place
from cmp.refresh.questions import Question, RemoteRepository, read
from cmp.refresh.sources import Sources
from cmp.registry.auth.keychain import Keyring
from cmp.registry.auth.reference import Reference
from cmp.registry.client import Listing, Pages
from cmp.registry.configuration import Registries, Registry
from cmp.registry.describe import Configurations
from cmp.registry.exchange import Observer
from cmp.registry.pace import Pace

log = logging.getLogger(__name__)

_WHOLE_AFTER_S = 3600.0

_K = TypeVar("_K")
_V = TypeVar("_V")

Progress = Callable[[str, int], Callable[[], object]]
"""Takes what is done and how often; returns what to call after each."""

Ask = Callable[[RemoteRepository], _V]


class RegistryAccess:
    """All registries in use, with the threads that ask them."""

    def __init__(self, keyring: Keyring, progress: Progress, observe: Observer) -> None:
        """Prepare; `begin` says which registries there are."""
        self._keyring = keyring
        self._progress = progress
        self._observe = observe
        self._registries = Registries()
        self._sources = Sources()
        self._places: dict[Registry, Place] = {}
        self._paces: dict[str, Pace] = {}
        self._whole_s: dict[Repository, float] = {}
        self._running: set[tuple[str, object]] = set()
        self._lock = threading.Lock()
        self._is_ending = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._places.values():
            one.close()

    def stop(self) -> None:
        """Ask nothing more: whoever waits for answers, now or later, is told `EdgeFailed`."""
        self._is_ending.set()

    def begin(
        self, registries: Registries, pull_secrets: Mapping[Repository, Sequence[Reference]]
    ) -> None:
        """Begin a pass: the configuration may be another one now.

        ``pull_secrets`` has all repositories there are, with the Secrets that annotations name
        for them: they are tried before the registry's own credentials. Of registries and
        repositories that are none of these any more, nothing is kept.
        """
        self._registries = registries
        self._sources.begin(pull_secrets)
        used = {found[0] for r in pull_secrets if (found := _located(registries, r))}
        for registry in self._places.keys() - used:
            self._places.pop(registry).close()
        urls = {registry.api_url for registry in used}
        self._paces = {url: pace for url, pace in self._paces.items() if url in urls}
        self._whole_s = {r: s for r, s in self._whole_s.items() if r in pull_secrets}
        for place in self._places.values():
            place.begin()

    def list_all(
        self, repositories: Mapping[Repository, Snapshot | None]
    ) -> dict[Repository, Listing | CmpError]:
        """List each repository, with what is known of it; what fails is an error in its place.

        Those that were not listed for longest are first: what is not reached in time is next.
        """
        now_s = time.monotonic()
        in_turn = sorted(repositories, key=lambda r: self._whole_s.get(r, 0.0))
        answers = self._each(
            "listing",
            {
                repository: (
                    repository,
                    partial(_tags, self._pages(repository, repositories[repository], now_s)),
                )
                for repository in in_turn
            },
        )
        for repository, answer in answers.items():
            if isinstance(answer, Listing) and answer.names is not None:
                self._whole_s[repository] = now_s
        return answers

    def _pages(self, repository: Repository, known: Snapshot | None, now_s: float) -> Pages:
        """Return the pages to ask about, or none, to read all of them: now and then.

        Where the last page is full, a server may say that it has not changed although it has
        a successor now.
        """
        since_s = self._whole_s.setdefault(repository, now_s)
        return known.pages if known is not None and now_s - since_s < _WHOLE_AFTER_S else ()

    def read_all(
        self, wanted: Mapping[tuple[Repository, str], tuple[Tag, tuple[str, ...]]], now: datetime
    ) -> dict[tuple[Repository, str], Tag | CmpError]:
        """Read what tags name, for the platforms wanted; what fails is an error in its place."""
        return self._each(
            "reading manifests",
            {key: (key[0], partial(read, *wish, now)) for key, wish in wanted.items()},
        )

    def answer_all(
        self, questions: Mapping[Question, Tag], now: datetime
    ) -> dict[Question, Tag | CmpError]:
        """Answer each question from what is known of its tag, and what the registry says now."""
        return self._each(
            "verifying",
            {q: (q.repository, partial(q.answer, known, now)) for q, known in questions.items()},
        )

    def _each(
        self, what: str, tasks: Mapping[_K, tuple[Repository, Ask[_V]]]
    ) -> dict[_K, _V | CmpError]:
        done = self._progress(what, len(tasks))
        configurations = Configurations()
        finished: SimpleQueue[tuple[_K, _V | CmpError]] = SimpleQueue()
        pending: dict[_K, Place] = {}
        answers: dict[_K, _V | CmpError] = {}
        for key, (repository, ask) in tasks.items():
            try:
                registry, path = self._registries.locate(repository)
                place = self._place(registry)
            except CmpError as error:
                answers[key] = error
                continue
            if not self._starts(what, key):
                answers[key] = _failed(place, "still asked from the pass before")
                continue
            pending[key] = place
            asked = partial(self._ask, place, path, repository, ask, configurations)
            place.submit(partial(self._run, what, key, asked, finished))
        for key, answer in _in_turn(pending, finished, self._is_ending):
            answers[key] = answer
            done()
        return answers

    def _run(
        self,
        what: str,
        key: _K,
        asked: Callable[[], _V | CmpError],
        finished: "SimpleQueue[tuple[_K, _V | CmpError]]",
    ) -> None:
        answer = asked()
        self._ends(what, key)
        finished.put((key, answer))

    def _starts(self, what: str, key: object) -> bool:
        with self._lock:
            if (what, key) in self._running:
                return False
            self._running.add((what, key))
            return True

    def _ends(self, what: str, key: object) -> None:
        with self._lock:
            self._running.discard((what, key))

    def _place(self, registry: Registry) -> Place:
        if registry not in self._places:
            # What two entries ask at one place, it sees as one.
            limits = [
                entry.limit
                for entry in (registry, *self._registries.entries)
                if entry.api_url == registry.api_url and entry.limit
            ]
            pace = self._paces.setdefault(registry.api_url, Pace(min(limits, default=0)))
            self._places[registry] = Place(registry, pace, self._observe)
        return self._places[registry]

    def _ask(
        self,
        place: Place,
        path: str,
        repository: Repository,
        ask: Ask[_V],
        configurations: Configurations,
    ) -> _V | CmpError:
        """Ask with the credentials that served before, then with all others there are."""
        if why := place.given_up():
            return _failed(place, why)  # nobody waits for it: it is for the next pass
        failed: CmpError | None = None
        for source in self._sources.of(place, repository):
            try:
                client = place.client(source, self._keyring)
                answer = ask(RemoteRepository(client, path, configurations))
            except CmpError as error:
                failed = failed or error
                self._sources.failed(repository, source, str(error))
            except Exception:
                # A mistake of ours, about one repository; the others are not to suffer.
                log.exception("not asked", extra={"repository": repository})
                return _failed(place, "a mistake of the refresher's: see its log")
            else:
                self._sources.served(repository, source)
                return answer
        return failed or _failed(place, "nothing to ask with")


def _in_turn(
    pending: dict[_K, Place],
    finished: "SimpleQueue[tuple[_K, _V | CmpError]]",
    is_ending: threading.Event,
) -> Iterator[tuple[_K, _V | CmpError]]:
    """Yield answers as they come; for a registry that is given up, that it is."""
    looked_s = time.monotonic()
    while pending:
        if is_ending.is_set():
            raise EdgeFailed("the refresher ends; what is missing is asked by the next")
        with suppress(Empty):
            key, answer = finished.get(timeout=1)
            if pending.pop(key, None):
                yield key, answer
        if time.monotonic() - looked_s >= 1:
            looked_s = time.monotonic()
            given_up = {key: why for key, place in pending.items() if (why := place.given_up())}
            for key, why in given_up.items():
                yield key, _failed(pending.pop(key), why)


def _located(registries: Registries, repository: Repository) -> tuple[Registry, str] | None:
    try:
        return registries.locate(repository)
    except InvalidInput:
        return None


def _failed(place: Place, why: str) -> RegistryFailed:
    return RegistryFailed(why, where=f"registry {place.registry.name}")


def _tags(known: Pages, asked: RemoteRepository) -> Listing:
    return asked.client.tags(asked.path, known)
