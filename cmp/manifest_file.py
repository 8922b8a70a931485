"""Kubernetes manifests in files: a person's Applications, one or many a file."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from cmp.core.application import Application, parse_application
from cmp.errors import CmpError, InvalidApplication

_GROUP = b"argoproj.io/"
_SUFFIXES = (".yaml", ".yml", ".json")


Report = Callable[[CmpError], object]
"""Is told of what cannot be read, so that the rest can be."""


def read_applications(path: str, report: Report | None = None) -> tuple[Application, ...]:
    """Read all Applications in a file or, recursively, in a directory.

    Other kinds are passed over, and in a directory charts' templates and whatever does not
    speak of Argo CD at all. Raises `InvalidApplication`
    naming file and document, unless ``report`` is there to take it.
    """
    if not os.path.isdir(path):
        return tuple(_in_file(path, _bytes(path), report or _raise))
    contents = ((file, _bytes(file)) for file in _files(path))
    return tuple(
        application
        for file, text in contents
        if _GROUP in text
        for application in _in_file(file, text, report or _raise)
    )


def read_application(path: str) -> Application:
    """Read the only Application of a file; raise `InvalidApplication` if there is not one."""
    applications = read_applications(path)
    if len(applications) == 1:
        return applications[0]
    raise InvalidApplication(
        f"holds {len(applications)} Applications, and one is wanted", where=path
    )


def _files(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder, onerror=_refuse):
        # A chart's templates are no YAML before they are rendered.
        passed_over = {"templates"} if "Chart.yaml" in names else set()
        folders[:] = sorted(n for n in folders if not n.startswith(".") and n not in passed_over)
        for name in sorted(names):
            if name.endswith(_SUFFIXES):
                yield os.path.join(parent, name)


def _refuse(error: OSError) -> NoReturn:
    raise InvalidApplication(f"cannot be read: {error.strerror}", where=error.filename) from error


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        _refuse(error)


def _raise(error: CmpError) -> NoReturn:
    raise error


def _in_file(path: str, text: bytes, report: Report) -> Iterator[Application]:
    try:
        documents = _documents(path, text)
    except InvalidApplication as error:
        report(error)
        return
    for number, document in enumerate(documents, start=1):
        for manifest in _unlisted(document):
            if _is_application(manifest):
                try:
                    yield parse_application(manifest)
                except CmpError as error:
                    report(error.within(f"{path}, document {number}"))


def _documents(path: str, text: bytes) -> list[Any]:
    import yaml

    # libyaml where the machine has it: ten times faster on a long file.
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return list(yaml.load_all(text, loader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: 2026-02-30
        reason = " ".join(str(error).split())
        raise InvalidApplication(f"not YAML: {reason}", where=path) from error


def _unlisted(document: Any) -> list[Any]:
    if isinstance(document, dict) and isinstance(document.get("items"), list):
        return list(document["items"])
    return [document]


def _is_application(manifest: Any) -> bool:
    return (
        isinstance(manifest, Mapping)
        and manifest.get("kind") == "Application"
        and str(manifest.get("apiVersion", "")).startswith(_GROUP.decode())
    )
