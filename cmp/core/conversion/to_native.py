"""The lines of a plugin, as the lines of the native section that it replaced.

The other way round of cmp.core.conversion.to_plugin: what that wrote becomes what it was.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.conversion.lines import Field, Unlike, comment_only, moved
from cmp.core.conversion.options import OPTIONS, Kind
from cmp.core.yaml_tree import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmp.core.conversion.lines import Item, Written
    from cmp.core.conversion.options import Option
    from cmp.core.yaml_tree import Node

_BLOCKS = ("|", ">")
_HEADER = re.compile(r"[ \t]*[|>][0-9+-]*")
_NUMBER = re.compile(r"""(["'])([0-9]+)\1""")
_BOOLEANS = ("true", "false")
_QUOTED_BOOLEAN = re.compile(r"""(["'])(true|false)\1""")


class _Parameter(NamedTuple):
    """One parameter that stands for a native option."""

    option: Option
    value: Node
    """Its string, array or map."""
    rest: list[str]
    """The lines after its key's colon; all but the first as if the key stood at the margin."""
    begins: int
    """Where its key ends."""
    before: list[str]
    """Comments and blank lines."""


class ToNative(NamedTuple):
    """The native section in place of one plugin."""

    written: Written
    column: int
    """Of the plugin's key, and of the section's."""
    compose: Callable[[str], Node | None]

    def lines(self, field: Field) -> list[str]:
        """Return the section's lines, the first without the space before it.

        Nothing where the plugin has no native option. Raises `Unlike` for a plugin that is not
        written line by line.
        """
        plugin = field.value
        if not isinstance(plugin, Mapping) or plugin.is_flow:
            raise Unlike
        places = self.written.places
        inner = places.field_column(plugin)
        parts = {part.key.value: part for part in self.written.fields(plugin, field.key.end)}
        listed = parts.get("parameters")
        given = [] if listed is None else self._parameters(listed)
        if listed is None or not given:
            return []
        dash = places.dash_column(_sequence(listed.value)) - inner
        body = list(self._said(parts, inner))
        done: set[str] = set()
        for parameter in given:
            body += moved(parameter.before, -dash)
            body += self._option(
                parameter, inner, dash, is_first=parameter.option.field not in done
            )
            done.add(parameter.option.field)
        below, _ = self.written.tail(places.end(plugin), self.column)
        head, *_ = self.written.after_key(field)
        section = given[0].option.section
        return [f"{section}:{head.rstrip()}", *body, *moved(below, -dash - 2)]

    def _said(self, parts: dict[str, Field], inner: int) -> Iterator[str]:
        """Yield the comments of the plugin's name and list of parameters."""
        for name in ("name", "parameters"):
            part = parts[name]
            yield from part.before
            first = self.written.after_key(part)[0]
            if "#" in first:
                yield f"{' ' * inner}{first[first.index('#') :]}"

    def _parameters(self, listed: Field) -> list[_Parameter]:
        found = []
        for item in self.written.items(_sequence(listed.value), listed.key.end):
            parameter = self._parameter(item)
            if parameter is not None:
                found.append(parameter)
        fields = [parameter.option.field for parameter in found]
        # Two of them may be one native field: they have to stand together.
        return sorted(found, key=lambda parameter: fields.index(parameter.option.field))

    def _parameter(self, item: Item) -> _Parameter | None:
        if not isinstance(item.value, Mapping):
            raise Unlike
        places = self.written.places
        parts = self.written.fields(item.value, places.start(item.value))
        names = [part.value for part in parts if part.key.value == "name"]
        if len(names) != 1 or not isinstance(names[0], Scalar):
            raise Unlike
        option = OPTIONS.get(names[0].value)
        if option is None:
            return None
        others = [part for part in parts if part.key.value != "name"]
        if len(others) != 1 or others[0].key.value != option.kind.collection:
            raise Unlike
        (field,) = others
        if item.value.is_flow:
            rest, kept = (
                [f" {places.text[places.start(field.value) : places.end(field.value)]}"],
                (0, 0),
            )
            if "\n" in rest[0]:
                raise Unlike
        else:
            rest = self.written.after_key(field)
            kept = (field.key.end, places.line_end(places.end(field.value)))
        indent = " " * (places.column(places.start(item.value)) - 2)
        said = [f"{indent}{line}" for line in self.written.said(item.value, kept)]
        return _Parameter(option, field.value, rest, field.key.end, [*item.before, *said])

    def _option(
        self, parameter: _Parameter, inner: int, dash: int, *, is_first: bool
    ) -> Iterator[str]:
        option, rest = parameter.option, parameter.rest
        indent = " " * inner
        if option.kind is Kind.PAIRS:
            items = [line for item in self._items(parameter) for line in moved(item, inner + dash)]
            after = self._after(parameter)
            if is_first:
                yield f"{indent}{option.field}:{'' if items else ' []'}{after}"
            elif after:
                yield f"{indent}{after.strip()}"
            yield from items
        elif option.kind is Kind.YAML:
            yield from self._yaml(parameter, inner, dash)
        elif option.kind is Kind.TRUTH:
            yield f"{indent}{option.field}:{_truth(parameter)}"
        else:
            yield f"{indent}{option.field}:{rest[0]}"
            yield from moved(rest[1:], inner)

    def _after(self, parameter: _Parameter) -> str:
        """Return the comment beside a map."""
        value = parameter.value
        if not isinstance(value, Mapping) or not value.is_flow:
            return comment_only(parameter.rest[0])
        written = self.written.places.text[value.span[0] : value.span[1]]
        return comment_only(parameter.rest[-1].rpartition(written)[2])

    def _items(self, parameter: _Parameter) -> Iterator[list[str]]:
        """Yield the lines of each name and value, as if their dash stood at the margin."""
        if not isinstance(parameter.value, Mapping):
            raise Unlike
        option, listed = parameter.option, parameter.value
        text, places = self.written.places.text, self.written.places
        for pair in self.written.fields(listed, parameter.begins):
            rest = [f" {text[places.start(pair.value) : places.end(pair.value)]}"]
            if not listed.is_flow:
                rest = self.written.after_key(pair)
            elif "\n" in rest[0]:
                raise Unlike
            first, *others = rest
            if option.field == "replicas":
                first = _NUMBER.sub(r"\2", first, count=1)
            yield [
                *(line.strip() for line in pair.before),
                f"- name: {text[pair.key.start : pair.key.end]}",
                f"  {option.item}:{first}",
                *moved(others, 2),
                *(["  forceString: true"] if option.is_forced else []),
            ]

    def _yaml(self, parameter: _Parameter, inner: int, dash: int) -> Iterator[str]:
        """Yield the option whose YAML a text is, as it stands there."""
        text, rest, option = parameter.value, parameter.rest, parameter.option
        root = self.compose(text.value) if isinstance(text, Scalar) else None
        if not isinstance(text, Scalar) or not isinstance(root, Mapping | Sequence):
            raise Unlike
        head, offset = "", 2
        if text.style in _BLOCKS:
            head = comment_only(_HEADER.sub("", rest[0], count=1))
            begins = [len(line) - len(line.lstrip()) for line in rest[1:] if line.strip()]
            offset = min(begins)
        lines = text.value.rstrip("\n").split("\n")
        if root.is_flow:
            yield f"{' ' * inner}{option.field}: {lines[0]}{head}"
            yield from moved(lines[1:], inner)
            return
        if isinstance(root, Sequence):
            offset = dash
        yield f"{' ' * inner}{option.field}:{head}"
        yield from moved(lines, inner + offset)


def _truth(parameter: _Parameter) -> str:
    if not isinstance(parameter.value, Scalar) or parameter.value.value not in _BOOLEANS:
        raise Unlike
    return _QUOTED_BOOLEAN.sub(r"\2", parameter.rest[0], count=1)


def _sequence(node: Node) -> Sequence:
    if not isinstance(node, Sequence) or node.is_flow:
        raise Unlike
    return node
