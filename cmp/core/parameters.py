"""Plugin parameters, as an Application's source holds them and Argo CD passes them on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cmp.errors import InvalidApplication

if TYPE_CHECKING:
    from typing import Any

Value = str | tuple[str, ...] | Mapping[str, str]
"""Of a plugin parameter: string, array or map."""


def parse_parameters(items: Any) -> dict[str, Value]:
    """Read plugin parameters as Argo CD writes them; raise `InvalidApplication`.

    Each has a name and one of string, array and map (argo-cd, types.go
    ApplicationSourcePluginParameter). The last of equal names wins.
    """
    if items is None:
        return {}
    if not isinstance(items, list):
        raise InvalidApplication("not a list of parameters", where="plugin.parameters")
    parameters: dict[str, Value] = {}
    for item in items:
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str) or not name:
            raise InvalidApplication("a parameter has no name", where="plugin.parameters")
        parameters[name] = _value(item, name)
    return parameters


def _value(item: Mapping[str, Any], name: str) -> Value:
    given = [item[kind] for kind in ("string", "array", "map") if item.get(kind) is not None]
    # Argo CD may send empty ones beside the one that is meant.
    values = [value for value in given if value] or given[:1]
    if len(values) > 1:
        raise InvalidApplication(
            "give one of string, array and map, not several", where=f"parameter {name}"
        )
    value = values[0] if values else ""
    if isinstance(value, str):
        strings = [value]
    elif isinstance(value, list):
        strings = value
    else:
        strings = [*value, *value.values()] if isinstance(value, dict) else [value]
    if not all(isinstance(element, str) for element in strings):
        raise InvalidApplication("its values are not all strings", where=f"parameter {name}")
    if any("\0" in element for element in strings):
        raise InvalidApplication("holds a NUL character", where=f"parameter {name}")
    if any(not element.isascii() and _has_surrogate(element) for element in strings):
        raise InvalidApplication("holds half of a character", where=f"parameter {name}")
    return tuple(value) if isinstance(value, list) else value


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


# To YAML these end a line, are no character of a text, or mark its encoding (YAML 1.1, 5.1).
_ESCAPED = {
    code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF)
}


def as_json(value: object, where: str) -> str:
    """Return JSON, which is YAML that nobody reads in another way."""
    import json

    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False).translate(_ESCAPED)
    except (TypeError, ValueError) as error:
        raise InvalidApplication(f"{error}; put it in quotes", where=where) from None
