"""Plain directories: the manifests in its files, as Argo CD reads them.

Rules: reference/argocd.md §8 (argo-cd, reposerver/repository, findManifests).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.documents import stream
from cmp.renderers.directory_files import manifest_files
from cmp.renderers.directory_manifests import manifests
from cmp.renderers.directory_options import TABLE, DirectoryOptions

if TYPE_CHECKING:
    from cmp.renderers import Job

OPTIONS = tuple(option.name for option in TABLE)


def render(job: Job) -> bytes:
    """Return the manifests in the order of files; raise `InvalidSource` for one that is none."""
    options = DirectoryOptions.read(job.request.parameters)
    found = [
        manifest
        for file in manifest_files(job, options)
        for manifest in manifests(file.name, file.text)
    ]
    return stream(found).encode()
