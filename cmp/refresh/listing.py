"""Asking the registries: all repositories at once, each answer whole or a reason."""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Self, TypeVar

from cmp.core.image import Repository
from cmp.core.snapshot import Snapshot, Tag, listed
from cmp.errors import CmpError
from cmp.refresh.questions import Question, RemoteRepository, read
from cmp.registry.client import RegistryClient
from cmp.registry.configuration import Registries, Registry
from cmp.registry.credentials import credential
from cmp.registry.describe import Configurations

_CONNECTIONS = 16

_K = TypeVar("_K")
_V = TypeVar("_V")

Progress = Callable[[str, int], Callable[[], object]]
"""Takes what is done and how often; returns what to call after each."""


class RegistryAccess:
    """Clients for all registries in use, one each, and the threads that ask them."""

    def __init__(self, registries: Registries, env: Mapping[str, str], progress: Progress) -> None:
        """Prepare; a registry's client is made when it is first asked."""
        self._registries = registries
        self._env = env
        self._progress = progress
        self._clients: dict[Registry, RegistryClient] = {}
        self._lock = threading.Lock()
        self._closing = ExitStack()
        self._threads = ThreadPoolExecutor(_CONNECTIONS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)
        self._closing.close()

    def list_all(
        self, repositories: Iterable[Repository]
    ) -> dict[Repository, tuple[str, ...] | CmpError]:
        """List each repository; what fails is an error in its place."""
        return self._each(
            "listing", {repository: (repository, _tags) for repository in repositories}
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

    def _client(self, registry: Registry) -> RegistryClient:
        with self._lock:
            client = self._clients.get(registry)
            if client is None:
                where = f"registry {registry.name}: credentials"
                found = credential(registry.credentials, self._env, where=where)
                client = RegistryClient(registry, found, _CONNECTIONS)
                self._clients[registry] = self._closing.enter_context(closing(client))
            return client

    def _each(
        self, what: str, tasks: Mapping[_K, tuple[Repository, Callable[[RemoteRepository], _V]]]
    ) -> dict[_K, _V | CmpError]:
        done = self._progress(what, len(tasks))
        configurations = Configurations()
        futures = {
            self._threads.submit(self._ask, repository, ask, configurations): key
            for key, (repository, ask) in tasks.items()
        }
        answers: dict[_K, _V | CmpError] = {}
        for future in as_completed(futures):
            answers[futures[future]] = future.result()
            done()
        return answers

    def _ask(
        self,
        repository: Repository,
        ask: Callable[[RemoteRepository], _V],
        configurations: Configurations,
    ) -> _V | CmpError:
        try:
            registry = self._registries.of(repository)
            path = registry.path(repository)
            return ask(RemoteRepository(self._client(registry), path, configurations))
        except CmpError as error:
            return error


def snapshots(
    answers: Mapping[Repository, tuple[str, ...] | CmpError],
    old: Mapping[Repository, Snapshot],
    now: datetime,
) -> dict[Repository, Snapshot]:
    """Return each repository's snapshot: the new one where it was listed, else the old."""
    merged = dict(old)
    for repository, answer in answers.items():
        if not isinstance(answer, CmpError):
            merged[repository] = listed(repository, answer, now, old.get(repository))
    return merged


def with_tags(snapshot: Snapshot, tags: Iterable[Tag]) -> Snapshot:
    """Return ``snapshot`` with what was learnt of some of its tags."""
    return replace(snapshot, tags={**snapshot.tags, **{tag.name: tag for tag in tags}})


def _tags(asked: RemoteRepository) -> tuple[str, ...]:
    return asked.client.tags(asked.path)
