"""Asking the registries: all repositories at once, each answer whole or a reason."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue
from typing import Self, TypeVar

from cmp.core.image import Repository
from cmp.core.snapshot import Snapshot, Tag, listed
from cmp.errors import CmpError, InvalidInput, NotFound, Refused, RegistryFailed
from cmp.refresh.questions import Question, RemoteRepository, read
from cmp.registry.auth.docker_config import place
from cmp.registry.auth.keychain import Keyring, Wanted, described
from cmp.registry.auth.reference import Reference, is_for, parse
from cmp.registry.client import Listing, RegistryClient
from cmp.registry.configuration import Registries, Registry
from cmp.registry.describe import Configurations
from cmp.registry.exchange import Observer
from cmp.registry.pace import Pace
from cmp.registry.transport import RegistryTransport

log = logging.getLogger(__name__)

_CONNECTIONS = 16  # to one registry
_SILENCE_S = 90.0  # of a registry, after which nobody waits for its other answers

_K = TypeVar("_K")
_V = TypeVar("_V")

Progress = Callable[[str, int], Callable[[], object]]
"""Takes what is done and how often; returns what to call after each."""

Ask = Callable[[RemoteRepository], _V]


class _Place:
    """One registry: its connections, its pace, and threads that wait for no other's."""

    def __init__(self, registry: Registry, observe: Observer) -> None:
        self.registry = registry
        self.transport = RegistryTransport(registry, Pace(registry.limit), _CONNECTIONS, observe)
        self.threads = ThreadPoolExecutor(_CONNECTIONS, f"registry {registry.name}")
        self._clients: dict[Reference | None, RegistryClient] = {}
        self._lock = threading.Lock()

    def client(self, reference: Reference | None, keyring: Keyring) -> RegistryClient:
        """Return the client with the credentials that ``reference`` names, or its own."""
        with self._lock:
            if reference not in self._clients:
                keychain = self._wanted(reference).keychain(keyring)
                self._clients[reference] = RegistryClient(self.registry, self.transport, keychain)
            return self._clients[reference]

    @property
    def host(self) -> str:
        """As in the names of the images it holds."""
        return place(self.registry.prefix or self.registry.api_url)[0]

    def _wanted(self, reference: Reference | None) -> Wanted:
        registry = self.registry
        if reference is not None:
            return Wanted(
                reference, self.host, registry.api_url, where="pull-secret", annotated=True
            )
        own, where = None, f"registry {registry.name}: credentials"
        if registry.credentials:
            try:
                own = parse(registry.credentials)
            except InvalidInput as error:
                raise error.within(where) from None
            if not is_for(own, self.host):
                raise InvalidInput(f"they are for {own.registry}, and go nowhere else", where=where)
        return Wanted(own, self.host, registry.api_url, registry.credentials_valid_s, where)

    def close(self) -> None:
        """End; what is under way is not waited for."""
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.transport.close()


class RegistryAccess:
    """All registries in use, with the threads that ask them."""

    def __init__(self, keyring: Keyring, progress: Progress, observe: Observer) -> None:
        """Prepare; `begin` says which registries there are."""
        self._keyring = keyring
        self._progress = progress
        self._observe = observe
        self._registries = Registries()
        self._pull_secrets: Mapping[Repository, Sequence[Reference]] = {}
        self._places: dict[Registry, _Place] = {}
        self._works: dict[Repository, Reference | None] = {}
        self._told: dict[tuple[Repository, Reference], str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._places.values():
            one.close()

    def begin(
        self, registries: Registries, pull_secrets: Mapping[Repository, Sequence[Reference]]
    ) -> None:
        """Begin a pass: the configuration may be another one now.

        ``pull_secrets`` has the Secrets that annotations name for a repository: they are tried
        before the registry's own credentials.
        """
        gone = set(self._registries.entries) - set(registries.entries)
        for registry in gone & self._places.keys():
            self._places.pop(registry).close()
        self._registries = registries
        self._pull_secrets = pull_secrets
        self._works = {r: found for r, found in self._works.items() if r in pull_secrets}

    def list_all(
        self, repositories: Mapping[Repository, Snapshot | None]
    ) -> dict[Repository, Listing | CmpError]:
        """List each repository, with what is known of it; what fails is an error in its place."""
        return self._each(
            "listing",
            {
                repository: (repository, partial(_tags, known.pages if known else ()))
                for repository, known in repositories.items()
            },
        )

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
        futures: dict[Future[_V | CmpError], tuple[_K, _Place]] = {}
        answers: dict[_K, _V | CmpError] = {}
        for key, (repository, ask) in tasks.items():
            try:
                registry, path = self._registries.locate(repository)
                place = self._place(registry)
            except CmpError as error:
                answers[key] = error
                continue
            bound = partial(self._ask, place, path, repository, ask, configurations)
            futures[place.threads.submit(bound)] = (key, place)
        for future, answer in _in_turn(futures):
            answers[futures[future][0]] = answer
            done()
        return answers

    def _place(self, registry: Registry) -> _Place:
        if registry not in self._places:
            self._places[registry] = _Place(registry, self._observe)
        return self._places[registry]

    def _ask(
        self,
        place: _Place,
        path: str,
        repository: Repository,
        ask: Ask[_V],
        configurations: Configurations,
    ) -> _V | CmpError:
        """Ask with the credentials that served before, then with all others there are."""
        named = self._pull_secrets.get(repository, ())
        sources = [*(r for r in named if is_for(r, place.host)), None]
        if repository in self._works:
            sources.sort(key=lambda source: source != self._works[repository])
        failed: CmpError | None = None
        for source in sources:
            try:
                client = place.client(source, self._keyring)
                answer = ask(RemoteRepository(client, path, configurations))
            except (Refused, NotFound, InvalidInput) as error:
                failed = failed or error
                self._tell_of(repository, source, str(error))
            except CmpError as error:
                return error
            else:
                self._works[repository] = source
                return answer
        return failed or RegistryFailed("nothing to ask with", where=str(repository))

    def _tell_of(self, repository: Repository, source: Reference | None, why: str) -> None:
        """Log once that a pull-secret did not do: others may have done instead."""
        if source is not None and self._told.get((repository, source)) != why:
            self._told[repository, source] = why
            where = {"repository": repository, "source": described(source)}
            log.warning("pull-secret not used", extra={**where, "reason": why})


def _in_turn(
    futures: Mapping[Future[_V | CmpError], tuple[_K, _Place]],
) -> Iterable[tuple[Future[_V | CmpError], _V | CmpError]]:
    """Yield answers as they come; for a registry that falls silent, that it did."""
    now_s = looked_s = time.monotonic()
    heard_s = {place: now_s for _, place in futures.values()}
    pending = set(futures)
    finished: SimpleQueue[Future[_V | CmpError]] = SimpleQueue()
    for future in futures:
        future.add_done_callback(finished.put)
    while pending:
        with suppress(Empty):
            future = finished.get(timeout=1)
            if future in pending:
                pending.discard(future)
                heard_s[futures[future][1]] = time.monotonic()
                yield future, future.result()
        now_s = time.monotonic()
        if now_s - looked_s < 1:
            continue
        looked_s = now_s
        for future in [f for f in pending if now_s - heard_s[futures[f][1]] > _SILENCE_S]:
            pending.discard(future)
            future.cancel()
            where = f"registry {futures[future][1].registry.name}"
            yield future, RegistryFailed(f"silent for {_SILENCE_S:.0f} s", where=where)


def snapshots(
    answers: Mapping[Repository, Listing | CmpError],
    old: Mapping[Repository, Snapshot],
    now: datetime,
) -> dict[Repository, Snapshot]:
    """Return each repository's snapshot: the new one where it was listed, else the old."""
    merged = dict(old)
    for repository, answer in answers.items():
        if isinstance(answer, CmpError):
            continue
        known = old.get(repository)
        if answer.names is not None:
            merged[repository] = replace(
                listed(repository, answer.names, now, known), pages=answer.pages
            )
        elif known is not None:
            merged[repository] = replace(known, listed_at=now)
    return merged


def with_tags(snapshot: Snapshot, tags: Iterable[Tag]) -> Snapshot:
    """Return ``snapshot`` with what was learnt of some of its tags."""
    return replace(snapshot, tags={**snapshot.tags, **{tag.name: tag for tag in tags}})


def _tags(known: tuple[tuple[str, str], ...], asked: RemoteRepository) -> Listing:
    return asked.client.tags(asked.path, known)
