"""The files of a commit, read from the object store: nothing is checked out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from cmp.errors import GitFailed, InvalidInput
from cmp.writeback.git import Git, Process

_LARGEST = 8 * 1024 * 1024  # bytes; what is edited was written by people
_FILE = frozenset({"100644", "100755", "100664"})
_TREE = "40000"


class Absent(BaseException):
    """A file's content is not in the clone yet; for whoever reads, not for what edits.

    Not an Exception, so that no edit takes it for one of its own.
    """

    def __init__(self, object_id: str) -> None:
        super().__init__(object_id)
        self.object_id = object_id


class Entry(NamedTuple):
    """What a path of a commit is."""

    mode: str
    object_id: str


class Objects:
    """Reads objects through one `git cat-file`, which stays."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._trees: dict[str, Mapping[str, Entry]] = {}

    def resolve(self, name: str) -> str:
        """Return the id of what a name stands for; raise `GitFailed` where there is none."""
        found = self._read(name)
        if found is None:
            raise GitFailed(f"the clone has no {name}; it is made anew")
        return found[0]

    def blob(self, object_id: str) -> bytes | None:
        """Return a file's content; None where it is not in the clone."""
        found = self._read(object_id)
        return None if found is None else found[1]

    def tree(self, object_id: str) -> Mapping[str, Entry]:
        """Return what a folder holds."""
        if object_id not in self._trees:
            found = self._read(object_id)
            if found is None:
                raise GitFailed(f"the clone has no tree {object_id}; it is made anew")
            self._trees[object_id] = dict(_entries(found[1], len(object_id) // 2))
        return self._trees[object_id]

    def _read(self, name: str) -> tuple[str, bytes] | None:
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        if pipe_in is None or pipe_out is None:
            raise TypeError("started without pipes")
        try:
            pipe_in.write(f"{name}\n".encode())
            pipe_in.flush()
            header = pipe_out.readline().decode(errors="replace").split()
            if header[1:] in (["missing"], ["ambiguous"]):
                return None
            size = int(header[2])
            content = pipe_out.read(size + 1)[:-1]
        except (OSError, IndexError, ValueError) as error:
            raise GitFailed("git cat-file ended; the clone is made anew") from error
        if len(content) != size:
            raise GitFailed("git cat-file ended; the clone is made anew")
        return header[0], content


@contextmanager
def read_objects(git: Git, directory: str) -> Iterator[Objects]:
    """Give a reader of a clone's objects."""
    with git.running(directory, ["cat-file", "--batch"]) as process:
        yield Objects(process)


class Files:
    """The files of one commit."""

    def __init__(self, objects: Objects, commit: str) -> None:
        self._objects = objects
        self._root = objects.resolve(f"{commit}^{{tree}}")

    def entry(self, path: str) -> Entry | None:
        """Return what a path is; None where there is nothing.

        Raises `InvalidInput` where it is no plain file, or leads through what is no folder.
        """
        *folders, name = checked(path).split("/")
        tree = self._objects.tree(self._root)
        for depth, folder in enumerate(folders, 1):
            found = tree.get(folder)
            if found is None:
                return None
            if found.mode != _TREE:
                raise InvalidInput(f"{_kind(found)}, not a folder", where="/".join(folders[:depth]))
            tree = self._objects.tree(found.object_id)
        found = tree.get(name)
        if found and found.mode not in _FILE:
            raise InvalidInput(f"{_kind(found)}, not a file; name the file itself", where=path)
        return found

    def read(self, path: str) -> bytes | None:
        """Return a file's content, None where there is none; raise `Absent` to have it fetched."""
        entry = self.entry(path)
        if entry is None:
            return None
        content = self._objects.blob(entry.object_id)
        if content is None:
            raise Absent(entry.object_id)
        if len(content) > _LARGEST:
            raise InvalidInput(f"more than {_LARGEST >> 20} MiB; nothing to edit", where=path)
        return content


def checked(path: str) -> str:
    """Return a path inside a repository; raise `InvalidInput` for what leads elsewhere."""
    parts = path.split("/")
    wrong = any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)
    if wrong or not path.isprintable() or "\\" in path:
        raise InvalidInput(f"not the path of a file in the repository: {path!r}")
    return path


def _kind(entry: Entry) -> str:
    return {
        "120000": "a symbolic link",
        "160000": "a submodule",
        _TREE: "a folder",
    }.get(entry.mode, "a file")


def _entries(content: bytes, id_length: int) -> Iterator[tuple[str, Entry]]:
    """Yield a tree's entries: mode, a space, name, a zero, the id in binary (gitformat)."""
    position = 0
    while position < len(content):
        space = content.index(b" ", position)
        zero = content.index(b"\0", space)
        mode = content[position:space].decode()
        name = content[space + 1 : zero].decode(errors="surrogateescape")
        position = zero + 1 + id_length
        yield name, Entry(mode, content[zero + 1 : position].hex())
