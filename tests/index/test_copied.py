"""The mirror's copy: what it takes over, and what it never gives up."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from cmp.core.image import Repository
from cmp.errors import IndexTorn, IndexUnavailable
from cmp.index import Acknowledged, Manifest
from cmp.index.copied import Copy
from cmp.index.file import FileIndex
from cmp.index.redis import RedisIndex
from tests.index.examples import NOW, REPOSITORY, record, snapshot
from tests.support.redis import RedisServer

OTHER = Repository.parse("registry.test/team/other")


class Mirrored(NamedTuple):
    """A store, and the directory beside the plugin."""

    server: RedisServer
    store: RedisIndex
    directory: FileIndex

    def update(self, copy: Copy | None = None) -> Copy:
        copy = copy or Copy(self.store, self.directory)
        copy.update()
        return copy

    def publish(self, generation: int, *, epoch: str = "e", complete: bool = True) -> None:
        self.store.put_manifest(Manifest(epoch, generation, NOW, complete=complete))

    def put(self, generation: int, *tags: str, instance: str = "guestbook") -> None:
        """Write a snapshot and a record of one generation."""
        self.store.put_snapshot(replace(snapshot(*tags), generation=generation))
        self.store.put_application(record(instance, tag=tags[-1])._replace(generation=generation))

    def commands(self) -> int:
        """Return how many keys the store was asked for so far."""
        with self.server.administrator() as client:
            stats = client.info("commandstats")
        return sum(
            int(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"]) for name in ("get", "mget")
        )


@pytest.fixture
def mirrored(redis_server: RedisServer, tmp_path: Path) -> Mirrored:
    redis_server.flush()
    store = RedisIndex(redis_server.url, redis_server.environment(tls=False))
    return Mirrored(redis_server, store, FileIndex(f"file://{tmp_path}/index"))


def test_everything_is_copied_and_then_what_is_new(mirrored: Mirrored, tmp_path: Path) -> None:
    mirrored.put(1, "v1")
    mirrored.put(1, "v1", instance="teams_other/../x")
    mirrored.publish(1)
    copy = mirrored.update()
    there = {path: path.stat().st_ino for path in tmp_path.rglob("*.json")}
    mirrored.put(2, "v1", "v2")
    mirrored.publish(2)
    mirrored.update(copy)

    assert mirrored.directory.manifest() == Manifest("e", 2, NOW, complete=True)
    assert mirrored.directory.application("guestbook") == record(tag="v2")._replace(generation=2)
    assert mirrored.directory.snapshot(REPOSITORY) == replace(snapshot("v1", "v2"), generation=2)
    assert mirrored.directory.instances() == ("guestbook", "teams_other/../x")
    unchanged = [p.name for p, inode in there.items() if p.stat().st_ino == inode]
    assert unchanged == ["teams_other%2F..%2Fx.json"]


def test_nothing_new_costs_one_question(mirrored: Mirrored) -> None:
    mirrored.put(1, "v1")
    mirrored.publish(1)
    copy = mirrored.update()
    before = mirrored.commands()

    for _ in range(5):
        mirrored.update(copy)

    assert mirrored.commands() - before == 5


@pytest.mark.parametrize("offered", ["nothing", "incomplete"])
def test_a_complete_copy_stays(mirrored: Mirrored, offered: str) -> None:
    mirrored.put(3, "v1")
    mirrored.publish(3)
    copy = mirrored.update()
    mirrored.server.flush()
    if offered == "incomplete":
        mirrored.put(1, "v0")
        mirrored.publish(1, epoch="another", complete=False)

    mirrored.update(copy)
    mirrored.update()  # also one that was just started

    assert mirrored.directory.manifest() == Manifest("e", 3, NOW, complete=True)
    assert mirrored.directory.application("guestbook") == record(tag="v1")._replace(generation=3)


def test_a_new_life_of_the_store_is_taken_over_whole(mirrored: Mirrored) -> None:
    mirrored.put(7, "v1", instance="gone")
    mirrored.put(7, "v1")
    mirrored.publish(7)
    copy = mirrored.update()
    mirrored.server.flush()
    mirrored.put(1, "v1", "v2")
    mirrored.publish(1, epoch="another")

    mirrored.update(copy)

    assert mirrored.directory.instances() == ("guestbook",)
    assert mirrored.directory.application("guestbook") == record(tag="v2")._replace(generation=1)
    assert mirrored.directory.manifest() == Manifest("another", 1, NOW, complete=True)


GONE = [("application", "guestbook"), ("repository", str(REPOSITORY))]


def test_what_is_forgotten_is_dropped(mirrored: Mirrored) -> None:
    mirrored.put(1, "v1")
    mirrored.put(1, "v1", instance="other")
    mirrored.publish(1)
    copy = mirrored.update()
    mirrored.store.forget(GONE, 2, NOW)
    mirrored.update(copy)
    assert mirrored.directory.instances() == ("guestbook", "other")  # it is not published yet

    mirrored.publish(2)
    mirrored.update(copy)

    assert mirrored.directory.instances() == ("other",)
    assert mirrored.directory.snapshot(REPOSITORY) is None
    mirrored.put(3, "v3")
    mirrored.publish(3)
    mirrored.update(copy)
    assert mirrored.directory.application("guestbook") == record(tag="v3")._replace(generation=3)
    assert mirrored.directory.snapshot(REPOSITORY) == replace(snapshot("v3"), generation=3)


def test_a_mirror_is_told_for_a_day_what_was_forgotten(mirrored: Mirrored) -> None:
    mirrored.put(1, "v1")
    mirrored.store.forget(GONE, 2, NOW)
    mirrored.store.forget([("application", "y")], 3, NOW + timedelta(hours=23))
    told = {document.identity: document.data for document in mirrored.store.changed(1)}
    assert told == dict.fromkeys(["guestbook", str(REPOSITORY), "y"])

    mirrored.store.forget([("application", "x")], 4, NOW + timedelta(hours=25))

    assert [document.identity for document in mirrored.store.changed(0)] == ["y", "x"]


def test_what_redis_has_evicted_is_not_dropped(mirrored: Mirrored) -> None:
    mirrored.put(1, "v1")
    mirrored.publish(1)
    copy = mirrored.update()
    mirrored.put(2, "v2")
    mirrored.publish(2)
    with mirrored.server.administrator() as client:
        client.delete("image-cmp:application:guestbook")

    mirrored.update(copy)

    assert mirrored.directory.application("guestbook") == record(tag="v1")._replace(generation=1)


# --- upgrades


@pytest.mark.parametrize(
    ("newest", "readable", "schema"),
    [
        pytest.param(2, [2, 2], 2, id="all-can-read-it"),
        pytest.param(2, [2, 1], 1, id="one-cannot-yet"),
        pytest.param(2, [], 1, id="nobody-says-anything"),
        pytest.param(1, [2, 2], 1, id="nothing-is-newer-than-the-writer"),
        pytest.param(3, [2], 2, id="two-newer"),
    ],
)
def test_a_writer_keeps_the_schema_that_every_mirror_can_read(
    mirrored: Mirrored, newest: int, readable: list[int], schema: int
) -> None:
    server = mirrored.server
    writer = RedisIndex(server.url, server.environment(tls=False), newest)
    for number, highest in enumerate(readable):
        writer.acknowledge(Acknowledged(f"pod-{number}", "e", 0, highest))

    writer.begin()
    mirrored._replace(store=writer).put(1, "v1")
    writer.put_manifest(Manifest("e", 1, NOW, complete=True))

    with server.administrator() as client:
        keys = ("manifest", "application:guestbook", f"repository:{REPOSITORY}")
        written = [json.loads(client.get(f"image-cmp:{key}") or "")["schema"] for key in keys]
    assert written == [schema] * 3
    assert mirrored.update().present() == Manifest("e", 1, NOW, complete=True)
    assert mirrored.directory.application("guestbook") == record(tag="v1")._replace(generation=1)


def test_what_is_written_stays_while_no_mirror_says_anything(mirrored: Mirrored) -> None:
    server = mirrored.server
    writer = RedisIndex(server.url, server.environment(tls=False), 2)
    writer.acknowledge(Acknowledged("pod", "e", 0, 2))
    writer.begin()
    writer.put_manifest(Manifest("e", 1, NOW, complete=True))
    with server.administrator() as client:
        client.delete("image-cmp:ack:pod")

    writer.begin()
    writer.put_manifest(Manifest("e", 2, NOW, complete=True))

    with server.administrator() as client:
        assert json.loads(client.get("image-cmp:manifest") or "")["schema"] == 2


def test_what_never_was_complete_is_not_copied(mirrored: Mirrored) -> None:
    mirrored.put(1, "v1")
    mirrored.publish(1, complete=False)

    assert mirrored.update().present() is None
    assert mirrored.directory.manifest() is None


@pytest.mark.parametrize(
    ("key", "content"),
    [
        pytest.param("application:guestbook", b'{"schema": 1, "instance": "gue', id="torn"),
        pytest.param("application:guestbook", b'{"schema": 1, "instance": "x"}', id="of another"),
        pytest.param("application:guestbook", b'{"schema": 9}', id="of the future"),
        pytest.param(f"repository:{REPOSITORY}", b"", id="empty"),
    ],
)
def test_what_is_not_whole_is_not_copied(mirrored: Mirrored, key: str, content: bytes) -> None:
    mirrored.put(1, "v1")
    mirrored.publish(1)
    copy = mirrored.update()
    mirrored.put(2, "v1", "v2")
    mirrored.publish(2)
    with mirrored.server.administrator() as client:
        client.set(f"image-cmp:{key}", content)

    with pytest.raises(IndexUnavailable, match=key.replace(":", " ")):
        mirrored.update(copy)

    assert mirrored.directory.manifest() == Manifest("e", 1, NOW, complete=True)
    mirrored.put(3, "v1", "v2")
    mirrored.publish(3)
    mirrored.update(copy)
    assert mirrored.directory.application("guestbook") == record(tag="v2")._replace(generation=3)


def test_a_torn_directory_is_made_anew(mirrored: Mirrored, tmp_path: Path) -> None:
    mirrored.put(1, "v1")
    mirrored.publish(1)
    mirrored.update()
    (tmp_path / "index" / "manifest.json").write_text("{")
    (tmp_path / "index" / "applications" / "guestbook.json").write_text("{")
    with pytest.raises(IndexTorn):
        mirrored.directory.manifest()

    mirrored.update()

    assert mirrored.directory.application("guestbook") == record(tag="v1")._replace(generation=1)


def test_many_documents(mirrored: Mirrored) -> None:
    for number in range(1200):
        mirrored.store.put_application(record(f"app{number}")._replace(generation=1))
    mirrored.publish(1)

    mirrored.update()

    assert len(mirrored.directory.instances()) == 1200
