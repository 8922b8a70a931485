"""All documents of all files converted together: resources select Applications of other files."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.compose import NotYaml, compose
from cmp.convert.files import File
from cmp.core.conversion.document import converted
from cmp.core.conversion.edits import Job
from cmp.core.conversion.policies import Policies
from cmp.core.conversion.sources import at, owners
from cmp.core.conversion.stream import split
from cmp.core.yaml_change import UNCHANGED, Fields, joined
from cmp.errors import CmpError, InvalidApplication
from cmp.settings import VARIABLES
from cmp.writeback.changed import changed

if TYPE_CHECKING:
    from cmp.core.yaml_tree import Node

_SPEAKS_OF_ARGO = "argoproj.io/"


class Wanted(NamedTuple):
    """What is asked for."""

    is_to_plugin: bool
    as_parameters: bool = False
    """The policy of ImageUpdater resources."""


class Done(NamedTuple):
    """The files, converted."""

    files: list[File]
    reached: int
    """How many sources and policies are as they are to be."""
    left: list[str]
    """Why sources are as they were."""
    notes: list[str]


class _Document(NamedTuple):
    """One document of a file."""

    where: str
    text: str
    root: Node | None


def convert_all(files: list[File], wanted: Wanted) -> Done:
    """Convert files; raise `InvalidApplication` or `InvalidPolicy` that says where."""
    documents = [[*_documents(file)] for file in files]
    roots = [d.root for listed in documents for d in listed if d.root is not None]
    policies = Policies(roots if wanted.is_to_plugin else [], as_parameters=wanted.as_parameters)
    if not policies and not any(True for root in roots for _ in owners(root)):
        names = ", ".join(file.path for file in files)
        raise InvalidApplication("no Application and no ApplicationSet is there", where=names)
    job = Job(wanted.is_to_plugin, compose, frozenset(VARIABLES))
    done = Done([], 0, [], [])
    count = 0
    texts: list[list[str]] = []
    for listed in documents:
        texts.append([])
        for document in listed:
            try:
                text, number = _converted(document, job, policies, done)
            except CmpError as error:
                raise error.within(document.where) from None
            texts[-1].append(text)
            count += number
    done.notes.extend(policies.notes())
    kept = [
        File(
            file.path,
            "".join(t for t, d in zip(new, old, strict=True) if not policies.drops(d.root)),
        )
        for file, new, old in zip(files, texts, documents, strict=True)
    ]
    return done._replace(files=kept, reached=count)


def _converted(document: _Document, job: Job, policies: Policies, done: Done) -> tuple[str, int]:
    if document.root is None:
        return document.text, 0
    result = converted(document.text, job)
    done.left.extend(result.left)
    done.notes.extend(result.notes)
    text = result.text
    if (root := compose(text)) is None:
        return text, result.changed + result.already
    change, number = policies.change(root)
    for path, given in result.annotations:
        change = joined(change, at(path, Fields({"annotations": Fields(given)})))
    if change != UNCHANGED:
        text = changed(text, lambda _: change)
    return text, result.changed + result.already + number


def _documents(file: File) -> list[_Document]:
    found = []
    number = 0
    for text in split(file.text):
        number += bool(text.strip("\ufeff \r\n"))
        where = f"{file.path}, document {number}"
        try:
            root = compose(text) if _SPEAKS_OF_ARGO in text else None
        except (NotYaml, RecursionError) as error:
            raise InvalidApplication(f"not YAML: {error}", where=where) from None
        found.append(_Document(where, text, root))
    return found
