"""The edits by which a source has another section, one more, or one less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.conversion.lines import indentation
from cmp.core.conversion.values import block_lines, inline_text
from cmp.core.flow import flow
from cmp.core.splice import Edit
from cmp.core.yaml_places import field_removal
from cmp.core.yaml_tree import Scalar

if TYPE_CHECKING:
    from cmp.core.conversion.lines import Field, Written
    from cmp.core.json_values import Json
    from cmp.core.yaml_places import Places
    from cmp.core.yaml_tree import Mapping, Node


def moved_section(written: Written, source: Mapping, field: Field, lines: list[str]) -> Edit:
    """Return the edit that has these lines in place of a field and the comments below it."""
    places = written.places
    _, end = written.tail(places.end(field.value), places.field_column(source))
    return Edit(field.key.start, end, places.newline.join(lines))


def new_section(
    places: Places, source: Mapping, field: Field, name: str, value: dict[str, Json]
) -> Edit:
    """Return the edit that has a section, written anew, in place of a field."""
    end = max(places.end(field.value), field.key.end)
    if source.is_flow:
        return Edit(field.key.start, end, _inline(places, source, field.key, name, value))
    lines = block_lines(name, value, places.field_column(source))
    return Edit(field.key.start, end, places.newline.join(lines))


def added_section(places: Places, source: Mapping, name: str, value: dict[str, Json]) -> Edit:
    """Return the edit that adds a section at a source's end."""
    if not source.is_flow:
        column = places.field_column(source)
        end = places.line_end(places.end(source))
        first, *others = block_lines(name, value, column)
        return Edit(end, end, places.newline.join(["", f"{' ' * column}{first}", *others]))
    key, last = source.pairs[-1]
    begin = places.text[places.line_start(places.start(key)) : places.start(key)]
    between = " " if begin.strip() else f"{places.newline}{begin}"
    end = places.end(last)
    return Edit(end, end, f",{between}{_inline(places, source, key, name, value)}")


def removed_section(places: Places, source: Mapping, field: Field) -> Edit:
    """Return the edit that takes a field out, as if it had been added by `added_section`."""
    number = next(n for n, (key, _) in enumerate(source.pairs) if key is field.key)
    line = places.line_start(field.key.start)
    if source.is_flow or places.text[line : field.key.start].strip():
        return field_removal(places, source, number)
    return Edit(line - len(places.newline), places.line_end(places.end(field.value)), "")


def _inline(places: Places, source: Mapping, key: Node, name: str, value: dict[str, Json]) -> str:
    """Return a field within braces, in the way of another that stands there."""
    is_json = isinstance(key, Scalar) and key.style == '"'
    column = places.column(places.start(key))
    is_alone = not places.text[places.start(key) - column : places.start(key)].strip()
    closing = places.text[places.line_start(source.span[1]) : source.span[1]]
    step = max(column - indentation(closing), 0) if is_alone else 0
    text = inline_text(value, is_json=is_json, step=step, column=column)
    return f"{flow(name) if is_json else name}: {text}".replace("\n", places.newline)
