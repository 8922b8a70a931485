"""Images in a source's ``kustomize.images``, each a text as of ``kustomize edit set image``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.image import Repository, reference_suffix, split_tag
from cmp.core.injection import kustomize_setting
from cmp.errors import InvalidImage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cmp.core.injection import Choice


def placed(
    listed: Sequence[str], choices: Iterable[Choice]
) -> tuple[dict[int, str], tuple[str, ...]]:
    """Return which of the ``listed`` are another, by number, and what comes after them."""
    put: dict[int, str] = {}
    more: list[str] = []
    for choice in choices:
        setting = kustomize_setting(choice)
        suffix = reference_suffix(setting.tag, setting.digest)
        new_name = f"{setting.name}={setting.new_name}" if setting.new_name else setting.name
        there = [n for n, one in enumerate(listed) if _same(_name(one), setting.name)]
        # One of the image, set before it had a name in the manifests.
        there = there or [
            n for n, one in enumerate(listed) if one and _same(_name(one), setting.new_name)
        ]
        for number in there if suffix else ():
            put[number] = new_name + suffix
        if not there:
            more.append(new_name + suffix)
    return put, tuple(more)


def _name(image: str) -> str:
    """Return the name in the manifests that an image is for (kustomize, setimage.go)."""
    name, equals, _ = image.partition("=")
    return name if equals else split_tag(image.partition("@")[0])[0]


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return Repository.parse(one) == Repository.parse(other)
    except InvalidImage:
        return False
