"""The images of an Application as an edit of files in Git, which leaves alone what people did.

What was written before and is something else now, a person changed: by a revert, or by hand. It
stays, and counts as a rollback. What is gone altogether is written again, and told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from cmp.core.injection import Choice
from cmp.core.lock import Locked
from cmp.core.write_back_target import WriteBackTarget
from cmp.writeback import Wanted, edited, present
from cmp.writeback.git_edit import Read


class Item(NamedTuple):
    """One image, as it is to stand in Git."""

    name: str
    """How it is called in its Application's history."""
    choice: Choice
    is_written: bool = False
    """This very decision was written before."""
    past: tuple[Locked, ...] = ()
    """What it was before, the newest first."""


class SourceEdit(NamedTuple):
    """The images of one source, and the file that takes them."""

    target: WriteBackTarget
    instance: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What people had made of it."""

    changed: Mapping[str, Locked] = field(default_factory=dict)
    """By name: what stands there instead of what was written."""
    gone: tuple[str, ...] = ()
    """Names of what was written, and is not there any more."""
    files: tuple[str, ...] = ()
    """Where that is."""


class ApplicationEdit:
    """An edit (`cmp.writeback.git_edit.Edit`); `found` is what its last call came upon."""

    def __init__(self, sources: tuple[SourceEdit, ...]) -> None:
        """Write these sources' images."""
        self._sources = sources
        self.found = Found()

    def __call__(self, read: Read) -> Mapping[str, bytes | None]:
        """Return what files are to be, from what they are; raise `InvalidInput`."""
        made: dict[str, bytes | None] = {}
        changed: dict[str, Locked] = {}
        gone: list[str] = []
        files: list[str] = []

        def now(path: str) -> bytes | None:
            return made[path] if path in made else read(path)

        for written in self._sources:
            path, content = _there(written.target, now)
            target = written.target._replace(files=(path,))
            source = written._replace(target=target)
            theirs, missing = _differing(source, content)
            changed |= theirs
            gone += missing
            files += [path] if theirs or missing else []
            choices = tuple(i.choice for i in source.items if i.name not in theirs)
            made[path] = edited(source.target, content, Wanted(source.instance, choices))
        self.found = Found(changed, tuple(gone), tuple(files))
        return {path: content for path, content in made.items() if content is not None}


def _there(target: WriteBackTarget, now: Read) -> tuple[str, bytes | None]:
    """Return the first of a target's files that is there, or else the one to be made."""
    for path in target.files:
        content = now(path)
        if content is not None:
            return path, content
    return target.files[0], None


def _differing(source: SourceEdit, content: bytes | None) -> tuple[dict[str, Locked], list[str]]:
    """Return what was written before and is something else, and what is not there at all."""
    theirs: dict[str, Locked] = {}
    gone: list[str] = []
    for item in source.items:
        if not item.is_written or _stands(source, content, item.choice):
            continue
        found = _before(source, content, item) if content is not None else None
        if found:
            theirs[item.name] = found
        else:
            gone.append(item.name)
    return theirs, gone


def _before(source: SourceEdit, content: bytes, item: Item) -> Locked | None:
    """Return what stands there for an image: one of those it was, or what the file says outright.

    Most files have no one place for a tag, so those known are tried.
    """
    known = (
        past
        for past in item.past
        if _stands(source, content, item.choice._replace(tag=past.tag, digest=past.digest))
    )
    return next(known, None) or present(source.target, content, item.choice)


def _stands(source: SourceEdit, content: bytes | None, choice: Choice) -> bool:
    """Tell whether a file has an image as it is chosen: to write it changes nothing."""
    if content is None:
        return False
    return edited(source.target, content, Wanted(source.instance, (choice,))) == content
