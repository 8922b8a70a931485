"""What a source asks of a renderer, however it is written: what a conversion must not change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cmp.core.application import parse_application
from cmp.core.conversion.options import OPTIONS, SECTIONS, Kind
from cmp.core.conversion.reasons import is_ours
from cmp.core.json_values import json_value
from cmp.errors import InvalidApplication

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmp.core.json_values import Json
    from cmp.core.parameters import Value
    from cmp.core.yaml_tree import Node

_NO_VALUES: tuple[Value, ...] = ("", "false", (), {})


def options_of(source: dict[str, Json]) -> dict[str, Value]:
    """Return the native options of a source, as parameters, but for those without effect.

    Raises `InvalidApplication`.
    """
    manifest = {"metadata": {"name": "a"}, "spec": {"source": source}}
    (read,) = parse_application(manifest).sources
    return {
        name: value
        for name, value in read.parameters.items()
        if name in OPTIONS and value not in _NO_VALUES
    }


def policy_of(source: dict[str, Json]) -> dict[str, str]:
    """Return the policy keys among the parameters of a source of our plugin.

    Raises `InvalidApplication`.
    """
    manifest = {"metadata": {"name": "a"}, "spec": {"source": source}}
    (read,) = parse_application(manifest).sources
    policy: dict[str, str] = {}
    for name, value in read.parameters.items():
        if name in OPTIONS:
            continue
        if not isinstance(value, str):
            raise InvalidApplication("give it as string", where=f"parameter {name}")
        policy[name] = value
    return policy


def meaning(source: dict[str, Json], compose: Callable[[str], Node | None]) -> str:
    """Return a text that is equal for sources that render the same."""
    options: dict[str, object] = {}
    for name, value in options_of(source).items():
        options[name] = value
        if OPTIONS[name].kind is Kind.YAML and isinstance(value, str):
            root = compose(value)
            options[name] = None if root is None else json_value(root)
    plugin = source.get("plugin") if not is_ours(source) else None
    others = {n: v for n, v in source.items() if n not in (*SECTIONS, "plugin")}
    return json.dumps([others, plugin, options], sort_keys=True)
