"""A warm clone of one repository, bare and partial: trees, and the files that were asked for.

Git's "promisor" setting is given only to what fetches and pushes: all else then sees a file
that is not here as missing, where git would fetch each by itself.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from cmp.errors import GitFailed, GitRefused
from cmp.writeback.git import NETWORK_S, Done, Git
from cmp.writeback.git_address import Address
from cmp.writeback.git_files import Objects, read_objects
from cmp.writeback.git_message import Author
from cmp.writeback.git_reason import declined, failed

_FETCH = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
_HEADS = "refs/heads/"
_MADE = "refs/cmp/made"
_SPARE = 32 * 1024 * 1024  # bytes of what no branch needs any more, before it is made anew
# The remote has moved on, or its ref is locked by another push: that is no mistake.
_RACED = (
    *("stale info", "fetch first", "non-fast-forward", "cannot lock ref", "failed to lock"),
    *("failed to update ref", "incorrect old value", "reference already exists", "but expected"),
)


# What says nothing about the clone: it is kept.
_ELSEWHERE = re.compile(
    r"Could not resolve|[Cc]onnect|timed out|unable to access|hung up|early EOF|RPC failed"
)
# Before protocol 2, or where its owner wants it so, a server gives only what branches name.
_NO_BLOBS = re.compile(r"unadvertised object|not our ref")


class Rejected(Exception):
    """Somebody else pushed in between, or the clone has to be another: begin again."""


class Heads(NamedTuple):
    """What ls-remote tells."""

    default: str
    """The branch that HEAD names; empty where it names none."""
    branches: frozenset[str]


class Content(NamedTuple):
    """What a file is to be."""

    mode: str
    content: bytes | None
    """None to delete it."""


class Draft(NamedTuple):
    """What a commit says, besides its files."""

    message: str
    author: Author
    signing: Mapping[str, str] = {}
    """How git is told to sign; empty for not at all."""


class Clone:
    """One repository on disk; used by one thread at a time."""

    def __init__(self, git: Git, folder: str, address: Address) -> None:
        """Name the place; `fetch` makes it."""
        self._git = git
        self._folder = folder
        self._address = address
        self._first_size = 0
        self._is_partial = True

    def heads(self, env: Mapping[str, str], branches: Sequence[str]) -> Heads:
        """Ask what HEAD names, and which of the branches exist."""
        wanted = ["HEAD", *(f"{_HEADS}{branch}" for branch in branches)]
        done = self._remote(env, ["ls-remote", "--symref", "--", "origin", *wanted])
        default, found = "", set()
        for line in done.output.decode(errors="replace").splitlines():
            value, _, name = line.partition("\t")
            if name == "HEAD" and value.startswith("ref: "):
                default = value.removeprefix("ref: ").removeprefix(_HEADS)
            elif name.startswith(_HEADS):
                found.add(name.removeprefix(_HEADS))
        return Heads(default, frozenset(found))

    def fetch(self, env: Mapping[str, str], branches: Sequence[str]) -> Sequence[str]:
        """Fetch the tips of branches; return the names they have here."""
        names = [f"refs/cmp/{number}" for number, _ in enumerate(branches)]
        refspecs = [f"+{_HEADS}{b}:{name}" for b, name in zip(branches, names, strict=True)]
        whole = [] if self._is_partial else ["--no-filter"]
        self._remote(env, ["fetch", *_FETCH, *whole, "--depth=1", "--", "origin", *refspecs])
        self._first_size = self._first_size or self.size()
        return names

    def fetch_blobs(self, env: Mapping[str, str], object_ids: Sequence[str]) -> None:
        """Fetch the content of files, all at once; raise `Rejected` where it has to be all."""
        listed = "".join(f"{one}\n" for one in object_ids).encode()
        # Otherwise the server takes it that who has a commit has its files.
        argv = ["-c", "fetch.negotiationAlgorithm=noop", "fetch", *_FETCH, "--stdin", "origin"]
        try:
            self._remote(env, argv, listed)
        except GitFailed as error:
            if not self._is_partial or not _NO_BLOBS.search(error.message):
                raise
            self._is_partial = False
            self.drop()
            raise Rejected("the server gives no single files") from error

    def objects(self) -> AbstractContextManager[Objects]:
        """Give a reader of what is here."""
        return read_objects(self._git, self._directory)

    def commit(
        self, objects: Objects, parent: str, files: Mapping[str, Content], draft: Draft
    ) -> str:
        """Make a commit here, and return its id; equal to ``parent`` where nothing changes."""
        stream = _stream(parent, files, draft.author)
        self._local(["fast-import", "--quiet", "--force", "--done"], stdin=stream)
        tree = objects.resolve(f"{_MADE}^{{tree}}")
        if tree == objects.resolve(f"{parent}^{{tree}}"):
            return parent
        env = {
            **{f"GIT_{who}_NAME": draft.author.name for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": draft.author.email for who in ("AUTHOR", "COMMITTER")},
        }
        argv = ["commit-tree", "-p", parent, *(["-S"] if draft.signing else []), tree]
        env |= draft.signing
        done = self._local(argv, env=env, stdin=draft.message.encode())
        return done.output.decode().strip()

    def push(
        self, env: Mapping[str, str], commit: str, branch: str, expected: str, *, where: str
    ) -> None:
        """Push a commit to a branch that is still at ``expected``; empty: that is not there yet.

        The lease never overwrites anything: ``expected`` is the commit's parent. It is what
        keeps a push from making a branch again that was deleted meanwhile.

        Raises:
            Rejected: it is elsewhere by now.
            GitRefused: the server's rules do not allow it.
            GitFailed: it is not known whether it was taken.
        """
        ref = f"{_HEADS}{branch}"
        argv = ["push", "--porcelain", "--no-verify", f"--force-with-lease={ref}:{expected}"]
        with self._made():
            argv = [*argv, "--", "origin", f"{commit}:{ref}"]
            done = self._git.run(self._directory, argv, env=env, deadline_s=NETWORK_S)
        if done.status == 0:
            return
        status = _status(done, ref)
        if status is None:
            raise failed(done.said, where=where)
        if any(word in status or word in done.said for word in _RACED):
            raise Rejected(status)
        raise declined(status, done.said, where=where)

    def is_grown(self) -> bool:
        """Tell whether it holds so much that nobody needs that it is better made anew."""
        return self.size() > 2 * self._first_size + _SPARE

    def size(self) -> int:
        """Return how many bytes it takes."""
        total = 0
        for folder, _, files in os.walk(self._directory):
            for name in files:
                try:
                    total += os.lstat(os.path.join(folder, name)).st_size
                except FileNotFoundError:
                    continue
        return total

    def drop(self) -> None:
        """Remove it; the next fetch makes it anew."""
        self._first_size = 0
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def _directory(self) -> str:
        return os.path.join(self._folder, "clone.git")

    @contextmanager
    def _made(self) -> Iterator[None]:
        """Make it if it is not there, and remove it where the block fails: it may be half."""
        try:
            if not os.path.isdir(self._directory):
                self._make()
            yield
        except OSError as error:
            self.drop()
            raise failed(f"{error.strerror}", where=self._folder) from error
        except BaseException:
            self.drop()
            raise

    def _make(self) -> None:
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        # Whole, or not at all: to be there means to be usable.
        with tempfile.TemporaryDirectory(prefix="new-", dir=self._folder) as folder:
            new = os.path.join(folder, "clone.git")
            os.mkdir(new)
            done = self._git.run(new, ["init", "--quiet", "--bare", "--template="])
            if done.status:
                raise failed(done.said, where=self._folder)
            os.rename(new, self._directory)

    def _remote(self, env: Mapping[str, str], argv: Sequence[str], stdin: bytes = b"") -> Done:
        with self._made():
            done = self._git.run(self._directory, argv, env=env, stdin=stdin, deadline_s=NETWORK_S)
        if done.status:
            error = failed(done.said, where=self._address.url)
            if not (isinstance(error, GitRefused) or _ELSEWHERE.search(done.said)):
                self.drop()
            raise error
        return done

    def _local(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, stdin: bytes = b""
    ) -> Done:
        with self._made():
            done = self._git.run(self._directory, argv, env=env, stdin=stdin)
        if done.status:
            self.drop()
            raise failed(done.said, where=f"git {argv[0]}")
        return done


def _status(done: Done, ref: str) -> str | None:
    """Return what push says of the ref; None where it says nothing of it (git-push(1))."""
    for line in done.output.decode(errors="replace").splitlines():
        flag, _, rest = line.partition("\t")
        if flag == "!" and rest.partition("\t")[0].endswith(f":{ref}"):
            return rest.partition("\t")[2]
    return None


def _stream(parent: str, files: Mapping[str, Content], author: Author) -> bytes:
    """Return the commit as git-fast-import(1) reads it; who and when are not what is pushed."""
    parts = [
        f"commit {_MADE}\ncommitter {author} 0 +0000\ndata 0\nfrom {parent}\n".encode(),
    ]
    for path, file in files.items():
        name = path.encode(errors="surrogateescape")
        if name.startswith(b'"'):
            name = b'"' + name.replace(b'"', b'\\"') + b'"'
        if file.content is None:
            parts.append(b"D " + name + b"\n")
            continue
        parts += [
            b"M %s inline %s\ndata %d\n" % (file.mode.encode(), name, len(file.content)),
            file.content,
            b"\n",
        ]
    return b"".join([*parts, b"done\n"])
