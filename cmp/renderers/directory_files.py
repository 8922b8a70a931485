"""Which files of a plain directory may hold manifests (argo-cd, getPotentiallyValidManifests)."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from cmp.errors import InvalidSource
from cmp.renderers.paths import inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmp.renderers import Job
    from cmp.renderers.directory_options import DirectoryOptions

MOST_BYTES = 10_000_000
"""What repo-server allows unless told otherwise: --max-combined-directory-manifests-size 10M."""

_EXTENSIONS = (".yaml", ".yml", ".json", ".jsonnet")
_JSONNET = ".jsonnet"
_SKIPPED = "+argocd:skip-file-rendering"
_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}


class File(NamedTuple):
    """A file that may hold manifests."""

    name: str
    """Its path below the source's directory."""
    text: str


def manifest_files(job: Job, options: DirectoryOptions) -> Iterator[File]:
    """Yield the files in the order of their paths; raise `InvalidSource` for one that is refused.

    Links are followed to files of the repository, and those that lead nowhere passed over.
    Hidden files count.
    """
    total = 0
    for path in _walk(job.directory, recurse=options.recurse):
        name = os.path.relpath(path, job.directory)
        if not _is_wanted(name, options):
            continue
        size = _size(job, path, name)
        if size is None or not _is_chosen(name, options):
            continue
        text = _read(path, name)
        if _SKIPPED in text:
            continue
        if name.endswith(_JSONNET):
            raise InvalidSource(
                "jsonnet is evaluated by Argo CD only; render it to YAML in the repository, leave "
                "it out with directory.exclude, or leave this Application native",
                where=name,
            )
        total += size
        if total > MOST_BYTES:
            raise InvalidSource(
                f"its files up to {name} are more than {MOST_BYTES} bytes together, which is all "
                "that Argo CD takes; leave files out with directory.exclude, or split the "
                "Application",
                where="directory",
            )
        yield File(name, text)


def _walk(folder: str, *, recurse: bool) -> Iterator[str]:
    """Yield all files below ``folder`` by the bytes of their names, as Go's filepath.Walk."""
    open_folders = [_entries(folder)]
    while open_folders:
        entry = next(open_folders[-1], None)
        if entry is None:
            open_folders.pop()
        elif not entry.is_dir(follow_symlinks=False):
            yield entry.path
        elif recurse:
            open_folders.append(_entries(entry.path))


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as scanned:
            return iter(sorted(scanned, key=lambda entry: os.fsencode(entry.name)))
    except OSError as error:
        raise InvalidSource(f"cannot be read: {error.strerror}", where=folder) from error


def _is_wanted(name: str, options: DirectoryOptions) -> bool:
    return options.disable_extension_filter or name.endswith(_EXTENSIONS)


def _is_chosen(name: str, options: DirectoryOptions) -> bool:
    if not options.include and not options.exclude:
        return True
    from cmp.core.gobwas import matches

    text = os.fsencode(name).decode(errors="replace")
    if options.exclude and matches(options.exclude, text):
        return False
    return not options.include or matches(options.include, text)


def _size(job: Job, path: str, name: str) -> int | None:
    """Return the size of a file; None for what is none, and for a link that leads nowhere."""
    if os.path.islink(path):
        if not os.path.exists(path):
            return None
        inside(job.root, job.directory, name, what=name)
    status = os.stat(path)
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _read(path: str, name: str) -> str:
    """Return a file's text: UTF-8, or what its byte order mark says (github.com/TomOnTime/utfutil).

    What is no text becomes U+FFFD, one for each byte.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise InvalidSource(f"cannot be read: {error.strerror}", where=name) from error
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            content = content[len(mark) :]
            if encoding != "utf-8":
                return content.decode(encoding, errors="replace")
    text = content.decode(errors="surrogateescape")
    if text.isascii():
        return text
    return "".join("\ufffd" if "\udc80" <= char <= "\udcff" else char for char in text)
