"""A folder for one run of a tool, gone afterwards."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cmp.errors import ToolFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@contextmanager
def temporary_home(env: Mapping[str, str]) -> Iterator[str]:
    """Make a folder nobody else can read, and remove it with all that is in it."""
    parent = os.path.abspath(env.get("TMPDIR") or "/tmp")  # noqa: S108 - the name is a secret
    path = os.path.join(parent, f"image-cmp-{os.urandom(8).hex()}")
    try:
        os.mkdir(path, 0o700)
    except OSError as error:
        raise ToolFailed(
            f"{parent} cannot be written to ({error.strerror}); give the sidecar a volume there"
        ) from error
    try:
        yield path
    finally:
        _remove(path)


def _remove(path: str) -> None:
    try:
        os.rmdir(path)  # nearly always empty, and shutil costs every render milliseconds
    except OSError:
        import shutil

        shutil.rmtree(path, ignore_errors=True)
