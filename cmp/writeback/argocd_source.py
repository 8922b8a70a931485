"""``.argocd-source-<app>.yaml``: what Argo CD merges into a source before it renders it.

It reads fields in any case of letters, and lists as a whole (argo-cd, repository.go
mergeSourceParameters). New ones are written as argocd-image-updater does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.yaml_change import UNCHANGED, Fields, Items
from cmp.core.yaml_tree import Mapping, Scalar, field, fields, items, resolved
from cmp.writeback.helm_parameters import parameters
from cmp.writeback.kustomize_images import placed

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
    put, more = placed(listed, wanted.choices)
    return _in_section("kustomize", "images", Items(put, more))


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
