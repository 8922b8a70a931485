"""The Applications and ApplicationSets of a document, and the sources that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.core.json_values import json_value
from cmp.core.yaml_change import Fields, Items
from cmp.core.yaml_tree import Mapping, field, items
from cmp.errors import InvalidApplication

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmp.core.json_values import Json
    from cmp.core.yaml_change import Change
    from cmp.core.yaml_tree import Node

ARGO = "argoproj.io/"
Path = tuple[str | int, ...]
"""Fields by name and items by number, from the document's top."""


class SourcePlace(NamedTuple):
    """One source: where it stands, and what it is."""

    node: Node
    value: dict[str, Json]


class Owner(NamedTuple):
    """An Application, or an ApplicationSet with its template."""

    kind: str
    node: Mapping
    value: dict[str, Json]
    path: Path
    """Of itself."""

    @property
    def template(self) -> dict[str, Json]:
        """The manifest that has metadata and spec of an Application."""
        return _dict(_dict(self.value.get("spec")).get("template")) if self.is_set else self.value

    @property
    def template_path(self) -> Path:
        """Where the `template` stands."""
        return (*self.path, "spec", "template") if self.is_set else self.path

    @property
    def is_set(self) -> bool:
        """Whether it makes Applications, rather than being one."""
        return self.kind == "ApplicationSet"

    @property
    def spec(self) -> dict[str, Json]:
        """An Application's spec."""
        return _dict(self.template.get("spec"))

    @property
    def is_multiple(self) -> bool:
        """Whether ``sources`` count, in which case ``source`` does not."""
        return bool(self.spec.get("sources"))

    @property
    def sources(self) -> list[SourcePlace]:
        """All sources that render, and those that others refer to."""
        node: Node | None = self.node
        for name in self.template_path[len(self.path) :]:
            node = field(node, str(name))
        node = field(node, "spec")
        if self.is_multiple:
            listed = self.spec["sources"]
            nodes, values = (
                items(field(node, "sources")),
                listed if isinstance(listed, list) else [],
            )
        else:
            one = field(node, "source")
            nodes, values = [] if one is None else [one], [self.spec.get("source")]
        return [
            SourcePlace(n, v) for n, v in zip(nodes, values, strict=False) if isinstance(v, dict)
        ]

    def __str__(self) -> str:
        metadata = _dict(self.value.get("metadata"))
        name, namespace = metadata.get("name"), metadata.get("namespace")
        return f"{self.kind} {namespace}/{name}" if namespace else f"{self.kind} {name}"


def owners(root: Node) -> Iterator[Owner]:
    """Yield the Applications and ApplicationSets of a document, those in a List too."""
    for path, node, value in manifests(root):
        kind = value.get("kind")
        if kind in ("Application", "ApplicationSet") and is_of(value, ARGO):
            yield Owner(str(kind), node, value, path)


def manifests(root: Node) -> Iterator[tuple[Path, Mapping, dict[str, Json]]]:
    """Yield what a document has: where each manifest stands, and what it says."""
    listed = items(field(root, "items")) if isinstance(root, Mapping) else []
    places: list[tuple[Path, Node]] = [(("items", n), node) for n, node in enumerate(listed)]
    for path, node in places or [((), root)]:
        if isinstance(node, Mapping):
            yield path, node, _value(node)


def at(path: Path, change: Change) -> Change:
    """Return a change of what stands at a path as one of the whole document."""
    for part in reversed(path):
        change = Fields({part: change}) if isinstance(part, str) else Items({part: change})
    return change


def is_of(manifest: dict[str, Json], group: str) -> bool:
    """Tell whether a manifest is of an API group, in any version."""
    return str(manifest.get("apiVersion", "")).startswith(group)


def _value(node: Mapping) -> dict[str, Json]:
    try:
        return _dict(json_value(node))
    except (ValueError, RecursionError) as error:
        raise InvalidApplication(str(error)) from None


def _dict(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
