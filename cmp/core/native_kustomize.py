"""A native source's kustomize section as the plugin parameters that replace it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmp.core.parameters import as_json
from cmp.errors import InvalidApplication

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmp.core.parameters import Value

_MAPS = ("commonLabels", "commonAnnotations")


def native_kustomize(kustomize: Mapping[str, Any]) -> dict[str, Value]:
    """Return parameters for the options that are neither text nor lists of it."""
    parameters: dict[str, Value] = {
        f"kustomize.{name}": "true" for name, value in kustomize.items() if value is True
    }
    for name in _MAPS:
        if kustomize.get(name):
            parameters[f"kustomize.{name}"] = _texts(kustomize[name], name)
    if kustomize.get("replicas"):
        parameters["kustomize.replicas"] = _replicas(kustomize["replicas"])
    if kustomize.get("patches"):
        parameters["kustomize.patches"] = as_json(
            kustomize["patches"], "spec.source.kustomize.patches"
        )
    return parameters


def _texts(value: object, name: str) -> dict[str, str]:
    if isinstance(value, dict) and all(isinstance(v, str) for v in value.values()):
        return {str(key): text for key, text in value.items()}
    raise InvalidApplication(
        f"{value!r} is no mapping of texts; put its values in quotes",
        where=f"spec.source.kustomize.{name}",
    )


def _replicas(items: object) -> dict[str, str]:
    where = "spec.source.kustomize.replicas"
    replicas = {}
    for item in items if isinstance(items, list) else [items]:
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            raise InvalidApplication("not a list of name and count", where=where)
        replicas[item["name"]] = str(item.get("count", 0))
    return replicas
