"""Text for what a YAML document has not yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.flow import flow, word
from cmp.core.yaml_change import Fields, Items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cmp.core.yaml_change import Change, Value


def field_lines(fields: Mapping[str, Change], column: int) -> Iterator[str]:
    """Yield the lines of fields that begin at a column; a list has no indentation of its own."""
    indent = " " * column
    for name, change in fields.items():
        if isinstance(change, Fields):
            yield f"{indent}{word(name)}:"
            yield from field_lines(change.put, column + 2)
        elif isinstance(change, Items):
            yield f"{indent}{word(name)}:"
            yield from item_lines(change.more, column)
        else:
            yield f"{indent}{word(name)}: {_value(change)}"


def item_lines(items: Iterable[Change], column: int) -> Iterator[str]:
    """Yield the lines of items whose dashes stand at a column."""
    indent = " " * column
    for item in items:
        if isinstance(item, Fields):
            first, *others = field_lines(item.put, column + 2)
            yield f"{indent}- {first.lstrip(' ')}"
            yield from others
        else:
            yield f"{indent}- {inline(item) if isinstance(item, Items) else _value(item)}"


def inline(change: Change, *, is_json: bool = False) -> str:
    """Return a change as it stands within brackets."""
    if isinstance(change, Fields):
        return f"{{{', '.join(inline_fields(change.put, is_json=is_json))}}}"
    if isinstance(change, Items):
        return f"[{', '.join(inline(item, is_json=is_json) for item in change.more)}]"
    # Old parsers end a word at a colon there.
    needs_quotes = isinstance(change, str) and (is_json or ":" in change)
    return flow(change) if needs_quotes else _value(change)


def inline_fields(fields: Mapping[str, Change], *, is_json: bool) -> Iterator[str]:
    """Yield fields as they stand within braces."""
    for name, change in fields.items():
        yield f"{inline(name, is_json=is_json)}: {inline(change, is_json=is_json)}"


def _value(value: Value) -> str:
    return word(value) if isinstance(value, str) else flow(value)
