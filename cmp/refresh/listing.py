"""Asking the registries: all repositories at once, each answer whole or a reason."""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self, TypeVar

from cmp.core.decide import needed_tags
from cmp.core.image import Repository
from cmp.core.policy import Policy, wants_platform
from cmp.core.snapshot import Snapshot, Tag, listed
from cmp.core.strategies import Need
from cmp.errors import CmpError, InvalidPolicy, NotFound, RegistryFailed
from cmp.registry.client import RegistryClient
from cmp.registry.configuration import Registries, Registry
from cmp.registry.credentials import credential
from cmp.registry.describe import describe

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
        return self._each("listing", {r: self._bound(r, _tags) for r in repositories})

    def needed(
        self, snapshot: Snapshot, policies: tuple[Policy, ...]
    ) -> dict[str, Callable[[], Tag]]:
        """Return, by tag, the look-ups without which ``policies`` cannot decide."""
        wishes: dict[str, _Wish] = {}
        for policy in policies:
            for need in Need:
                for name in _needed(policy, need, snapshot):
                    wishes[name] = wishes.get(name, _NOTHING).joined(policy, need)
        return {
            name: self._bound(snapshot.repository, _Look(snapshot.tags[name], wish))
            for name, wish in wishes.items()
        }

    def look_up(
        self, tasks: Mapping[tuple[Repository, str], Callable[[], Tag]]
    ) -> dict[tuple[Repository, str], Tag | CmpError]:
        """Run look-ups; what fails is an error in its place."""
        return self._each("reading manifests", tasks)

    def verify_all(
        self, winners: Iterable[tuple[Repository, str, tuple[str, ...]]]
    ) -> dict[tuple[Repository, str, tuple[str, ...]], CmpError | None]:
        """Show that each (repository, tag, platforms) can be pulled, or why not."""
        tasks = {winner: self._bound(winner[0], _Pull(*winner[1:])) for winner in winners}
        return self._each("verifying", tasks)

    def _bound(
        self, repository: Repository, ask: Callable[[RegistryClient, str], _V]
    ) -> Callable[[], _V]:
        def task() -> _V:
            registry = self._registries.of(repository)
            return ask(self._client(registry), registry.path(repository))

        return task

    def _client(self, registry: Registry) -> RegistryClient:
        with self._lock:
            client = self._clients.get(registry)
            if client is None:
                where = f"registry {registry.name}: credentials"
                found = credential(registry.credentials, self._env, where=where)
                client = RegistryClient(registry, found, _CONNECTIONS)
                self._clients[registry] = self._closing.enter_context(closing(client))
            return client

    def _each(self, what: str, tasks: Mapping[_K, Callable[[], _V]]) -> dict[_K, _V | CmpError]:
        done = self._progress(what, len(tasks))
        futures = {self._threads.submit(_caught, task): key for key, task in tasks.items()}
        answers: dict[_K, _V | CmpError] = {}
        for future in as_completed(futures):
            answers[futures[future]] = future.result()
            done()
        return answers


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


@dataclass(frozen=True, slots=True)
class _Wish:
    """What all policies together have to know of one tag."""

    platforms: tuple[str, ...] | None
    """None while no policy was heard; empty for any platform."""
    created: bool

    def joined(self, policy: Policy, need: Need) -> "_Wish":
        """Return the wish that also serves ``policy``."""
        if self.platforms is None:
            platforms = policy.platforms
        elif not self.platforms or not policy.platforms:
            platforms = ()
        else:
            platforms = tuple(sorted({*self.platforms, *policy.platforms}))
        return _Wish(platforms, self.created or need is Need.CREATED)


_NOTHING = _Wish(None, created=False)


def _caught(task: Callable[[], _V]) -> _V | CmpError:
    try:
        return task()
    except CmpError as error:
        return error


def _needed(policy: Policy, need: Need, snapshot: Snapshot) -> tuple[str, ...]:
    try:
        return needed_tags(policy, need, snapshot)
    except InvalidPolicy:
        return ()  # the decision says so, once for each image


def _tags(client: RegistryClient, path: str) -> tuple[str, ...]:
    return client.tags(path)


class _Look:
    """Reads what a tag names now; what was read before is kept while its digest stays."""

    def __init__(self, tag: Tag, wish: _Wish) -> None:
        self._tag = tag
        self._wish = wish

    def __call__(self, client: RegistryClient, path: str) -> Tag:
        tag, platforms = self._tag, self._wish.platforms or ()
        try:
            digest = client.digest(path, tag.name)
            if digest == tag.digest and (not self._wish.created or tag.is_read(platforms)):
                return tag
            if not self._wish.created:
                return Tag(tag.name, tag.first_seen, digest)
            found = describe(client, path, tag.name, platforms)
        except NotFound:
            return Tag(tag.name, tag.first_seen, kind="missing")
        known = (found.digest, found.created, found.kind, found.unread)
        return Tag(tag.name, tag.first_seen, *known)


class _Pull:
    """Shows that a tag can be pulled for one of the wanted platforms."""

    def __init__(self, tag: str, platforms: tuple[str, ...]) -> None:
        self._tag = tag
        self._platforms = platforms

    def __call__(self, client: RegistryClient, path: str) -> None:
        if not self._platforms:
            client.digest(path, self._tag)
            return
        found = describe(client, path, self._tag, self._platforms)
        if not any(wants_platform(self._platforms, platform) for platform in found.platforms):
            raise RegistryFailed(f"not built for {', '.join(self._platforms)}", where=self._tag)
