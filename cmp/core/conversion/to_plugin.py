"""The lines of a native section, as the lines of the plugin that replaces it.

What a person wrote is moved, not written anew: quotes, order and comments stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.core.application import PLUGIN
from cmp.core.conversion.lines import Field, Unlike, comment_only, indentation, moved
from cmp.core.conversion.options import Kind, Option, forced, native_option
from cmp.core.flow import flow
from cmp.core.go_scalars import plain_value
from cmp.core.yaml_tree import Mapping, Scalar, Sequence, is_null

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmp.core.conversion.lines import Item, Written
    from cmp.core.yaml_tree import Node

_BLOCKS = ("|", ">")
_MOST_INDENTED = 9
"""What can be said of a block's indentation, in one digit."""


class _Pair(NamedTuple):
    """One name and value."""

    name: str
    """As it is written."""
    rest: list[str]
    """The lines after the value's colon; all but the first as if the key stood at the margin."""
    before: list[str]
    """Comments."""
    is_forced: bool


class ToPlugin(NamedTuple):
    """The plugin in place of one section."""

    written: Written
    section: str
    column: int
    """Of the section's key, and of the plugin's."""
    dash: int
    """How far the dashes of lists stand behind the key above them."""

    def lines(self, field: Field) -> list[str]:
        """Return the lines of the plugin, the first without the space before it.

        Raises `Unlike` for a section that is not written line by line.
        """
        section = field.value
        if not isinstance(section, Mapping) or section.is_flow:
            raise Unlike
        places = self.written.places
        inner = places.field_column(section)
        head, *_ = self.written.after_key(field)
        parameters = [
            line
            for part in self.written.fields(section, field.key.end)
            for line in self._parameter(part, inner)
        ]
        below, _ = self.written.tail(places.end(section), self.column)
        return [
            f"plugin:{head.rstrip()}",
            f"{' ' * inner}name: {PLUGIN}",
            *([f"{' ' * inner}parameters:"] if any(map(str.strip, parameters)) else []),
            *parameters,
            *moved(below, self.dash + 2),
        ]

    def _parameter(self, part: Field, inner: int) -> Iterator[str]:
        option = native_option(self.section, part.key.value)
        yield from moved(part.before, self.dash)
        if option is None or _is_nothing(option, part.value):
            return
        column = inner + self.dash + 2
        if option.kind is Kind.PAIRS:
            yield from self._pairs(option, part, column)
            return
        yield _name(option, column)
        rest = self.written.after_key(part)
        if option.kind is Kind.YAML:
            yield from _literal(part.value, rest, column)
        elif option.kind is Kind.TRUTH:
            yield self._truth(part.value, column)
        else:
            yield f"{' ' * column}{option.kind.collection}:{rest[0]}"
            yield from moved(rest[1:], column)

    def _truth(self, value: Node, column: int) -> str:
        if not isinstance(value, Scalar) or not isinstance(truth := plain_value(value), bool):
            raise Unlike
        text = self.written.places.text
        after = text[value.end : self.written.places.line_end(value.end)]
        return f"{' ' * column}string: {flow(str(truth).lower())}{after}"

    def _pairs(self, option: Option, part: Field, column: int) -> Iterator[str]:
        listed = part.value
        if not isinstance(listed, Sequence):
            raise Unlike
        pairs = [self._pair(item, option) for item in self.written.items(listed, part.key.end)]
        # Of equal names the last has its say, natively too.
        latest = {(pair.is_forced, pair.name): pair for pair in pairs}.values()
        after = self._after(part)
        if not latest:
            yield _name(option, column)
            yield f"{' ' * column}map: {{}}{after}"
        for is_forced in sorted({pair.is_forced for pair in latest}):
            yield _name(forced(option) if is_forced else option, column)
            yield f"{' ' * column}map:{after}"
            after = ""
            for pair in latest:
                if pair.is_forced is is_forced:
                    first, *others = pair.rest
                    lines = [*pair.before, f"{pair.name}:{first}", *others]
                    yield from moved(lines, column + 2)

    def _after(self, part: Field) -> str:
        """Return the comment beside a list."""
        if not isinstance(part.value, Sequence) or not part.value.is_flow:
            return comment_only(self.written.after_key(part)[0])
        text, end = self.written.places.text, part.value.span[1]
        return comment_only(text[end : self.written.places.line_end(end)])

    def _pair(self, item: Item, option: Option) -> _Pair:
        if not isinstance(item.value, Mapping):
            raise Unlike
        keys = {k.value: k for k, _ in item.value.pairs if isinstance(k, Scalar)}
        values = {k.value: v for k, v in item.value.pairs if isinstance(k, Scalar)}
        name, value, is_forced = (values.get(n) for n in ("name", option.item, "forceString"))
        if len(values) < len(item.value.pairs) or not isinstance(value, Scalar) or is_null(value):
            raise Unlike
        if not isinstance(name, Scalar) or name.style in _BLOCKS or name.anchor or name.tag:
            raise Unlike
        text, places = self.written.places.text, self.written.places
        if item.value.is_flow:
            rest, kept = [f" {text[value.start : value.end]}"], (0, 0)
        else:
            key = keys[option.item]
            rest = self.written.after_key(Field(key, value, []))
            kept = (key.end, places.line_end(places.end(value)))
        if not isinstance(plain_value(value), str):
            number = text[value.start : value.end]  # of replicas: a map holds only texts
            rest[0] = rest[0].replace(number, flow(number), 1)
        said = self.written.said(item.value, kept)
        return _Pair(
            text[name.start : name.end],
            rest,
            [*(line.strip() for line in item.before), *said],
            isinstance(is_forced, Scalar) and plain_value(is_forced) is True,
        )


def _is_nothing(option: Option, value: Node) -> bool:
    is_empty = isinstance(value, Sequence) and not value.items
    return is_null(value) or (option.kind is Kind.YAML and is_empty)


def _name(option: Option, column: int) -> str:
    return f"{' ' * (column - 2)}- name: {option.parameter}"


def _literal(value: Node, rest: list[str], column: int) -> Iterator[str]:
    """Yield a text that is the YAML that ``rest`` is, as it stands there."""
    if not isinstance(value, Mapping | Sequence):
        raise Unlike
    if value.is_flow:
        first, *others = rest
        lines = [f"{' ' * (column + 2)}{first.strip()}", *moved(others, column + 2)]
        if not first.strip().startswith(("{", "[")) or _margin(lines) < column + 2:
            raise Unlike
        yield f"{' ' * column}string: |"
        yield from lines
        return
    first, *lines = rest
    margin = _margin(lines)
    offset = margin or 2
    begins = next(indentation(line) for line in lines if line.strip())
    indicator = "" if begins == margin else str(offset)
    if offset > _MOST_INDENTED or offset < 1:
        raise Unlike
    yield f"{' ' * column}string: |{indicator}{comment_only(first)}"
    yield from moved(lines, column + offset - margin)


def _margin(lines: list[str]) -> int:
    return min((indentation(line) for line in lines if line.strip()), default=0)
