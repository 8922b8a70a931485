"""Images in the files of a Git repository: each target is a file here and a line of the table.

A target says what is to become of a file's document; that it does, and nothing else does, is
shown in `cmp.writeback.changed`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.write_back_target import (
    ARGOCD_HELM,
    ARGOCD_KUSTOMIZE,
    HELM_VALUES,
    IMAGE_LOCK_FILE,
    KUSTOMIZATION,
)
from cmp.errors import InvalidInput, InvalidSource
from cmp.writeback.changed import changed, composed

if TYPE_CHECKING:
    from cmp.core.injection import Choice
    from cmp.core.lock import Locked
    from cmp.core.write_back_target import WriteBackTarget

__all__ = ["TARGETS", "Wanted", "edited", "present"]


class Wanted(NamedTuple):
    """What is to stand in a file."""

    instance: str
    """Of the Application, as Argo CD calls it: `<name>`, or `<namespace>_<name>`."""
    choices: tuple[Choice, ...]
    """All of one source, in the order of its image-list."""


class _Target(NamedTuple):
    module: str
    change: str = "change"
    """A function of the document and what is wanted."""
    header: str = ""
    """A function for the text before a new file's document."""
    is_made: bool = True
    """Where there is no file, one is written."""
    present: str = ""
    """A function of the document and an image's alias: what it has for it, or None."""


TARGETS = {
    ARGOCD_HELM: _Target("cmp.writeback.argocd_source", "helm_change"),
    ARGOCD_KUSTOMIZE: _Target("cmp.writeback.argocd_source", "kustomize_change"),
    KUSTOMIZATION: _Target("cmp.writeback.kustomization", is_made=False),
    HELM_VALUES: _Target("cmp.writeback.helm_values", header="header"),
    IMAGE_LOCK_FILE: _Target("cmp.writeback.image_lock", header="header", present="present"),
}


def edited(target: WriteBackTarget, content: bytes | None, wanted: Wanted) -> bytes | None:
    """Return a file with the images in it: the same bytes where it has them.

    ``content`` is None where there is no file, and so is the result where none is needed. Raises
    `InvalidSource` for a file that cannot be edited, `InvalidPolicy` for what its owner asks for.
    """
    entry = TARGETS[target.kind]
    module = import_module(entry.module)
    if content is None and not entry.is_made:
        raise InvalidSource(
            "there is no such file; add one, or name its folder in write-back-target",
            where=" or ".join(target.files),
        )
    if not wanted.choices:
        return content
    try:
        text = _header(module, entry, wanted) if content is None else content.decode()
        return changed(text, lambda root: getattr(module, entry.change)(root, wanted)).encode()
    except UnicodeDecodeError:
        raise InvalidSource("not UTF-8; write it as UTF-8", where=target.files[0]) from None
    except InvalidInput as error:
        raise error.within(target.files[0]) from None


def present(target: WriteBackTarget, content: bytes, choice: Choice) -> Locked | None:
    """Return what a file says outright of an image, whatever it is; None where it does not.

    Raises `InvalidSource` for one that cannot be read.
    """
    entry = TARGETS[target.kind]
    if not entry.present:
        return None
    read = getattr(import_module(entry.module), entry.present)
    try:
        found: Locked | None = read(composed(content.decode()), choice.image.alias)
    except UnicodeDecodeError:
        raise InvalidSource("not UTF-8; write it as UTF-8", where=target.files[0]) from None
    except InvalidInput as error:
        raise error.within(target.files[0]) from None
    return found


def _header(module: object, entry: _Target, wanted: Wanted) -> str:
    return str(getattr(module, entry.header)(wanted)) if entry.header else ""
