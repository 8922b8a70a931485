"""A plugin or a native section written anew, where a person's own lines cannot be moved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cmp.core.application import PLUGIN
from cmp.core.conversion.options import OPTIONS, Kind, Option
from cmp.core.flow import flow
from cmp.core.json_values import json_value
from cmp.core.yaml_change import Fields, Items
from cmp.core.yaml_new import field_lines, inline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cmp.core.json_values import Json
    from cmp.core.parameters import Value
    from cmp.core.yaml_change import Change
    from cmp.core.yaml_tree import Node


def plugin_value(options: Mapping[str, Value]) -> dict[str, Json]:
    """Return the plugin that has these options."""
    parameters: list[Json] = [
        {"name": name, OPTIONS[name].kind.collection: _json(value)}
        for name, value in options.items()
    ]
    return {"name": PLUGIN, **({"parameters": parameters} if parameters else {})}


def native_value(
    options: Mapping[str, Value], compose: Callable[[str], Node | None]
) -> dict[str, Json]:
    """Return the section that has these options."""
    section: dict[str, Json] = {}
    for name, value in options.items():
        option = OPTIONS[name]
        if option.kind is Kind.PAIRS and not isinstance(value, str | tuple):
            listed = section.setdefault(option.field, [])
            if isinstance(listed, list):
                listed += [_pair(option, one, text) for one, text in value.items()]
        elif option.kind is Kind.YAML and isinstance(value, str):
            root = compose(value)
            section[option.field] = None if root is None else json_value(root)
        else:
            section[option.field] = value == "true" if option.kind is Kind.TRUTH else _json(value)
    return section


def block_lines(name: str, value: Mapping[str, Json], column: int) -> list[str]:
    """Return the lines of a field; the first is without the space before it."""
    lines = [f"{name}:"]
    for field, one in value.items():
        change = _change(one)
        if change is None:
            lines.append(f"{' ' * (column + 2)}{field}: {flow(one)}")
        else:
            lines += field_lines({field: change}, column + 2)
    return lines


def inline_text(value: dict[str, Json], *, is_json: bool, step: int, column: int) -> str:
    """Return a value as it stands within braces; with a ``step`` as indented JSON."""
    if step and is_json:
        lines = json.dumps(value, indent=step, allow_nan=False).split("\n")
        return f"\n{' ' * column}".join(lines)
    change = None if is_json else _change(value)
    return flow(value) if change is None else inline(change)


def _pair(option: Option, name: str, text: str) -> dict[str, Json]:
    is_count = option.item == "count" and text.isascii() and text.isdigit()
    pair: dict[str, Json] = {"name": name, option.item: int(text) if is_count else text}
    return pair | ({"forceString": True} if option.is_forced else {})


def _json(value: Value) -> Json:
    if isinstance(value, str):
        return value
    return list(value) if isinstance(value, tuple) else dict(value)


def _change(value: Json) -> Change | None:
    """Return a value as what is added to a document; None for one that is written in one line."""
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, list) and value:
        items = [_change(one) for one in value]
        found = tuple(one for one in items if one is not None)
        return Items({}, found) if len(found) == len(items) else None
    if isinstance(value, dict) and value:
        fields = {name: _change(one) for name, one in value.items()}
        known = {name: one for name, one in fields.items() if one is not None}
        return Fields(known) if len(known) == len(fields) else None
    return None
