"""The chosen images in what was rendered: only documents that name one are parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.injection import is_set_by
from cmp.core.placing import Found, Wanted, find, notes
from cmp.core.splice import spliced
from cmp.errors import InvalidSource, RenderRefused
from cmp.renderers.rendered import parts, tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cmp.core.injection import Choice


def placed(kind: str, choices: Iterable[Choice]) -> tuple[Wanted, ...]:
    """Return which choices are set in the text that a renderer gives, and where."""
    return tuple(
        Wanted(choice, kind == "directory" and is_set_by(kind, choice))
        for choice in choices
        if kind == "directory" or choice.image.target.manifest_paths
    )


def with_images(output: bytes, wanted: tuple[Wanted, ...]) -> tuple[bytes, list[str]]:
    """Return ``output`` with the images set, and what their owner should hear.

    Raises `InvalidSource` for an image that cannot be set, `RenderRefused` for what is no YAML.
    """
    names = [name.encode() for one in wanted for name in _names(one)]
    found, changed = Found(), []
    for part in parts(output):
        if any(name in part for name in names):
            with_them, here = _with_images(part, wanted)
            changed.append(with_them)
            found = found.joined(here)
        else:
            changed.append(part)
    return b"".join(changed), list(notes(wanted, found))


def _names(wanted: Wanted) -> Iterator[str]:
    """Yield what stands in every document that matters."""
    image = wanted.choice.image
    yield (image.target.kustomize_name or image.repository.path).rpartition("/")[2]
    yield from (path.kind for path in wanted.paths)


def _with_images(document: bytes, wanted: tuple[Wanted, ...]) -> tuple[bytes, Found]:
    text, root = tree(document)
    if root is None:
        return document, Found()
    try:
        found = find(root, text, wanted)
    except ValueError as error:
        raise RenderRefused(f"what was rendered is not YAML: {error}") from None
    except RecursionError:
        raise InvalidSource("a manifest is nested too deeply to set images in it") from None
    mark = document[: len(document) - len(text.encode())]
    return mark + spliced(text, found.edits).encode(), found
