"""Where images stand in Kubernetes manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.core.go_scalars import plain_value
from cmp.core.yaml_tree import Mapping, Scalar, Sequence, field, items, resolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cmp.core.yaml_tree import Node

    Steps = tuple[str, ...]

_TEMPLATE = ("spec", "template", "spec")
# Where the PodSpec is in each kind that has one, by its group.
_POD_SPECS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): ("spec",),
    ("", "PodTemplate"): ("template", "spec"),
    ("", "ReplicationController"): _TEMPLATE,
    ("apps", "DaemonSet"): _TEMPLATE,
    ("apps", "Deployment"): _TEMPLATE,
    ("apps", "ReplicaSet"): _TEMPLATE,
    ("apps", "StatefulSet"): _TEMPLATE,
    ("argoproj.io", "Rollout"): _TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", *_TEMPLATE),
    ("batch", "Job"): _TEMPLATE,
}
# In a PodSpec: a list, and where in each of its items (k8s.io/api, core/v1 types.go).
_IMAGES = (
    ("containers", ("image",)),
    ("initContainers", ("image",)),
    ("ephemeralContainers", ("image",)),
    ("volumes", ("image", "reference")),
)
ANY = "*"
"""In a pointer: every item of a list."""


class Resource(NamedTuple):
    """One Kubernetes object."""

    group: str
    kind: str
    name: str
    node: Node

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".rstrip()


def resources(root: Node) -> Iterator[Resource]:
    """Yield the objects of a document: those of a List, or itself.

    Argo CD takes whatever has a list of items for a List (unstructured.IsList).
    """
    listed = field(root, "items")
    is_list = listed is not None and isinstance(resolved(listed), Sequence)
    for node in items(listed) if is_list else (root,):
        if isinstance(resolved(node), Mapping):
            group, slash, _ = _text(field(node, "apiVersion")).partition("/")
            name = _text(field(field(node, "metadata"), "name"))
            yield Resource(group if slash else "", _text(field(node, "kind")), name, node)


def pod_images(resource: Resource) -> Iterator[tuple[Steps, Node]]:
    """Yield the images of a resource that has a PodSpec, and the steps to each."""
    path = _POD_SPECS.get((resource.group, resource.kind))
    if path is not None:
        for name, image in _IMAGES:
            yield from at(resource.node, (*path, name, ANY, *image))


def at(node: Node, pointer: Steps, before: Steps = ()) -> Iterator[tuple[Steps, Node]]:
    """Yield what a pointer leads to, and the steps taken.

    That is nothing where it leads nowhere, and may be several after ``*``.
    """
    if not pointer:
        yield before, node
        return
    step, rest = pointer[0], pointer[1:]
    inner = resolved(node)
    if isinstance(inner, Sequence):
        for number in _indices(step, len(inner.items)):
            yield from at(inner.items[number], rest, (*before, str(number)))
    elif (value := field(inner, step)) is not None:
        yield from at(value, rest, (*before, step))


def _indices(step: str, length: int) -> Iterable[int]:
    """Return the items that a step stands for: a number as in RFC 6901, or all of them."""
    if step == ANY:
        return range(length)
    return (number for number in range(length) if str(number) == step)


def _text(node: Node | None) -> str:
    scalar = resolved(node) if node is not None else None
    if not isinstance(scalar, Scalar):
        return ""
    value = plain_value(scalar)
    return value if isinstance(value, str) else ""
