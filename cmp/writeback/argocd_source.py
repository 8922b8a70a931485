"""``.argocd-source-<app>.yaml``: what Argo CD merges into a source before it renders it.

It reads fields in any case of letters, and lists as a whole (argo-cd, repository.go
mergeSourceParameters). New ones are written as argocd-image-updater does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.image import Repository, reference_suffix, split_tag
from cmp.core.injection import kustomize_setting
from cmp.core.yaml_change import UNCHANGED, Fields, Items
from cmp.core.yaml_tree import Mapping, Scalar, field, fields, items, resolved
from cmp.errors import InvalidImage
from cmp.writeback.helm_parameters import parameters

if TYPE_CHECKING:
    from cmp.core.yaml_change import Change
    from cmp.core.yaml_tree import Node
    from cmp.writeback import Wanted

_FORCE = "forcestring"


def helm_change(root: Node | None, wanted: Wanted) -> Change:
    """Return the change of ``helm.parameters``; raise `InvalidPolicy`."""
    listed = items(field(field(root, "helm"), "parameters"))
    names = [_text(field(item, "name")) for item in listed]
    put: dict[int, Change] = {}
    more: list[Change] = []
    for parameter in sorted(parameters(wanted.choices)):
        there = [number for number, name in enumerate(names) if name == parameter.name]
        for number in there:
            put[number] = Fields({"value": parameter.value, _force(listed[number]): True})
        if not there:
            more.append(Fields({"name": parameter.name, "value": parameter.value, _FORCE: True}))
    return _in_section("helm", "parameters", Items(put, tuple(more)))


def kustomize_change(root: Node | None, wanted: Wanted) -> Change:
    """Return the change of ``kustomize.images``."""
    listed = [_text(item) for item in items(field(field(root, "kustomize"), "images"))]
    put: dict[int, Change] = {}
    more: list[Change] = []
    for choice in wanted.choices:
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
    return _in_section("kustomize", "images", Items(put, tuple(more)))


def _in_section(section: str, name: str, change: Items) -> Change:
    return Fields({section: Fields({name: change})}) if change.put or change.more else UNCHANGED


def _force(item: Node) -> str:
    """Return how a parameter spells ``forceString``."""
    mapping = resolved(item)
    known = fields(mapping) if isinstance(mapping, Mapping) else {}
    return next((name for name in known if name.lower() == _FORCE), _FORCE)


def _text(node: Node | None) -> str:
    scalar = resolved(node) if node is not None else None
    return scalar.value if isinstance(scalar, Scalar) else ""


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
