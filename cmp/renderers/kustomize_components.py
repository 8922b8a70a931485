"""Components that an Application adds to its kustomization: inside the repository."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cmp.errors import InvalidSource
from cmp.renderers.paths import inside

if TYPE_CHECKING:
    from cmp.renderers import Job

_WHERE = "kustomize.components"
_GLOB = frozenset("*?[")


def components(job: Job, written: tuple[str, ...], *, ignore_missing: bool) -> list[str]:
    """Return the components to add; raise `InvalidSource` for one that is no path of ours.

    A missing one is left out only if asked for, as Argo CD leaves it out: it takes what is
    written for one path, be it a pattern or a URL.
    """
    for component in written:
        _check(job, component)
    if not ignore_missing:
        return list(written)
    return [c for c in written if os.path.exists(os.path.join(job.directory, c))]


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
