"""Kustomize: ``kustomize edit set image``, then ``kustomize build``, as Argo CD's repo-server.

Arguments and their order: reference/argocd.md §6 (argo-cd, util/kustomize/kustomize.go).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cmp.core.injection import kustomize_image
from cmp.errors import ToolFailed
from cmp.renderers.paths import unpacked_root
from cmp.renderers.process import run

if TYPE_CHECKING:
    from cmp.renderers import Job

OPTIONS: tuple[str, ...] = ()


def render(job: Job) -> bytes:
    """Build the kustomization with the chosen images set."""
    if not job.choices:
        return _build(job.directory, job)
    if unpacked_root(job.directory):
        return _edit_and_build(job.directory, job)
    return _in_copy(job)


def _edit_and_build(directory: str, job: Job) -> bytes:
    images = [kustomize_image(choice) for choice in job.choices]
    run(["kustomize", "edit", "set", "image", *images], cwd=directory, env=job.env)
    return _build(directory, job)


def _build(directory: str, job: Job) -> bytes:
    return run(["kustomize", "build", directory], cwd=os.path.dirname(directory), env=job.env)


def _in_copy(job: Job) -> bytes:
    """Render in a copy of the repository, for a kustomization may reach up to its root."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="image-cmp-") as temporary:
        copy = os.path.join(temporary, os.path.basename(job.root) or "root")
        try:
            shutil.copytree(job.root, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        except (OSError, shutil.Error) as error:
            raise ToolFailed(f"{job.root} could not be copied to be rendered: {error}") from error
        return _edit_and_build(os.path.join(copy, os.path.relpath(job.directory, job.root)), job)
