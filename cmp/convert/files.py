"""Files of manifests, read and replaced as they are to the byte."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from cmp.errors import InvalidApplication

STANDARD_INPUT = "-"


class File(NamedTuple):
    """A file and its text, whose lines end as in the file."""

    path: str
    text: str

    def encoded(self) -> bytes:
        """Return what the file holds."""
        return self.text.encode()


def read_file(path: str) -> File:
    """Read a file; raise `InvalidApplication`."""
    try:
        if path == STANDARD_INPUT:
            content = sys.stdin.buffer.read()
        else:
            with open(path, "rb") as file:
                content = file.read()
        return File(path, content.decode())
    except OSError as error:
        raise InvalidApplication(f"cannot be read: {error.strerror}", where=path) from None
    except UnicodeDecodeError:
        raise InvalidApplication("not UTF-8; write it so", where=path) from None


def write_file(file: File) -> None:
    """Put a file in place of what was there, whole or not at all; its mode stays."""
    path = os.path.realpath(file.path)
    temporary = f"{path}.image-cmp-{os.getpid()}"
    try:
        with open(temporary, "wb") as new:
            os.fchmod(new.fileno(), os.stat(path).st_mode)
            new.write(file.encoded())
            new.flush()
            os.fsync(new.fileno())
        os.replace(temporary, path)
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
