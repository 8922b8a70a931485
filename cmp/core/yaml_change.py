"""What is to become of a YAML document: only what differs, by field and number.

One value says what to edit (cmp.core.yaml_edits) and what the result has to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmp.core.json_values import Json


class Fields(NamedTuple):
    """Of a mapping: fields that are to be so, and those that are to go."""

    put: Mapping[str, Change]
    gone: frozenset[str] = frozenset()


class Items(NamedTuple):
    """Of a list: items that are to be so, by number, and more at its end."""

    put: Mapping[int, Change]
    more: tuple[Change, ...] = ()


Value = str | bool | int
Change = Fields | Items | Value

UNCHANGED = Fields({})


class Contradiction(ValueError):
    """Two changes want different values at one place: the message is where."""


def applied(value: Json, change: Change) -> Json:
    """Return what a document's value is with the change; it has to fit the value."""
    if isinstance(change, Fields):
        kept = value if isinstance(value, dict) else {}
        fields = {name: one for name, one in kept.items() if name not in change.gone}
        return fields | {name: applied(fields.get(name), one) for name, one in change.put.items()}
    if isinstance(change, Items):
        items = list(value) if isinstance(value, list) else []
        for number, one in change.put.items():
            items[number] = applied(items[number], one)
        return items + [applied(None, one) for one in change.more]
    return change


def joined(first: Change, second: Change, path: str = "") -> Change:
    """Return both changes as one; raise `Contradiction`."""
    if isinstance(first, Fields) and isinstance(second, Fields):
        put = dict(first.put)
        for name, one in second.put.items():
            where = f"{path}.{name}" if path else name
            put[name] = joined(put[name], one, where) if name in put else one
        return Fields(put, first.gone | second.gone)
    if isinstance(first, Items) and isinstance(second, Items):
        numbered = dict(first.put)
        for number, one in second.put.items():
            where = f"{path}[{number}]"
            numbered[number] = joined(numbered[number], one, where) if number in numbered else one
        return Items(numbered, first.more + second.more)
    if first == second and type(first) is type(second):
        return first
    raise Contradiction(path)
