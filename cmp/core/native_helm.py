"""A native source's helm section as the plugin parameters that replace it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmp.core.parameters import as_json
from cmp.errors import InvalidApplication

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmp.core.parameters import Value

_LISTS = {"parameters": "value", "fileParameters": "path"}


def native_helm(helm: Mapping[str, Any]) -> dict[str, Value]:
    """Return parameters for the options of ``helm`` that are objects; the others are not here."""
    parameters: dict[str, Value] = {}
    for field, content in _LISTS.items():
        listed = helm.get(field) or []
        for item in listed if isinstance(listed, list) else [listed]:
            if not isinstance(item, dict):
                raise InvalidApplication("not a mapping", where=f"spec.source.helm.{field}")
            kind = "forceStringParameters" if item.get("forceString") else field
            name, value = item.get("name") or "", item.get(content) or ""
            if not isinstance(name, str) or not isinstance(value, str):
                raise InvalidApplication(
                    f"{name!r} and {value!r} are not both text; put them in quotes",
                    where=f"spec.source.helm.{field}",
                )
            parameters[f"helm.{kind}"] = {**_map(parameters, f"helm.{kind}"), name: value}
    if helm.get("valuesObject") is not None:
        parameters["helm.valuesObject"] = as_json(
            helm["valuesObject"], "spec.source.helm.valuesObject"
        )
    return parameters


OBJECTS = frozenset({f"helm.{field}" for field in (*_LISTS, "valuesObject")})
"""The options `native_helm` reads."""


def _map(parameters: Mapping[str, Value], name: str) -> Mapping[str, str]:
    value = parameters.get(name, {})
    return {} if isinstance(value, str | tuple) else value
