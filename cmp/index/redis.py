"""``redis://`` and ``rediss://``: the index in a cluster, between the refresher and its mirrors.

``image-cmp:manifest``, ``image-cmp:repository:<identity>``, ``image-cmp:application:<identity>``
``image-cmp:state:<identity>`` and ``image-cmp:instructions:<identity>`` hold documents;
``image-cmp:changes`` is a sorted set of the snapshots' and records' keys by the generation that
last changed each, so that a mirror reads only what is new to it; ``image-cmp:forgotten`` has, by
time, those of them that are no more. ``image-cmp:ack:<pod>`` is what a mirror has,
and ``image-cmp:touched`` a set of what is to be looked at now.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cmp.index import Document, documents, touch_of
from cmp.index.ack_document import dump_ack, load_ack
from cmp.index.instruction_document import dump_instructions, load_instructions
from cmp.index.json_document import SCHEMA, schema_of, schema_to_write
from cmp.index.redis_address import Address
from cmp.index.redis_connection import PREFIX, RedisConnection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from typing import Any

    from redis.client import Pipeline

    from cmp.core.image import Repository
    from cmp.core.people import Instruction
    from cmp.core.record import ApplicationRecord, History
    from cmp.core.snapshot import Snapshot
    from cmp.index import Acknowledged, Manifest, Touch

_KINDS = ("repository", "application")
MANIFEST = f"{PREFIX}manifest"
_CHANGES = f"{PREFIX}changes"
_FORGOTTEN = f"{PREFIX}forgotten"
_ACK = f"{PREFIX}ack:"
_TOUCHED = f"{PREFIX}touched"
_TOUCHED_S = 600
"""When nobody works for so long, whoever begins to looks at everything."""
_ACK_S = 15
"""How long a mirror counts as one after it last said so."""
_MOST_TOUCHED = 10_000  # in one answer; the others are in the next
_TOLD_FOR = timedelta(days=1)
"""How long a mirror that was away is told what was forgotten; it copies all when it is back."""
_AT_A_TIME = 500  # documents of one answer: a few megabytes


class RedisIndex:
    """An index in Redis. Each document is replaced as a whole, in a transaction."""

    def __init__(self, url: str, env: Mapping[str, str], newest: int = SCHEMA) -> None:
        """Prepare for ``url``; nothing is asked before the first call.

        ``newest`` is the schema that is written when all mirrors can read it. ``env`` has
        ``CMP_STORE_USERNAME``, ``CMP_STORE_PASSWORD`` and ``CMP_STORE_CA``, where the URL has
        none. Raises `InvalidInput`.
        """
        self._connection = RedisConnection(Address.parse(url, env))
        self._client = self._connection.client
        self._asked = self._connection.asked
        self.writing = self._connection.writing
        """Be the one that writes; raises `IndexUnavailable` when another is."""
        self._newest = self._schema = newest

    def manifest(self) -> Manifest | None:
        """Return the manifest, or None if nothing was ever published here."""
        data = self._get(MANIFEST)
        return None if data is None else documents.load_manifest(data, where=self._where(MANIFEST))

    def snapshot(self, repository: Repository) -> Snapshot | None:
        """Return the latest snapshot, or None if the repository was never listed."""
        key = _key("repository", str(repository))
        data = self._get(key)
        if data is None:
            return None
        from cmp.index.snapshot_document import load_snapshot

        return load_snapshot(data, repository, where=self._where(key))

    def application(self, instance: str) -> ApplicationRecord | None:
        """Return what is recorded of an Application, or None if nothing is."""
        key = _key("application", instance)
        data = self._get(key)
        if data is None:
            return None
        return documents.load_application(data, instance, where=self._where(key))

    def instances(self) -> tuple[str, ...]:
        """Return the instance names of all recorded Applications, sorted."""
        prefix = _key("application", "")
        keys = self._asked(lambda: list(self._client.scan_iter(f"{prefix}*", count=_AT_A_TIME)))
        return tuple(sorted({_text(key).removeprefix(prefix) for key in keys}))

    def history(self, instance: str) -> History:
        """Return past decisions by alias, newest first; empty when there are none."""
        key = _key("state", instance)
        data = self._get(key)
        return {} if data is None else documents.load_history(data, where=self._where(key))

    def documents(self) -> Iterator[tuple[str, str]]:
        """Yield kind and identity of all snapshots and records, also of those that were evicted."""
        found: Any = self._asked(lambda: self._client.zrange(_CHANGES, 0, -1))
        forgotten = self._forgotten()
        for key in found:
            kind, _, identity = _text(key).removeprefix(PREFIX).partition(":")
            if _text(key) not in forgotten:
                yield kind, identity

    def begin(self) -> None:
        """Begin a publication: write from now on with a schema that all live mirrors can read."""
        readable = [mirror.schema for mirror in self.mirrors()]
        data = self._get(MANIFEST)
        written = schema_of(data) if data else 0
        self._schema = schema_to_write(self._newest, readable, written)

    def forget(self, documents: Iterable[tuple[str, str]], generation: int, now: datetime) -> None:
        """Delete snapshots and records, by kind and identity; mirrors are told so for a day."""
        keys = [_key(kind, identity) for kind, identity in documents]
        until = (now - _TOLD_FOR).timestamp()
        old: Any = self._asked(lambda: self._client.zrangebyscore(_FORGOTTEN, "-inf", until))

        def forget(pipe: Pipeline) -> None:
            if old:
                pipe.zrem(_CHANGES, *old)
                pipe.zrem(_FORGOTTEN, *old)
            pipe.delete(*keys)
            pipe.zadd(_CHANGES, dict.fromkeys(keys, generation))
            pipe.zadd(_FORGOTTEN, dict.fromkeys(keys, now.timestamp()))

        self._connection.transact(forget)

    def put_snapshot(self, snapshot: Snapshot) -> None:
        """Replace the repository's snapshot."""
        from cmp.index.snapshot_document import dump_snapshot

        key = _key("repository", str(snapshot.repository))
        self._put(key, dump_snapshot(snapshot, self._schema), snapshot.generation)

    def put_application(self, record: ApplicationRecord) -> None:
        """Replace the Application's record."""
        key = _key("application", record.instance)
        self._put(key, documents.dump_application(record, self._schema), record.generation)

    def put_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest; last of a publication."""
        self._put(MANIFEST, documents.dump_manifest(manifest, self._schema))

    def put_history(self, instance: str, history: History) -> None:
        """Replace the Application's past decisions."""
        self._put(_key("state", instance), documents.dump_history(history, self._schema))

    def instructions(self, instance: str) -> Mapping[str, Instruction]:
        """Return what people said of an Application's images; empty when nothing was."""
        key = _key("instructions", instance)
        data = self._get(key)
        return {} if data is None else load_instructions(data, where=self._where(key))

    def put_instructions(self, instance: str, told: Mapping[str, Instruction]) -> None:
        """Replace what people said of an Application's images."""
        self._put(_key("instructions", instance), dump_instructions(told))

    def changed(self, after: int) -> Iterator[Document]:
        """Yield the documents whose generation is above ``after``, as they are written.

        One that was forgotten has no data. One that Redis has evicted is not among them: it is
        wanted, and written anew with the next pass.
        """
        above = f"({after}"
        found: Any = self._asked(lambda: self._client.zrangebyscore(_CHANGES, above, "+inf"))
        keys = [_text(key) for key in found]
        for start in range(0, len(keys), _AT_A_TIME):
            some = keys[start : start + _AT_A_TIME]
            there = dict(zip(some, self._many(some), strict=True))
            forgotten = self._forgotten() if None in there.values() else frozenset()
            for key, data in there.items():
                kind, _, identity = key.removeprefix(PREFIX).partition(":")
                if kind in _KINDS and (data is not None or key in forgotten):
                    yield Document(kind, identity, data)

    def acknowledge(self, acknowledged: Acknowledged) -> None:
        """Say, for 15 seconds, what a mirror has."""
        key = f"{_ACK}{acknowledged.pod}"
        self._asked(lambda: self._client.set(key, dump_ack(acknowledged), ex=_ACK_S))

    def mirrors(self) -> tuple[Acknowledged, ...]:
        """Return what each mirror that lives has, by the names of their Pods."""
        keys = self._asked(lambda: sorted(self._client.scan_iter(f"{_ACK}*", count=_AT_A_TIME)))
        return tuple(
            load_ack(data, _text(key).removeprefix(_ACK), where=self._where(_text(key)))
            for key, data in zip(keys, self._many(keys) if keys else (), strict=True)
            if data is not None
        )

    def touch(self, touches: Iterable[Touch]) -> None:
        """Leave, for the refresher that works, what is to be looked at now."""
        members = [" ".join(touch) for touch in touches]

        def leave(pipe: Pipeline) -> None:
            pipe.multi()
            pipe.sadd(_TOUCHED, *members)
            pipe.expire(_TOUCHED, _TOUCHED_S)

        if members:
            self._asked(lambda: self._client.transaction(leave))

    def take_touched(self) -> frozenset[Touch]:
        """Return what was left so, each once; it is not there any more."""
        taken: Any = self._asked(lambda: self._client.spop(_TOUCHED, _MOST_TOUCHED))
        return frozenset(touch_of(_text(member)) for member in taken or ())

    def _forgotten(self) -> frozenset[str]:
        found: Any = self._asked(lambda: self._client.zrange(_FORGOTTEN, 0, -1))
        return frozenset(map(_text, found))

    def _many(self, keys: list[Any]) -> Any:
        return self._asked(lambda: self._client.mget(keys))

    def _put(self, key: str, data: bytes, generation: int | None = None) -> None:
        def put(pipe: Pipeline) -> None:
            pipe.set(key, data)
            if generation is not None:
                pipe.zadd(_CHANGES, {key: generation})
                pipe.zrem(_FORGOTTEN, key)

        self._connection.transact(put)

    def _get(self, key: str) -> bytes | None:
        data: Any = self._asked(lambda: self._client.get(key))
        return data if isinstance(data, bytes) else None

    def _where(self, key: str) -> str:
        return f"{self._connection.url} {key}"


def _key(kind: str, identity: str) -> str:
    return f"{PREFIX}{kind}:{identity}"


def _text(data: Any) -> str:
    return data.decode(errors="surrogateescape") if isinstance(data, bytes) else str(data)
