"""The repository as a tool may change it: a person's checkout stays as it is."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cmp.errors import ToolFailed
from cmp.renderers.paths import unpacked_root
from cmp.renderers.scratch import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmp.renderers import Job


@contextmanager
def private_copy(job: Job) -> Iterator[Job]:
    """Give ``job`` in a copy of its repository, or as it is where that is ours alone."""
    if unpacked_root(job.directory):
        yield job
        return
    import shutil

    with temporary_folder(job) as (temporary, held):
        root = os.path.join(temporary, os.path.basename(job.root) or "root")
        try:
            shutil.copytree(job.root, root, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        except (OSError, shutil.Error) as error:
            raise ToolFailed(f"{job.root} could not be copied to be rendered: {error}") from error
        directory = os.path.normpath(os.path.join(root, os.path.relpath(job.directory, job.root)))
        yield held._replace(directory=directory, root=root)
