"""An index as one file: all of it goes there and back, and a file that is not whole is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmp.core.image import Repository
from cmp.core.snapshot import Snapshot
from cmp.errors import IndexUnavailable, InvalidInput
from cmp.index import Manifest, open_index
from cmp.index.copied import Copy
from cmp.index.exported import Content, lines_of, read_export, read_store
from cmp.index.file import FileIndex
from cmp.index.imported import Imported, put_export
from cmp.index.protocols import Store
from cmp.index.redis import RedisIndex
from tests.index import examples
from tests.index.examples import NOW, REPOSITORY, decision, record, snapshot, told
from tests.support.redis import RedisServer

LATER = NOW + timedelta(hours=1)
OTHER = Repository.parse("registry.test/team/other")
LONG = Repository.parse(f"registry.test/{'/'.join(['a' * 40] * 6)}")
MANIFEST = Manifest("an-epoch", 41, NOW, complete=True)


class Moved(NamedTuple):
    """Where an index is, and where it goes."""

    source: Store
    file: Path
    target: Store

    def export(self) -> list[bytes]:
        lines = read_store(self.source, "file://index")
        self.file.write_bytes(b"".join(lines))
        return lines

    def put(self, *, may_replace: bool = False) -> Imported:
        with self.file.open("rb") as file:
            return put_export(self.target, "the target", file, LATER, may_replace=may_replace)


@pytest.fixture
def redis_index(redis_server: RedisServer) -> RedisIndex:
    redis_server.flush()
    return RedisIndex(redis_server.url, redis_server.environment(tls=False))


@pytest.fixture
def moved(tmp_path: Path, redis_index: RedisIndex) -> Moved:
    source = open_index(f"file://{tmp_path}/index")
    source.put_snapshot(snapshot("v1", "v4"))
    source.put_snapshot(snapshot("v1", repository=LONG))
    source.put_application(record()._replace(generation=40))
    source.put_history("guestbook", {"guestbook": (decision(), decision("v1"))})
    source.put_instructions("guestbook", {"guestbook": told()})
    source.put_manifest(MANIFEST)
    return Moved(source, tmp_path / "export", redis_index)


def test_an_index_goes_from_a_directory_to_redis(moved: Moved) -> None:
    moved.export()

    done = moved.put()

    target = moved.target
    manifest = target.manifest()
    assert manifest == done.manifest
    assert manifest is not None
    assert manifest == MANIFEST._replace(epoch=manifest.epoch, generation=42)
    assert manifest.epoch != MANIFEST.epoch  # of another store's life
    assert target.snapshot(LONG) == replace(snapshot("v1", repository=LONG), generation=42)
    assert target.application("guestbook") == record()._replace(generation=42)
    assert target.history("guestbook") == moved.source.history("guestbook")
    assert target.instructions("guestbook") == {"guestbook": told()}
    assert [said.instance for said in done.said] == ["guestbook"]


def test_a_mirror_has_what_was_imported_and_nothing_of_before(
    moved: Moved, redis_index: RedisIndex, tmp_path: Path
) -> None:
    redis_index.put_snapshot(snapshot("v9", repository=OTHER))
    redis_index.put_manifest(Manifest("another", 90, NOW, complete=True))
    directory = FileIndex(f"file://{tmp_path}/mirror")
    copy = Copy(redis_index, directory)
    copy.update()
    moved.export()

    with pytest.raises(InvalidInput, match="there is an index already, of 2026-11-23"):
        moved.put()
    assert redis_index.snapshot(OTHER) is not None
    moved.put(may_replace=True)
    copy.update()

    found = directory.manifest()
    assert found is not None
    assert (found.generation, found.complete) == (91, True)
    assert directory.snapshot(OTHER) is None
    assert directory.application("guestbook") == record()._replace(generation=91)
    assert directory.snapshot(LONG) is not None


def test_nothing_is_put_while_a_refresher_writes(moved: Moved) -> None:
    moved.export()

    with moved.target.writing(), pytest.raises(IndexUnavailable, match="another refresher"):
        moved.put()

    assert moved.target.manifest() is None


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        pytest.param(lambda _: [], "cut off", id="empty"),
        pytest.param(lambda lines: lines[:-1], "cut off", id="no-end"),
        pytest.param(lambda lines: [*lines[:2], *lines[3:]], "missing or changed", id="no-line"),
        pytest.param(lambda lines: [*lines[:-1], lines[-1][:40]], "no line", id="half-a-line"),
        pytest.param(lambda lines: lines[1:], "the manifest is its first line", id="no-beginning"),
        pytest.param(lambda lines: [*lines, lines[1]], "more after its end", id="more"),
        pytest.param(
            lambda lines: [b"".join(lines).replace(b'"tag":"v4"', b'"tag":"v5"')],
            "missing or changed",
            id="changed",
        ),
        pytest.param(
            lambda lines: [b"".join(lines).replace(b'"schema":1', b'"schema":9')],
            "written with schema 9",
            id="newer",
        ),
        pytest.param(
            lambda lines: [b"".join(lines).replace(b'"sources":', b'"sauces":')],
            "not whole",
            id="not-whole",
        ),
        pytest.param(lambda _: [b"\x1f\x8b\x08\x00"], "no line", id="compressed"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_whole(
    moved: Moved, damage: Callable[[list[bytes]], list[bytes]], said: str
) -> None:
    moved.file.write_bytes(b"".join(damage(moved.export())))

    with pytest.raises(InvalidInput, match=said):
        moved.put(may_replace=True)

    assert moved.target.manifest() is None
    assert list(moved.target.documents()) == []


def test_no_password_is_in_the_file(moved: Moved) -> None:
    (source,) = record().sources
    keys = {"git-repository": "https://robot:s3cret@git.test/values.git", "image-list": "a=b"}
    moved.source.put_application(
        record()._replace(sources=(source._replace(annotations=keys, parameters=keys),))
    )

    text = b"".join(moved.export())

    assert b"s3cret" not in text
    assert b"https://git.test/values.git" in text


@pytest.mark.parametrize("what", ["nothing", "torn", "evicted"])
def test_what_is_not_whole_is_not_exported(
    moved: Moved, redis_index: RedisIndex, redis_server: RedisServer, what: str, tmp_path: Path
) -> None:
    if what == "nothing":
        with pytest.raises(IndexUnavailable, match="nothing was ever published"):
            read_store(redis_index, "redis://")
        return
    if what == "torn":
        (torn,) = (tmp_path / "index" / "applications").iterdir()
        torn.write_bytes(torn.read_bytes()[:-9])
        with pytest.raises(IndexUnavailable, match="not a whole document"):
            moved.export()
        return
    redis_index.put_snapshot(snapshot("v1"))
    redis_index.put_manifest(MANIFEST)
    with redis_server.administrator() as client:
        client.delete(f"image-cmp:repository:{REPOSITORY}")
    with pytest.raises(IndexUnavailable, match="is not there any more"):
        read_store(redis_index, "redis://")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(snapshots=st.lists(examples.snapshots, max_size=3), manifest=examples.manifests)
def test_any_snapshot_comes_back(
    tmp_path: Path, snapshots: list[Snapshot], manifest: Manifest
) -> None:
    by_identity = {str(found.repository): found for found in snapshots}
    store = FileIndex(f"file://{tmp_path}/any")
    store.drop_others([])
    for found in by_identity.values():
        store.put_snapshot(found)
    store.put_manifest(manifest)
    file = tmp_path / "any-export"
    file.write_bytes(b"".join(read_store(store, "any")))

    with file.open("rb") as opened:
        first, *contents = read_export(opened, "any")

    assert first == manifest
    assert {str(c.repository): c for c in contents if isinstance(c, Snapshot)} == by_identity


def test_a_file_has_one_document_a_line(moved: Moved) -> None:
    moved.export()

    kinds = [json.loads(line)["kind"] for line in moved.file.read_text().splitlines()]

    assert (kinds[0], kinds[-1]) == ("manifest", "end")
    assert sorted(kinds[1:-1]) == [
        *("application", "history", "instructions", "repository", "repository"),
    ]


@given(noise=st.binary(max_size=200), place=st.integers(min_value=0), size=st.integers(0, 40))
def test_no_file_is_taken_for_another(noise: bytes, place: int, size: int) -> None:
    contents: list[Content] = [MANIFEST, snapshot("v1"), record()]
    whole = b"".join(lines_of(contents))
    start = place % len(whole)
    text = whole[:start] + noise + whole[start + size :]

    try:
        found = list(read_export(BytesIO(text), "export"))
    except InvalidInput:
        return
    assert found == contents
