"""Temporary folders: of one render each, and gone when it is, however it ended.

A folder is locked by whoever uses it, us and the tools we start. The kernel ends the lock with
the last of them, and the next render removes what is found without one.
"""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cmp.errors import ToolFailed
from cmp.renderers.ending import deferred
from cmp.renderers.paths import unpacked_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cmp.renderers import Job

_RUN = "run-"


def workplace(directory: str, env: Mapping[str, str]) -> str:
    """Return the folder for all that renders leave on disk, made if need be: ours alone.

    In a sidecar it is beside the requests that argocd-cmp-server unpacks: that can be written
    to, belongs to no source, no other container has it, and it is wiped when the sidecar
    starts. Elsewhere it is in TMPDIR, where others may have put something of its name.
    """
    unpacked = unpacked_root(directory)
    if unpacked:
        path = os.path.join(os.path.dirname(unpacked), "image-cmp")
    else:
        parent = os.path.abspath(env.get("TMPDIR") or "/tmp")  # noqa: S108 - its owner is checked
        path = os.path.join(parent, f"image-cmp-{os.getuid()}")
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        _check_owner(path)
    except OSError as error:
        raise _cannot_be_written(os.path.dirname(path), error) from error
    return path


@contextmanager
def temporary_folder(job: Job) -> Iterator[tuple[str, Job]]:
    """Make a folder nobody else can read; give it, and ``job`` with tools that hold on to it."""
    made = None
    try:
        with deferred():
            made = _make(_outside_the_source(job))
        path, lock = made
        yield path, job._replace(locks=(*job.locks, lock))
    finally:
        with deferred():
            if made:
                _remove(made[0])
                os.close(made[1])


def sweep(place: str) -> None:
    """Remove what renders left that were killed, and whose tools have ended too."""
    for name in os.listdir(place):
        if name.startswith(_RUN):
            _sweep(os.path.join(place, name))


def _outside_the_source(job: Job) -> str:
    """Return the workplace; what lay in the source might be rendered with it, or copied."""
    place = workplace(job.directory, job.env)
    if os.path.realpath(place).startswith(os.path.realpath(job.root) + os.sep):
        os.rmdir(place)
        raise ToolFailed(
            f"{os.path.dirname(place)} is in the repository that is rendered; set TMPDIR to a "
            "folder outside"
        )
    return place


def _make(place: str) -> tuple[str, int]:
    sweep(place)
    while True:
        path = os.path.join(place, _RUN + os.urandom(8).hex())
        try:
            os.mkdir(path, 0o700)
        except OSError as error:
            raise _cannot_be_written(place, error) from error
        lock = _locked(path)
        if lock is not None:
            return path, lock


def _locked(path: str) -> int | None:
    """Lock a folder; return None for one that a sweep has or had before us."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.lstat(path)
    except (BlockingIOError, FileNotFoundError):
        os.close(opened)
        return None
    except OSError as error:
        os.close(opened)
        raise ToolFailed(
            f"{path} cannot be locked ({error.strerror}); set TMPDIR to a folder of a local disk"
        ) from error
    return opened


def _sweep(path: str) -> None:
    lock = _locked(path)
    if lock is not None:
        _remove(path)
        os.close(lock)


def _remove(path: str) -> None:
    try:
        os.rmdir(path)  # nearly always empty, and shutil costs every render milliseconds
    except OSError:
        import shutil

        shutil.rmtree(path, ignore_errors=True)
        if os.path.lexists(path):
            _allow_removal(path)
            shutil.rmtree(path, ignore_errors=True)


def _allow_removal(path: str) -> None:
    """Make the folders below writable: a copy of a checkout has those that were not."""
    for parent, names, _ in os.walk(path):
        for name in names:
            folder = os.path.join(parent, name)
            if not os.path.islink(folder):
                os.chmod(folder, 0o700)  # before os.walk goes into it


def _check_owner(path: str) -> None:
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise ToolFailed(f"{path} is not a folder of ours; remove it, or set TMPDIR to another")


def _cannot_be_written(place: str, error: OSError) -> ToolFailed:
    return ToolFailed(
        f"{place} cannot be written to ({error.strerror}); give the sidecar a volume there"
    )
