"""``file://``: documents as files, replaced whole and checked when they are read."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmp.errors import IndexUnavailable, InvalidInput
from cmp.index import Manifest, open_index
from cmp.index.file import FileIndex
from tests.index.examples import NOW, REPOSITORY, decision, record, snapshot, told

Read = Callable[[FileIndex], object]

DOCUMENTS: dict[str, tuple[str, Read]] = {
    "manifest": ("manifest.json", lambda index: index.manifest()),
    "snapshot": (
        "repositories/registry.test%2Fteam%2Fapp.json",
        lambda index: index.snapshot(REPOSITORY),
    ),
    "record": ("applications/guestbook.json", lambda index: index.application("guestbook")),
    "history": ("state/guestbook.json", lambda index: index.history("guestbook")),
    "instructions": (
        "instructions/guestbook.json",
        lambda index: index.instructions("guestbook"),
    ),
}
each_document = pytest.mark.parametrize(
    ("name", "read"), [pytest.param(*document, id=kind) for kind, document in DOCUMENTS.items()]
)


@pytest.fixture
def index(tmp_path: Path) -> FileIndex:
    """Return an index with one document of each kind."""
    index = FileIndex(f"file://{tmp_path}/index")
    index.put_manifest(Manifest("e", 7, NOW, complete=True))
    index.put_snapshot(snapshot("v1", "v2"))
    index.put_application(record())
    index.put_history("guestbook", {"guestbook": (decision(),)})
    index.put_instructions("guestbook", {"guestbook": told()})
    return index


@pytest.fixture
def root(index: FileIndex, tmp_path: Path) -> Path:
    return tmp_path / "index"


def complaint(read: Callable[[], object]) -> str:
    with pytest.raises(IndexUnavailable) as caught:
        read()
    assert caught.value.exit_status == 1
    return str(caught.value)


def change(file: Path, **fields: Any) -> None:
    """Change some fields of a document; None takes one away."""
    document = {**json.loads(file.read_text()), **fields}
    file.write_text(json.dumps({k: v for k, v in document.items() if v is not None}))


def test_documents_stand_where_the_contract_says(index: FileIndex, root: Path) -> None:
    index.put_application(record("argocd_../x"))

    assert sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()) == [
        "applications/argocd_..%2Fx.json",
        "applications/guestbook.json",
        "instructions/guestbook.json",
        "manifest.json",
        "repositories/registry.test%2Fteam%2Fapp.json",
        "state/guestbook.json",
    ]


def test_documents_say_what_the_contract_says(root: Path) -> None:
    time = "2026-11-23T07:00:00Z"
    assert json.loads((root / "manifest.json").read_text()) == {
        "schema": 1,
        "epoch": "e",
        "generation": 7,
        "time": time,
        "complete": True,
    }
    found = json.loads((root / DOCUMENTS["snapshot"][0]).read_text())
    assert found.pop("tags")["v1"] == {
        "first_seen": time,
        "digest": f"sha256:{'0' * 64}",
        "created": {"linux/amd64": time},
        "kind": "image",
    }
    assert found == {
        "schema": 1,
        "repository": "registry.test/team/app",
        "listed_at": time,
        "generation": 7,
    }


def test_a_relative_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    FileIndex("file://in%20dex").put_application(record())

    assert (tmp_path / "in dex" / "applications" / "guestbook.json").exists()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("file://", "file://: no directory named; write file:///path", id="empty"),
        pytest.param("/path", "/path: not the URL of an index; it starts with", id="path"),
        pytest.param("http://x", "http://x: not the URL of an index; it", id="scheme"),
        pytest.param("fil:///x", "redis://, rediss://; did you mean 'file'?", id="hint"),
    ],
)
def test_a_url_that_is_none_of_ours(url: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        open_index(url)

    assert said in str(caught.value)


@each_document
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: data[: len(data) // 2], id="truncated"),
        pytest.param(lambda data: data[:-3], id="end-missing"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda data: b"\0" * len(data), id="zeros"),
        pytest.param(lambda _: b"null", id="null"),
        pytest.param(lambda _: b"[]", id="list"),
        pytest.param(lambda _: b"{}", id="object"),
        pytest.param(lambda _: b'{"schema": 1}', id="schema-alone"),
        pytest.param(lambda data: b"\xff" + data, id="no-utf-8"),
        pytest.param(lambda _: b"[" * 100_000, id="deep"),
    ],
)
def test_what_is_torn_is_an_error_that_names_it(
    index: FileIndex, root: Path, name: str, read: Read, spoil: Callable[[bytes], bytes]
) -> None:
    file = root / name
    file.write_bytes(spoil(file.read_bytes()))

    said = complaint(lambda: read(index))

    assert said.startswith(f"{file}: not a whole document of ours (")
    assert said.endswith("run `refresh` to write it anew")


@each_document
@pytest.mark.parametrize("schema", [0, 3, "1", [1]])
def test_an_unknown_schema_is_refused(
    index: FileIndex, root: Path, name: str, read: Read, schema: object
) -> None:
    change(root / name, schema=schema)

    assert complaint(lambda: read(index)).startswith(f"{root / name}: ")


def test_an_unknown_schema_is_named(index: FileIndex, root: Path) -> None:
    change(root / "manifest.json", schema=3)

    assert complaint(index.manifest) == (
        f"{root}/manifest.json: written with schema 3, and this version reads 1; "
        "update argocd-image-cmp"
    )


@each_document
def test_the_next_schema_and_its_fields_are_read(
    index: FileIndex, root: Path, name: str, read: Read
) -> None:
    before = read(index)

    change(root / name, schema=2, colour="green", later={"x": [1]})

    assert read(index) == before


@pytest.mark.parametrize(
    ("kind", "field", "found"),
    [
        pytest.param("snapshot", "repository", "registry.test/team/other", id="snapshot"),
        pytest.param("record", "instance", "another", id="record"),
    ],
)
def test_what_is_about_something_else_is_refused(
    index: FileIndex, root: Path, kind: str, field: str, found: str
) -> None:
    name, read = DOCUMENTS[kind]
    change(root / name, **{field: found})

    assert f"it is about '{found}', not '" in complaint(lambda: read(index))


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        pytest.param("manifest", "epoch", id="manifest-epoch"),
        pytest.param("manifest", "time", id="manifest-time"),
        pytest.param("manifest", "complete", id="manifest-complete"),
        pytest.param("snapshot", "tags", id="snapshot-tags"),
        pytest.param("snapshot", "listed_at", id="snapshot-listed_at"),
        pytest.param("record", "sources", id="record-sources"),
        pytest.param("record", "generation", id="record-generation"),
        pytest.param("history", "decisions", id="history-decisions"),
    ],
)
def test_a_missing_field_is_named(index: FileIndex, root: Path, kind: str, field: str) -> None:
    name, read = DOCUMENTS[kind]
    change(root / name, **{field: None})

    assert f"(KeyError: '{field}')" in complaint(lambda: read(index))


@pytest.mark.parametrize("number", [float("inf"), float("nan"), "many", None, []])
@pytest.mark.parametrize("kind", ["manifest", "snapshot", "record"])
def test_a_number_that_is_none(index: FileIndex, root: Path, kind: str, number: object) -> None:
    name, read = DOCUMENTS[kind]
    change(root / name, generation=number)

    assert complaint(lambda: read(index)).startswith(f"{root / name}: not a whole document")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)


@each_document
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(value=_json, data=st.data())
def test_whatever_stands_there_no_other_error_comes_out(
    index: FileIndex, root: Path, name: str, read: Read, *, value: object, data: st.DataObject
) -> None:
    file = root / name
    before = file.read_bytes()
    document = json.loads(before)
    place: Any = document
    while True:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = value
    file.write_text(json.dumps(document))

    with suppress(IndexUnavailable):
        read(index)
    file.write_bytes(before)


@each_document
def test_what_cannot_be_read_is_an_error(
    index: FileIndex, root: Path, name: str, read: Read
) -> None:
    (root / name).unlink()
    (root / name).mkdir()

    assert complaint(lambda: read(index)) == (
        f"{root / name}: the index cannot be read: Is a directory"
    )


def test_a_root_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("")
    index = FileIndex(f"file://{tmp_path}/index")

    assert "the index cannot be read: Not a directory" in complaint(index.manifest)
    assert "the index cannot be read: Not a directory" in complaint(index.instances)
    assert "the index cannot be written" in complaint(lambda: index.put_application(record()))
    assert "the index cannot be written" in complaint(lambda: index.writing().__enter__())


@each_document
def test_what_cannot_be_written_is_an_error_and_leaves_nothing(
    index: FileIndex, root: Path, name: str, read: Read
) -> None:
    (root / name).unlink()
    (root / name).mkdir()
    put: dict[str, Callable[[], None]] = {
        "manifest.json": lambda: index.put_manifest(Manifest("e", 1, NOW, complete=True)),
        "repositories": lambda: index.put_snapshot(snapshot("v1")),
        "applications": lambda: index.put_application(record()),
        "state": lambda: index.put_history("guestbook", {}),
        "instructions": lambda: index.put_instructions("guestbook", {}),
    }

    said = complaint(put[name.partition("/")[0]])

    assert said == f"{root / name}: the index cannot be written: Is a directory"
    assert not [path for path in (root / name).parent.iterdir() if path.is_file()]


def test_files_of_others_are_no_applications(index: FileIndex, root: Path) -> None:
    for name in (".guestbook.json.4711", "README", "notes.txt"):
        (root / "applications" / name).write_text("")

    assert index.instances() == ("guestbook",)


def test_a_reader_never_sees_half_a_document(root: Path) -> None:
    writer, reader = (open_index(f"file://{root}") for _ in range(2))
    documents = [snapshot("v1"), snapshot(*(f"v{number}" for number in range(500)))]
    writer.put_snapshot(documents[0])
    done = threading.Event()

    def read_again_and_again() -> set[int]:
        seen = set()
        while not done.is_set():
            found = reader.snapshot(REPOSITORY)
            assert found is not None
            seen.add(len(found.tags))
        return seen

    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(read_again_and_again)
        for number in range(100):
            writer.put_snapshot(documents[number % 2])
        done.set()

    assert reading.result() == {1, 500}
