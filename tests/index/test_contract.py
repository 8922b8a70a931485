"""What every backend of the index does alike."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmp.core.image import Repository
from cmp.core.people import Instruction
from cmp.core.record import ApplicationRecord, History
from cmp.core.snapshot import Snapshot, Tag
from cmp.errors import IndexUnavailable
from cmp.index import BACKENDS, Manifest, Touch, open_index, open_reader
from cmp.index.protocols import Store
from tests.index import examples
from tests.index.examples import NOW, REPOSITORY, record, snapshot

if TYPE_CHECKING:
    from tests.support.redis import RedisServer

SCHEMES = ("file", "redis", "rediss")

# Each example writes what the one before wrote: that replaces it is a part of the contract.
repeatedly = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)


class Place(NamedTuple):
    """Where an index is, empty when the test begins."""

    url: str
    env: Mapping[str, str]

    def open(self) -> Store:
        return open_index(self.url, self.env)


@pytest.fixture(params=SCHEMES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "file":
        return Place(f"file://{tmp_path}/index", {})
    server: RedisServer = request.getfixturevalue("redis_server")
    server.flush()
    if request.param == "rediss":
        return Place(server.tls_url, server.environment())
    return Place(server.url, server.environment(tls=False))


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()


def test_every_backend_is_here() -> None:
    assert set(SCHEMES) == set(BACKENDS)


def test_nothing_is_none_and_not_an_error(store: Store) -> None:
    assert store.manifest() is None
    assert store.snapshot(REPOSITORY) is None
    assert store.application("guestbook") is None
    assert store.instances() == ()
    assert store.history("guestbook") == {}
    assert store.instructions("guestbook") == {}


@repeatedly
@given(written=examples.snapshots)
def test_a_snapshot_comes_back(store: Store, written: Snapshot) -> None:
    store.put_snapshot(written)

    assert store.snapshot(written.repository) == written


@repeatedly
@given(written=examples.records)
def test_a_record_comes_back(store: Store, written: ApplicationRecord) -> None:
    store.put_application(written)

    assert store.application(written.instance) == written
    assert written.instance in store.instances()


@repeatedly
@given(written=examples.manifests)
def test_a_manifest_comes_back(store: Store, written: Manifest) -> None:
    store.put_manifest(written)

    assert store.manifest() == written


@repeatedly
@given(written=examples.histories)
def test_a_history_comes_back(store: Store, written: History) -> None:
    store.put_history("guestbook", written)

    assert store.history("guestbook") == written


@repeatedly
@given(written=st.dictionaries(st.text(max_size=20), examples.instructions, max_size=2))
def test_what_people_said_comes_back(store: Store, written: Mapping[str, Instruction]) -> None:
    store.put_instructions("guestbook", written)

    assert store.instructions("guestbook") == written


def test_the_image_comes_back_as_it_was_written(store: Store) -> None:
    decision = examples.decision(repository=Repository.parse("index.docker.io/nginx"))
    store.put_history("guestbook", {"web": (decision,)})

    assert store.history("guestbook")["web"][0].repository.written == "index.docker.io/nginx"


def test_half_a_character_comes_back(store: Store) -> None:
    platform = "linux/\ud800"  # JSON can say it, and UTF-8 cannot
    found = Tag("v1", created={platform: NOW})
    store.put_snapshot(Snapshot(REPOSITORY, NOW, {"v1": found}))

    read = store.snapshot(REPOSITORY)

    assert read is not None
    assert read.tags == {"v1": found}


def test_a_document_is_replaced_whole(store: Store) -> None:
    store.put_snapshot(snapshot("v1", "v2"))
    store.put_snapshot(snapshot("v3"))
    store.put_application(record(tag="v1"))
    store.put_application(record(tag="v2"))

    assert store.snapshot(REPOSITORY) == snapshot("v3")
    assert store.application("guestbook") == record(tag="v2")


def test_identities_may_be_as_long_as_they_are_allowed_to_be(store: Store) -> None:
    long = Repository.parse(f"registry.test/{'/'.join(['a' * 40] * 6)}")
    instance = f"{'n' * 63}_{'a' * 253}"
    store.put_snapshot(snapshot("v1", repository=long))
    store.put_application(record(instance))
    store.put_history(instance, {"guestbook": (examples.decision(),)})

    assert store.snapshot(long) == snapshot("v1", repository=long)
    assert store.application(instance) == record(instance)
    assert store.history(instance) == {"guestbook": (examples.decision(),)}


def test_nothing_is_forgotten(store: Store) -> None:
    other = Repository.parse("registry.test/team/other")
    store.put_snapshot(snapshot("v1"))
    store.put_snapshot(snapshot("v2", repository=other))
    for instance in ("guestbook", "argocd_guestbook", "..", "a/b"):
        store.put_application(record(instance))
        store.put_history(instance, {"guestbook": (examples.decision(),)})
    store.put_manifest(Manifest("e", 1, NOW, complete=True))

    assert store.snapshot(REPOSITORY) == snapshot("v1")
    assert store.snapshot(other) == snapshot("v2", repository=other)
    assert store.instances() == ("..", "a/b", "argocd_guestbook", "guestbook")
    assert store.application("a/b") == record("a/b")
    assert store.history("..") == {"guestbook": (examples.decision(),)}


def test_what_is_forgotten_is_gone_and_nothing_else(store: Store) -> None:
    other = Repository.parse("registry.test/team/other")
    for repository in (REPOSITORY, other):
        store.put_snapshot(snapshot("v1", repository=repository))
    for instance in ("guestbook", "a/b"):
        store.put_application(record(instance))
    store.put_history("guestbook", {"guestbook": (examples.decision(),)})
    nobody = ("application", "nobody")

    store.forget([("application", "guestbook"), ("repository", str(other)), nobody], 2, NOW)

    assert set(store.documents()) == {("application", "a/b"), ("repository", str(REPOSITORY))}
    assert (store.application("guestbook"), store.snapshot(other)) == (None, None)
    assert (store.application("a/b"), store.snapshot(REPOSITORY)) == (
        record("a/b"),
        snapshot("v1"),
    )
    assert store.instances() == ("a/b",)
    assert store.history("guestbook")  # the state is not the index


def test_what_was_forgotten_may_come_back(store: Store) -> None:
    document = ("application", "guestbook")
    store.put_application(record())
    store.forget([document], 2, NOW)

    store.put_application(record(tag="v2"))

    assert store.application("guestbook") == record(tag="v2")
    assert list(store.documents()) == [document]


def test_a_publication_may_begin_where_nothing_is(store: Store) -> None:
    store.begin()
    store.put_application(record())

    assert store.application("guestbook") == record()


def test_docker_hub_has_one_snapshot_by_all_its_names(store: Store) -> None:
    store.put_snapshot(snapshot("v1", repository=Repository.parse("nginx")))

    for name in ("nginx", "docker.io/nginx", "index.docker.io/library/nginx"):
        assert store.snapshot(Repository.parse(name)) is not None


def test_a_reader_sees_what_the_writer_wrote(store: Store, place: Place) -> None:
    reader = open_reader(place.url, place.env)
    assert reader.snapshot(REPOSITORY) is None
    store.put_snapshot(snapshot("v1"))

    assert reader.snapshot(REPOSITORY) == snapshot("v1")


def test_one_writes_at_a_time(store: Store, place: Place) -> None:
    with store.writing():
        with pytest.raises(IndexUnavailable) as caught, place.open().writing():
            pass
        assert "another refresher is writing here; wait for it or stop it" in str(caught.value)
        assert place.open().manifest() is None

    with place.open().writing():
        pass


def test_a_writer_that_fails_lets_go(store: Store, place: Place) -> None:
    def fail() -> None:
        with store.writing():
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    with place.open().writing():
        pass


def test_what_is_touched_is_taken_once(store: Store, place: Place) -> None:
    """By any refresher, and for the one that works."""
    image = Touch("repository", str(REPOSITORY))
    application = Touch("application", "team/" + "a" * 253)
    other = place.open()

    assert store.take_touched() == frozenset()
    other.touch([image, application])
    other.touch([image])
    other.touch([])

    assert store.take_touched() == {image, application}
    assert store.take_touched() == other.take_touched() == frozenset()
