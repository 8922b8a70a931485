"""Files that options of helm name: of the repository, matched by a glob, or elsewhere."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from cmp.errors import InvalidSource
from cmp.renderers.options import substituted
from cmp.renderers.paths import inside
from cmp.renderers.process import needs_network

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cmp.renderers import Job

_WHERE = "helm.valueFiles"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_ALLOWED = ("https", "http")  # argo-cd, util/settings: helm.valuesFileSchemes by default
_MOST_LINKS = 10


def value_files(job: Job, written: tuple[str, ...], *, ignore_missing: bool) -> tuple[str, ...]:
    """Return paths and addresses for ``--values``, in order; raise `InvalidSource`.

    Each is given once, where it stands first; one that is named keeps its own place and is
    not among those that a glob matches (argo-cd, reposerver: getResolvedValueFiles).
    """
    resolved = [(entry, _resolved(job, entry, _WHERE)) for entry in written]
    named = {path for _, path in resolved if not _is_glob(job, path)}
    files: dict[str, None] = {}
    for entry, path in resolved:
        if _is_glob(job, path):
            found = list(_matches(job, entry, path))
            if not found and not ignore_missing:
                raise InvalidSource(f"{entry!r} matched no files", where=_WHERE)
            files |= dict.fromkeys(match for match in found if match not in named)
        elif _is_remote(path) or not ignore_missing or os.path.exists(path):
            _check_value_file(job, path)
            files[path] = None
    return tuple(files)


def parameter_file(job: Job, name: str, written: str) -> str:
    """Return the path or address of a file parameter; raise `InvalidSource`."""
    where = f"helm.fileParameters {name}"
    # helm takes name=file,name=file apart itself: nothing may look like a second one.
    if any(char in re.sub(r"\\.", "", name) for char in "=,"):
        raise InvalidSource("its name holds = or a comma; put a backslash before it", where=where)
    path = _resolved(job, written, where)
    if "\\" in path:
        raise InvalidSource(f"{written!r} holds a backslash; rename the file", where=where)
    return path


def _resolved(job: Job, written: str, where: str) -> str:
    """Return an absolute path, a last link followed, or an address helm may fetch."""
    variables = job.request.variables
    name = substituted(written, variables)
    if _is_of_another_source(written, variables):
        raise InvalidSource(
            f"{written!r} is of another source, and Argo CD gives a plugin no other source; "
            "keep the values beside the chart, or leave this Application native",
            where=where,
        )
    if scheme := _SCHEME.match(name):
        if scheme[1].lower() not in _ALLOWED:
            raise InvalidSource(
                f"the URL scheme {scheme[1]!r} is not allowed; use https, or a file of the "
                "repository",
                where=where,
            )
        needs_network(job.env, written, where=where)
        return name
    return _delinked(inside(job.root, job.directory, name, what=where), written, where)


def _is_of_another_source(written: str, variables: Mapping[str, str]) -> bool:
    if not written.startswith("$"):
        return False
    from cmp.core.envsubst import is_of_another_source

    return is_of_another_source(written, variables)


def _delinked(path: str, written: str, where: str) -> str:
    for _ in range(_MOST_LINKS + 1):
        try:
            target = os.readlink(path)
        except OSError:
            return path
        path = os.path.normpath(os.path.join(os.path.dirname(path), target))
    raise InvalidSource(f"{written!r} is a link to a link to a link ...; name a file", where=where)


def _is_remote(path: str) -> bool:
    return not path.startswith("/")


def _is_glob(job: Job, path: str) -> bool:
    # Of the root's own path nothing is a pattern.
    return not _is_remote(path) and any(c in path.removeprefix(job.root) for c in "*?[")


def _matches(job: Job, written: str, path: str) -> Iterator[str]:
    from cmp.renderers.value_globs import expand

    try:
        pattern = os.path.relpath(path, job.root)
        for match in expand(job.root, pattern):
            # Raises if the match is a link that leads out.
            inside(job.root, job.root, os.path.relpath(match, job.root), what=_WHERE)
            _check_value_file(job, match)
            yield match
    except ValueError as error:
        raise InvalidSource(f"{written!r} is no pattern: {error}", where=_WHERE) from None


def _check_value_file(job: Job, path: str) -> None:
    if "," in path or '"' in path:
        name = path.removeprefix(job.root + os.sep)
        raise InvalidSource(
            f"{name!r} holds a comma or a quote, by which helm tells several "
            "files apart; rename the file, or list each by itself",
            where=_WHERE,
        )
