"""``redis://``: who may come in, who may write, and what is said when it does not answer."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import redis

from cmp.errors import IndexTorn, IndexUnavailable, InvalidInput
from cmp.index import Manifest, open_index
from cmp.index.protocols import Store
from tests.index.examples import NOW, record
from tests.support.redis import MIRROR, REFRESHER, RedisServer

WRITER = "image-cmp:writer"


@pytest.fixture
def server(redis_server: RedisServer) -> RedisServer:
    redis_server.flush()
    return redis_server


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


def opened(server: RedisServer, **env: str) -> Store:
    return open_index(server.url, {**server.environment(tls=False), **env})


@pytest.mark.parametrize(
    ("url", "env", "said"),
    [
        pytest.param("redis://", {}, "no host; write redis://host:6379/0", id="no host"),
        pytest.param("redis://u:secret@h/0", {}, "give it in CMP_STORE_PASSWORD", id="password"),
        pytest.param("redis://:secret@h/0", {}, "give it in CMP_STORE_PASSWORD", id="no user"),
        pytest.param("redis://h:x/0", {}, "its port is no number", id="port"),
        pytest.param("redis://h/zero", {}, "write redis://host:port/NUMBER", id="database"),
        pytest.param("redis://h?db=1", {}, "write redis://host:port/NUMBER", id="query"),
        pytest.param("redis://h", {"CMP_STORE_CA": "/ca"}, "write rediss://", id="CA, no TLS"),
    ],
)
def test_a_url_that_is_wrong(url: str, env: Mapping[str, str], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        open_index(url, env)

    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_wrong_password_is_told_and_not_shown(server: RedisServer) -> None:
    with pytest.raises(IndexUnavailable, match="invalid username-password pair") as caught:
        opened(server, CMP_STORE_PASSWORD="not this one").manifest()

    assert "not this one" not in str(caught.value)
    assert caught.value.exit_status == 1


def test_a_server_nobody_trusts(server: RedisServer) -> None:
    with pytest.raises(IndexUnavailable, match="certificate verify failed"):
        open_index(server.tls_url, server.environment(tls=False)).manifest()


def test_nothing_else_is_touched(server: RedisServer) -> None:
    """Argo CD's own Redis may be the one that is used."""
    store = opened(server)
    with store.writing():
        store.put_application(record())
    with server.administrator() as administrator:
        administrator.set("app|resources-tree|x", "of Argo CD")
        keys = {key.decode() for key in administrator.scan_iter()}

    assert {key for key in keys if not key.startswith("image-cmp:")} == {"app|resources-tree|x"}
    assert store.instances() == ("guestbook",)


@pytest.mark.parametrize(
    ("user", "command"),
    [
        pytest.param(MIRROR, ("SET", "image-cmp:manifest", "x"), id="mirror-writes"),
        pytest.param(MIRROR, ("GET", "image-cmp:state:guestbook"), id="mirror-reads-state"),
        pytest.param(MIRROR, ("GET", "image-cmp:ack:pod"), id="mirror-reads-others"),
        pytest.param(MIRROR, ("DEL", "image-cmp:ack:pod"), id="mirror-deletes"),
        pytest.param(REFRESHER, ("GET", "app|resources-tree|x"), id="refresher-elsewhere"),
        pytest.param(REFRESHER, ("FLUSHALL",), id="refresher-empties"),
        pytest.param(REFRESHER, ("CONFIG", "GET", "*"), id="refresher-configures"),
    ],
)
def test_nobody_may_more_than_he_must(
    server: RedisServer, user: str, command: tuple[str, ...]
) -> None:
    with (
        redis.Redis.from_url(server.url, username=user, password=server.password) as client,
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        client.execute_command(*command)


def test_no_answer_is_no_empty_answer(own_server: RedisServer) -> None:
    store = opened(own_server)
    store.put_manifest(Manifest("e", 1, NOW, complete=True))
    own_server.stop()

    for ask in (store.manifest, store.instances, lambda: store.application("guestbook")):
        with pytest.raises(IndexUnavailable, match="is it there, and may we use it"):
            ask()

    own_server.start()
    assert store.manifest() is None


def test_a_torn_document_is_named(server: RedisServer) -> None:
    store = opened(server)
    store.put_application(record())
    with server.administrator() as administrator:
        key = "image-cmp:application:guestbook"
        administrator.set(key, (administrator.get(key) or b"")[:40])

    with pytest.raises(IndexTorn, match=key):
        store.application("guestbook")


def test_who_was_taken_over_writes_nothing_more(server: RedisServer) -> None:
    store, other = opened(server), opened(server)
    with store.writing():
        store.put_manifest(Manifest("e", 1, NOW, complete=True))
        with server.administrator() as administrator:
            administrator.delete(WRITER)  # as if this process had stalled
        with other.writing():
            other.put_manifest(Manifest("e", 2, NOW, complete=True))

            with pytest.raises(IndexUnavailable, match="another refresher has taken over"):
                store.put_manifest(Manifest("e", 1, NOW, complete=False))

    assert opened(server).manifest() == Manifest("e", 2, NOW, complete=True)


def test_a_redis_that_lost_everything_is_written_anew(server: RedisServer) -> None:
    store = opened(server)
    with store.writing():
        store.put_manifest(Manifest("e", 1, NOW, complete=True))
        server.flush()

        store.put_manifest(Manifest("e", 2, NOW, complete=True))

        assert store.manifest() == Manifest("e", 2, NOW, complete=True)
        with pytest.raises(IndexUnavailable), opened(server).writing():
            pass


def test_a_writer_that_died_is_forgotten(server: RedisServer) -> None:
    with opened(server).writing(), server.administrator() as administrator:
        assert 0 < administrator.ttl(WRITER) <= 10
