"""What waits for mirrors: each publication by itself, in order, and no longer than allowed."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from cmp.index import Acknowledged, Manifest
from cmp.index.redis import RedisIndex
from cmp.refresh.instruments import Instruments
from cmp.refresh.mirrors import Mirrors
from tests.support.redis import RedisServer
from tests.support.waiting import wait_for

WAIT_S = 1.0
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Place:
    """A store with mirrors, and what was done."""

    def __init__(self, store: RedisIndex) -> None:
        self._store = store
        self.stopping = threading.Event()
        self.done: list[str] = []
        self.mirrors = Mirrors(store, Instruments(), wait_s=WAIT_S, stopping=self.stopping)

    def has(self, pod: str, generation: int, epoch: str = "e") -> None:
        self._store.acknowledge(Acknowledged(pod, epoch, generation, 1))

    def then(self, generation: int, what: str, *, epoch: str = "e", complete: bool = True) -> None:
        manifest = Manifest(epoch, generation, NOW, complete=complete)
        self.mirrors.then(manifest, lambda: self.done.append(what), whole=False)

    def has_done(self, *what: str) -> None:
        wait_for(f"{what} is done", lambda: self.done == [*what])


@pytest.fixture
def place(redis_server: RedisServer) -> Iterator[Place]:
    redis_server.flush()
    place = Place(RedisIndex(redis_server.url, redis_server.environment(tls=False)))
    yield place
    place.stopping.set()


def test_it_is_done_when_all_have_it(place: Place) -> None:
    place.has("pod-1", 1)
    place.has("pod-2", 0)

    place.then(1, "a")
    time.sleep(WAIT_S / 3)
    assert place.done == []
    place.has("pod-2", 1)

    place.has_done("a")


def test_one_that_is_late_holds_up_each_publication_once(place: Place) -> None:
    place.has("pod-1", 9)
    place.has("pod-2", 0)
    began_s = time.monotonic()

    place.then(1, "a")
    time.sleep(WAIT_S / 2)
    place.then(2, "b")

    place.has_done("a")
    assert time.monotonic() - began_s >= WAIT_S
    place.has_done("a", "b")
    assert time.monotonic() - began_s >= WAIT_S * 1.5


def test_what_comes_later_is_done_in_place_of_all_before(place: Place) -> None:
    place.has("pod-1", 0)

    place.then(1, "a")
    place.then(1, "the same again")
    place.then(2, "b")
    place.has("pod-1", 2)

    place.has_done("b")


@pytest.mark.parametrize("epoch", ["e", "f"])
def test_what_no_mirror_takes_is_not_waited_for(place: Place, epoch: str) -> None:
    place.has("pod-1", 0)

    place.then(1, "a")
    place.then(1, "b", epoch=epoch, complete=False)

    assert place.done == ["b"]
    time.sleep(WAIT_S * 1.2)
    assert place.done == ["b"]


def test_without_mirrors_nothing_is_waited_for(place: Place) -> None:
    place.then(1, "a")
    place.has_done("a")
    place.then(1, "b")

    assert place.done == ["a", "b"]
