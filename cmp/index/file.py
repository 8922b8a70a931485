"""``file://``: the index in a directory, for one machine, and what the mirror writes.

``<root>/manifest.json``, ``<root>/repositories/<name>.json``, ``<root>/applications/<name>.json``;
``<root>/state/<name>.json`` holds past decisions and ``<root>/instructions/<name>.json`` what
people said, where there is no cluster to keep them; ``<root>/touched/`` what is to be looked
at now.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING

from cmp.errors import IndexUnavailable, InvalidInput
from cmp.index import Document, documents, touch_of
from cmp.index.names import decode, encode, is_cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime
    from typing import Any

    from cmp.core.image import Repository
    from cmp.core.people import Instruction
    from cmp.core.record import ApplicationRecord, History
    from cmp.core.snapshot import Snapshot
    from cmp.index import Acknowledged, Manifest, Touch

_SUFFIX = ".json"
_FOLDERS = {"repository": "repositories", "application": "applications"}
_ABOUT: Mapping[str, Callable[[Mapping[str, Any]], tuple[str, int]]] = {
    "repository": lambda found: (str(found["repository"]), int(found["generation"])),
    "application": lambda found: (str(found["instance"]), int(found["generation"])),
}
"""Whom a document is about, as itself says it (of a file's name, a part may be cut off), and its
generation."""
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


class FileIndex:
    """An index in a directory. Each document is replaced as a whole (rename(2))."""

    def __init__(self, url: str, _env: Mapping[str, str] = _NO_SETTINGS) -> None:
        """Open ``file:///absolute`` or ``file://relative``; nothing is created."""
        self._root = decode(url.removeprefix("file://"))
        if not self._root:
            raise InvalidInput("no directory named; write file:///path/to/index", where=url)

    def manifest(self) -> Manifest | None:
        """Return the manifest, or None if nothing was ever published here."""
        path = self._path("manifest")
        data = _read(path)
        return None if data is None else documents.load_manifest(data, where=path)

    def snapshot(self, repository: Repository) -> Snapshot | None:
        """Return the latest snapshot, or None if the repository was never listed."""
        path = self._path("repositories", str(repository))
        data = _read(path)
        if data is None:
            return None
        from cmp.index.snapshot_document import load_snapshot

        return load_snapshot(data, repository, where=path)

    def application(self, instance: str) -> ApplicationRecord | None:
        """Return what is recorded of an Application, or None if nothing is."""
        path = self._path("applications", instance)
        data = _read(path)
        return None if data is None else documents.load_application(data, instance, where=path)

    def instances(self) -> tuple[str, ...]:
        """Return the instance names of all recorded Applications, sorted."""
        return tuple(sorted(map(decode, self._names("applications"))))

    def put_snapshot(self, snapshot: Snapshot) -> None:
        """Replace the repository's snapshot."""
        from cmp.index.snapshot_document import dump_snapshot

        _write(self._path("repositories", str(snapshot.repository)), dump_snapshot(snapshot))

    def put_application(self, record: ApplicationRecord) -> None:
        """Replace the Application's record."""
        _write(self._path("applications", record.instance), documents.dump_application(record))

    def put_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest; last of a publication."""
        _write(self._path("manifest"), documents.dump_manifest(manifest))

    def mirrors(self) -> tuple[Acknowledged, ...]:
        """Return none: who renders reads here."""
        return ()

    def documents(self) -> Iterator[tuple[str, str]]:
        """Yield kind and identity of all snapshots and records whose name tells it."""
        for kind, folder in _FOLDERS.items():
            for name in self._names(folder):
                if not is_cut(name):
                    yield kind, decode(name)

    def changed(self, after: int) -> Iterator[Document]:
        """Yield the documents whose generation is above ``after``, as they are written."""
        from cmp.index.json_document import load

        for kind, folder in _FOLDERS.items():
            for name in self._names(folder):
                path = os.path.join(self._root, folder, f"{name}{_SUFFIX}")
                data = _read(path)
                if data is None:
                    continue  # it was forgotten meanwhile
                identity, generation = load(data, _ABOUT[kind], path)
                if generation > after:
                    yield Document(kind, identity, data)

    def begin(self) -> None:
        """Begin a publication: who reads here is of this version too."""

    def forget(
        self, documents: Iterable[tuple[str, str]], _generation: int, _now: datetime
    ) -> None:
        """Delete snapshots and records, by kind and identity."""
        self.drop(documents)

    def put_document(self, kind: str, identity: str, data: bytes) -> None:
        """Replace a document with one that was written elsewhere, and checked.

        A machine that dies may lose it, which is copied again: of thousands, each would wait
        for the disk.
        """
        _write(self._path(_FOLDERS[kind], identity), data, lasting=False)

    def drop(self, documents: Iterable[tuple[str, str]]) -> None:
        """Delete some snapshots and records, given by kind and identity, where they are there."""
        for kind, identity in documents:
            path = self._path(_FOLDERS[kind], identity)
            try:
                with suppress(FileNotFoundError):
                    os.unlink(path)
            except OSError as error:
                raise _unwritable(path, error) from error

    def drop_others(self, kept: Iterable[tuple[str, str]]) -> None:
        """Delete all snapshots and records but these, given by kind and identity."""
        wanted = {self._path(_FOLDERS[kind], identity) for kind, identity in kept}
        for folder in _FOLDERS.values():
            path = os.path.join(self._root, folder)
            try:
                names = os.listdir(path) if os.path.isdir(path) else []
                for file in (os.path.join(path, name) for name in names):
                    if file not in wanted:
                        os.unlink(file)
            except OSError as error:
                raise _unwritable(path, error) from error

    def history(self, instance: str) -> History:
        """Return past decisions by alias, newest first; empty when there are none."""
        path = self._path("state", instance)
        data = _read(path)
        return {} if data is None else documents.load_history(data, where=path)

    def put_history(self, instance: str, history: History) -> None:
        """Replace the Application's past decisions."""
        _write(self._path("state", instance), documents.dump_history(history))

    def touch(self, touches: Iterable[Touch]) -> None:
        """Leave, for the refresher that works, what is to be looked at now."""
        for touch in touches:
            text = " ".join(touch)
            _write(self._path("touched", text), text.encode(), lasting=False)

    def take_touched(self) -> frozenset[Touch]:
        """Return what was left so, each once; it is not there any more."""
        folder = os.path.join(self._root, "touched")
        taken = set()
        try:
            names = os.listdir(folder) if os.path.isdir(folder) else []
            for path in (os.path.join(folder, name) for name in names if name.endswith(_SUFFIX)):
                data = _read(path)
                os.unlink(path)
                taken.add(touch_of((data or b"").decode(errors="replace")))
        except OSError as error:
            raise _unwritable(folder, error) from error
        return frozenset(taken)

    def instructions(self, instance: str) -> Mapping[str, Instruction]:
        """Return what people said of an Application's images; empty when nothing was."""
        path = self._path("instructions", instance)
        data = _read(path)
        if data is None:
            return {}
        from cmp.index.instruction_document import load_instructions

        return load_instructions(data, where=path)

    def put_instructions(self, instance: str, told: Mapping[str, Instruction]) -> None:
        """Replace what people said of an Application's images."""
        from cmp.index.instruction_document import dump_instructions

        _write(self._path("instructions", instance), dump_instructions(told))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the directory's lock: one refresher at a time; raise when another has it."""
        import fcntl

        path = os.path.join(self._root, ".lock")
        try:
            os.makedirs(self._root, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise IndexUnavailable(
                "another refresher is writing here; wait for it or stop it", where=self._root
            ) from None
        try:
            yield
        finally:
            os.close(descriptor)

    def _names(self, folder: str) -> tuple[str, ...]:
        """Return the names of all documents in a folder."""
        folder = os.path.join(self._root, folder)
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise _unreadable(folder, error) from error
        return tuple(n.removesuffix(_SUFFIX) for n in names if n.endswith(_SUFFIX))

    def _path(self, kind: str, identity: str = "") -> str:
        if not identity:
            return os.path.join(self._root, f"{kind}{_SUFFIX}")
        return os.path.join(self._root, kind, f"{encode(identity)}{_SUFFIX}")


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from error


def _write(path: str, data: bytes, *, lasting: bool = True) -> None:
    """Replace a file so that a reader finds the old or the new; ``lasting``, even after a crash."""
    folder = os.path.dirname(path)
    temporary = os.path.join(folder, f".{os.path.basename(path)}.{os.getpid()}")
    try:
        os.makedirs(folder, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
        if lasting:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError as error:
        with suppress(OSError):
            os.unlink(temporary)
        raise _unwritable(path, error) from error


def _unreadable(path: str, error: OSError) -> IndexUnavailable:
    return IndexUnavailable(f"the index cannot be read: {error.strerror}", where=path)


def _unwritable(path: str, error: OSError) -> IndexUnavailable:
    return IndexUnavailable(f"the index cannot be written: {error.strerror}", where=path)
