"""Paths an application names: inside its repository, or refused."""

import os

from cmp.errors import InvalidSource


def inside(root: str, directory: str, written: str, *, what: str) -> str:
    """Return the absolute path of ``written``; raise `InvalidSource` if it leads outside.

    A relative path starts at the source directory, an absolute one at the repository's
    root; links are followed (argo-cd, util/io/path/resolved.go).
    """
    start = root if written.startswith("/") else directory
    path = os.path.normpath(os.path.join(start, written.lstrip("/")))
    real_root = os.path.realpath(root)
    real = os.path.realpath(path)
    if not real.startswith(real_root + os.sep):
        raise InvalidSource(
            f"{written!r} leads out of the repository; name a file inside it", where=what
        )
    return path


def repository_root(directory: str, source_path: str) -> str:
    """Return the repository's root above the source directory.

    Argo CD names the source's path in the repository, so what stands before it is the root.
    Where that does not fit (a chart, a tree cut to the generate paths, a person's folder)
    the nearest parent with a ``.git`` is, else the directory itself.
    """
    path = os.path.normpath(source_path) if source_path else "."
    if path == ".":
        return _git_root(directory) if not source_path else directory
    if directory.endswith(os.sep + path):
        return directory[: -len(path) - 1] or os.sep
    return _git_root(directory)


def _git_root(directory: str) -> str:
    parent = directory
    while not os.path.exists(os.path.join(parent, ".git")):
        if parent == os.path.dirname(parent):
            return directory
        parent = os.path.dirname(parent)
    return parent
