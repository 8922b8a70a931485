"""Paths an application names: inside its repository, or refused."""

import os

from cmp.errors import InvalidSource

_CMP_SERVER = f"{os.sep}_cmp_server{os.sep}"


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


def unpacked_root(directory: str) -> str | None:
    """Return the folder argocd-cmp-server unpacked a request into, above ``directory``.

    It is ours alone and deleted afterwards (argo-cd, cmpserver/plugin/plugin.go). None for
    any other place, such as a person's checkout.
    """
    parent, marker, below = directory.partition(_CMP_SERVER)
    return parent + marker + below.partition(os.sep)[0] if marker else None


def repository_root(directory: str, source_path: str) -> str:
    """Return the repository's root above the source directory.

    In Argo CD what was unpacked is all there is of the repository. Elsewhere the nearest
    ``.git`` tells, or else the source's path in the repository.
    """
    unpacked = unpacked_root(directory)
    if unpacked is not None:
        return unpacked
    git = _git_root(directory)
    path = os.path.normpath(source_path) if source_path else "."
    above = directory.removesuffix(os.sep + path)
    return git or (above if above != directory and above else directory)


def _git_root(directory: str) -> str:
    """Return the nearest folder with a ``.git``, or nothing."""
    parent = directory
    while not os.path.exists(os.path.join(parent, ".git")):
        if parent == os.path.dirname(parent):
            return ""
        parent = os.path.dirname(parent)
    return parent
