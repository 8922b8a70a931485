"""``kustomization``: its images, as ``kustomize edit set image`` sets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.injection import kustomize_setting
from cmp.core.yaml_change import UNCHANGED, Fields, Items
from cmp.core.yaml_tree import Scalar, field, items, resolved
from cmp.errors import InvalidSource

if TYPE_CHECKING:
    from cmp.core.injection import KustomizeSetting
    from cmp.core.yaml_change import Change
    from cmp.core.yaml_tree import Node
    from cmp.writeback import Wanted


def change(root: Node | None, wanted: Wanted) -> Change:
    """Return the change of a kustomization; raise `InvalidSource` for an old form of it.

    An image is found by the name that the kustomization has for it, to the letter; a new name
    stays where the owner gives none (kustomize, setimage.go). The order stays too.
    """
    if field(root, "imageTags") is not None:
        raise InvalidSource("kustomize replaced imageTags by images; run kustomize edit fix")
    names = [_name(item) for item in items(field(root, "images"))]
    put: dict[int, Change] = {}
    more: list[Change] = []
    for setting in map(kustomize_setting, wanted.choices):
        there = [number for number, name in enumerate(names) if name == setting.name]
        for number in there:
            put[number] = _entry(setting)
        if not there:
            more.append(Fields({"name": setting.name, **_entry(setting).put}))
    return Fields({"images": Items(put, tuple(more))}) if put or more else UNCHANGED


def _entry(setting: KustomizeSetting) -> Fields:
    given = {"newName": setting.new_name, "newTag": setting.tag, "digest": setting.digest}
    gone = {name for name in ("newTag", "digest") if not given[name]}
    return Fields({name: value for name, value in given.items() if value}, frozenset(gone))


def _name(item: Node) -> str:
    node = field(item, "name")
    scalar = resolved(node) if node is not None else None
    return scalar.value if isinstance(scalar, Scalar) else ""
