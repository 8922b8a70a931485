"""The edits that make a change of a YAML document, and leave every other byte as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.core.flow import flow
from cmp.core.go_scalars import plain_value
from cmp.core.splice import Edit, replacement
from cmp.core.yaml_change import Fields, Items
from cmp.core.yaml_new import field_lines, inline, inline_fields, item_lines
from cmp.core.yaml_places import Places, field_removal
from cmp.core.yaml_tree import Alias, Mapping, Scalar, Sequence, fields, is_null, resolved
from cmp.errors import InvalidSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cmp.core.yaml_change import Change, Value
    from cmp.core.yaml_tree import Node


class Made(NamedTuple):
    """Edits, and why they may change more than they should."""

    edits: tuple[Edit, ...]
    doubts: tuple[str, ...]


class _Place(NamedTuple):
    """Where a value stands."""

    path: str = ""
    column: int = 0
    """Of the key that it belongs to."""
    in_flow: bool = False

    def field(self, name: str, column: int, *, in_flow: bool) -> _Place:
        path = f"{self.path}.{name}" if self.path else name
        return _Place(path, column, self.in_flow or in_flow)

    def item(self, number: int, column: int, *, in_flow: bool) -> _Place:
        return _Place(f"{self.path}[{number}]", column, self.in_flow or in_flow)

    def refused(self, why: str) -> InvalidSource:
        return InvalidSource(why, where=self.path)


def edits(text: str, root: Node | None, change: Change) -> Made:
    """Return the edits for a document; raise `InvalidSource` where the change does not fit it.

    The document has the change then, and maybe more of it: aliases show what is edited too.
    """
    maker = _Maker(text)
    if root is None or (is_null(root) and not _is_written(root)):
        maker.fill_document(len(text) if root is None else maker.places.start(root), change)
    else:
        if not isinstance(root, Mapping):
            raise InvalidSource("it is no mapping; write fields")
        maker.change(root, change, _Place())
    return Made(tuple(_one_each(maker.edits)), tuple(maker.doubts))


def _one_each(edits: Iterable[Edit]) -> Iterator[Edit]:
    """Yield the edits with those that add text at one place in one, the first of them first."""
    added: dict[int, str] = {}
    for edit in edits:
        if edit.start == edit.end:
            added[edit.start] = added.get(edit.start, "") + edit.text
        else:
            yield edit
    yield from (Edit(position, position, text) for position, text in added.items())


def _is_written(node: Node) -> bool:
    """Tell whether a null is there to be seen, as ``null`` or ``~``."""
    scalar = resolved(node)
    return isinstance(node, Alias) or not isinstance(scalar, Scalar) or bool(scalar.value)


class _Maker:
    """The edits of one document, while they are made: those of what stands inside come first."""

    def __init__(self, text: str) -> None:
        self.places = Places(text)
        self.edits: list[Edit] = []
        self.doubts: list[str] = []
        self._done: dict[int, Change] = {}

    def change(self, node: Node, change: Change, place: _Place) -> None:
        if isinstance(change, Fields | Items):
            self._change_collection(node, change, place)
        else:
            self._put(node, change, place)

    def _change_collection(self, node: Node, change: Fields | Items, place: _Place) -> None:
        if isinstance(node, Alias):
            self.doubts.append(f"{place.path} is the alias *{node.name}; write it out there")
        target = resolved(node)
        if self._done.get(id(target)) == change:
            return
        self._done[id(target)] = change
        if isinstance(change, Fields) and isinstance(target, Mapping):
            self._change_fields(target, change, place)
        elif isinstance(change, Items) and isinstance(target, Sequence):
            self._change_items(target, change, place)
        elif is_null(target) and not _is_written(node) and not place.in_flow:
            lines = (
                field_lines(change.put, place.column + 2)
                if isinstance(change, Fields)
                else item_lines(change.more, place.column)
            )
            self._add_lines(self.places.start(node), self._refuse_numbers(change, lines, place))
        else:
            raise place.refused(_misfit(target, change, place.path))

    def _change_fields(self, mapping: Mapping, change: Fields, place: _Place) -> None:
        known = fields(mapping)
        own = {id(value) for _, value in mapping.pairs}
        column = 0 if mapping.is_flow else self.places.field_column(mapping)
        missing: dict[str, Change] = {}
        for name, one in change.put.items():
            inner = place.field(name, column, in_flow=mapping.is_flow)
            if name not in known:
                missing[name] = one
                continue
            if id(known[name]) not in own:
                self.doubts.append(f"{inner.path} comes by a merge key; write it out there")
            self.change(known[name], one, inner)
        missing = self._in_place_of_gone(mapping, change.gone, missing, place)
        self._refuse_numbers(Fields(missing), (), place)
        if mapping.is_flow:
            self._add_inline(mapping, inline_fields(missing, is_json=_is_json(mapping)))
        else:
            self._add_lines(self.places.end(mapping), field_lines(missing, column))

    def _change_items(self, sequence: Sequence, change: Items, place: _Place) -> None:
        column = 0 if sequence.is_flow else self.places.dash_column(sequence)
        for number, one in change.put.items():
            if number >= len(sequence.items):
                raise place.refused(
                    f"it has {len(sequence.items)} items, and [{number}] is none of them; count "
                    "from 0"
                )
            inner = place.item(number, column, in_flow=sequence.is_flow)
            self.change(sequence.items[number], one, inner)
        if sequence.is_flow:
            is_json = _is_json(sequence)
            self._add_inline(sequence, (inline(one, is_json=is_json) for one in change.more))
        else:
            self._add_lines(self.places.end(sequence), item_lines(change.more, column))

    def _put(self, node: Node, value: Value, place: _Place) -> None:
        scalar = resolved(node)
        if not isinstance(scalar, Scalar) or not isinstance(node, Scalar | Alias):
            raise place.refused(_misfit(scalar, value, place.path))
        if _is_already(scalar, value):
            return
        if scalar.anchor and node is scalar:
            self.doubts.append(
                f"{place.path} has the anchor &{scalar.anchor}, and an alias of it would change "
                "too; write it out where that stands"
            )
        edit = replacement(self.places.text, node, str(value))
        if not isinstance(value, str):
            edit = edit._replace(text=flow(value))
        elif place.in_flow and edit.text == value:
            edit = edit._replace(text=inline(value))
        if edit.start == edit.end and self.places.text[edit.start - 1 : edit.start].strip():
            edit = edit._replace(text=f" {edit.text}")
        self.edits.append(edit)

    def _in_place_of_gone(
        self, mapping: Mapping, gone: frozenset[str], missing: dict[str, Change], place: _Place
    ) -> dict[str, Change]:
        """Take fields out, or put missing ones where they are; return those still missing."""
        missing = dict(missing)
        for number, (key, value) in enumerate(mapping.pairs):
            name = resolved(key)
            if (
                not isinstance(key, Scalar)
                or not isinstance(name, Scalar)
                or name.value not in gone
            ):
                continue
            other = next((n for n, one in missing.items() if not isinstance(one, tuple)), None)
            if other is None:
                self.edits.append(self._removal(mapping, number, place))
            else:
                self.edits.append(replacement(self.places.text, key, other))
                self.change(
                    value, missing.pop(other), place.field(other, 0, in_flow=mapping.is_flow)
                )
        return missing

    def _removal(self, mapping: Mapping, number: int, place: _Place) -> Edit:
        edit = field_removal(self.places, mapping, number)
        if "#" in (text := self.places.text[edit.start : edit.end]):
            raise place.refused(f"{text.strip()!r} has to go, with a comment; move the comment")
        return edit

    def _add_lines(self, after: int, lines: Iterable[str]) -> None:
        position = self.places.line_end(after)
        text = "".join(f"{self.places.newline}{line}" for line in lines)
        if text:
            if position == len(self.places.text):
                self.doubts.append("the file's last line has no end; add a newline")
            self.edits.append(Edit(position, position, text))

    def _add_inline(self, node: Mapping | Sequence, added: Iterable[str]) -> None:
        text = ", ".join(added)
        if not text:
            return
        inner = [v for _, v in node.pairs] if isinstance(node, Mapping) else node.items
        position = self.places.end(inner[-1]) if inner else node.span[1] - 1
        self.edits.append(Edit(position, position, f", {text}" if inner else text))

    def fill_document(self, position: int, change: Change) -> None:
        """Add all of a document that has nothing but comments."""
        text, newline = self.places.text, self.places.newline
        lines = field_lines(change.put, 0) if isinstance(change, Fields) else ()
        added = "".join(
            f"{line}{newline}" for line in self._refuse_numbers(change, lines, _Place())
        )
        begins_line = not text[self.places.line_start(position) : position]
        self.edits.append(Edit(position, position, added if begins_line else newline + added))

    def _refuse_numbers(self, change: Change, lines: Iterable[str], place: _Place) -> Iterable[str]:
        """Return ``lines``; raise `InvalidSource` where an item is to change that is not there."""
        if isinstance(change, Items) and change.put:
            raise place.refused("there is no such list; write it first")
        if isinstance(change, Fields):
            for name, one in change.put.items():
                self._refuse_numbers(one, (), place.field(name, 0, in_flow=False))
        return lines


def _is_already(scalar: Scalar, value: Value) -> bool:
    try:
        found = plain_value(scalar)
    except ValueError:
        return False
    return found == value and type(found) is type(value)


def _is_json(node: Mapping | Sequence) -> bool:
    """Tell whether what stands in brackets has the quotes of JSON."""
    inner = [key for key, _ in node.pairs] if isinstance(node, Mapping) else node.items
    return bool(inner) and isinstance(inner[0], Scalar) and inner[0].style == '"'


def _misfit(node: Node, change: Change, path: str) -> str:
    """Return why a change cannot be made there."""
    if isinstance(node, Sequence) and not isinstance(change, Items):
        return f"it is a list; name one of its items, as in {path}[0]"
    if isinstance(change, Items):
        return "it is no list, so that it has no items; write one there, or name another place"
    if isinstance(change, Fields):
        return "it is a value, so that none can stand below it; write a mapping there"
    return "it is a mapping; name one of its values"
