"""Components that an Application adds to its kustomization: inside the repository."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cmp.errors import InvalidSource
from cmp.renderers import KUSTOMIZATIONS
from cmp.renderers.paths import inside

if TYPE_CHECKING:
    from cmp.renderers import Job

_WHERE = "kustomize.components"
_GLOB = frozenset("*?[")


def components(job: Job, written: tuple[str, ...], *, ignore_missing: bool) -> list[str]:
    """Return the components to add; raise `InvalidSource` for one that is no path of ours.

    Where missing ones are ignored, the first that is there is the only one, for Argo CD looks
    no further (argo-cd 3.6, util/kustomize/kustomize.go); it takes what is written for one
    path, be it a pattern or a URL.
    """
    if ignore_missing:
        written = tuple(c for c in written if _is_component(job, c))[:1]
    for component in written:
        _check(job, component)
    return list(written)


def _is_component(job: Job, written: str) -> bool:
    """Tell whether there is a kustomization in it, and in the repository."""
    folder = os.path.normpath(f"{job.directory}/{written}")
    root = os.path.realpath(job.root) + os.sep
    files = (os.path.realpath(os.path.join(folder, name)) for name in KUSTOMIZATIONS)
    return any(os.path.isfile(file) and file.startswith(root) for file in files)


def _check(job: Job, written: str) -> None:
    if not written or written.startswith(("/", "-")):
        raise InvalidSource(
            f"{written!r} is no path from the source's directory; write it as ../component",
            where=_WHERE,
        )
    for path in [written, *_matches(job.directory, written)]:
        inside(job.root, job.directory, path, what=_WHERE)


def _matches(directory: str, written: str) -> list[str]:
    """Return the paths that kustomize takes a pattern for."""
    if not _GLOB & set(written):
        return []
    from glob import glob

    return glob(written, root_dir=directory, include_hidden=True)
