"""One document converted: the edits, and the proof that nothing but what is meant changed."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.conversion.comments import comments, lost
from cmp.core.conversion.lines import Field, Unlike, Written, indentation
from cmp.core.conversion.meaning import meaning, options_of, policy_of
from cmp.core.conversion.options import SECTIONS, WITHOUT_PARAMETER
from cmp.core.conversion.reasons import is_ours, is_reference, why_native, why_plugin, why_whole
from cmp.core.conversion.sources import owners
from cmp.core.conversion.to_native import ToNative
from cmp.core.conversion.to_plugin import ToPlugin
from cmp.core.conversion.values import block_lines, inline_text, native_value, plugin_value
from cmp.core.flow import flow
from cmp.core.json_values import json_value
from cmp.core.keys import PREFIX
from cmp.core.splice import Edit, spliced
from cmp.core.yaml_places import Places, field_removal
from cmp.core.yaml_tree import Mapping, Scalar, Sequence
from cmp.errors import InvalidApplication

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from cmp.core.conversion.sources import Owner, Path, SourcePlace
    from cmp.core.json_values import Json
    from cmp.core.yaml_tree import Node

    Compose = Callable[[str], Node | None]


class Result(NamedTuple):
    """A document, converted."""

    text: str
    changed: int
    """How many sources."""
    already: int
    """How many others are as they are to be."""
    left: tuple[str, ...]
    """Why sources that could have been meant are as they were."""
    notes: tuple[str, ...]
    annotations: tuple[tuple[Path, dict[str, str]], ...] = ()
    """Policy keys that a source had as parameters, and the metadata that is to have them."""


class Job(NamedTuple):
    """Which way, and what is known for it."""

    is_to_plugin: bool
    compose: Compose
    variables: Container[str]
    """What ``$NAME`` in options stands for."""


def converted(text: str, job: Job) -> Result:
    """Return a document with its sources converted; raise `InvalidApplication`.

    What is read of the result is what was read before, but for how sources are rendered; no
    comment is lost.
    """
    root = job.compose(text)
    if root is None:
        return Result(text, 0, 0, (), ())
    before = Counter(comment.text for comment in comments(text, root))
    problem = ""
    for is_moved in (True, False):
        document = _Document(text, root, job, is_moved=is_moved)
        if not document.edits:
            return document.result(text)
        after = spliced(text, document.edits)
        gone = lost(before, after)
        if gone is None and _is_same(root, after, job):
            return document.result(after)
        problem = problem or (
            f"the comment {gone!r} would have no place; move it"
            if gone
            else _why_not(after, job) or "of how it is written; write it out without anchors"
        )
    raise InvalidApplication(f"cannot be converted: {problem}")


class _Document:
    """The edits of one document, while they are made."""

    def __init__(self, text: str, root: Node, job: Job, *, is_moved: bool) -> None:
        self.edits: list[Edit] = []
        self._written = Written(Places(text), comments(text, root))
        self._job = job
        self._is_moved = is_moved
        self._dash = _dash(self._written.places, root)
        self._changed = 0
        self._already = 0
        self._left: list[str] = []
        self._notes: list[str] = []
        self._annotations: list[tuple[Path, dict[str, str]]] = []
        for owner in owners(root):
            try:
                self._owner(owner)
            except InvalidApplication as error:
                raise error.within(str(owner)) from None

    def result(self, text: str) -> Result:
        annotations = tuple(self._annotations)
        said = tuple(self._left), tuple(self._notes)
        return Result(text, self._changed, self._already, *said, annotations)

    def _owner(self, owner: Owner) -> None:
        reason = why_whole(owner)
        for number, source in enumerate(owner.sources):
            place = f"{owner}, source {number + 1}" if owner.is_multiple else str(owner)
            self._source(owner, source, place, reason)

    def _source(self, owner: Owner, source: SourcePlace, place: str, reason: str | None) -> None:
        value, job = source.value, self._job
        if is_reference(value):
            return
        if is_ours(value) == job.is_to_plugin:
            self._already += 1
            return
        if job.is_to_plugin:
            if value.get("plugin") is not None:
                self._left.append(f"{place}: another plugin renders it")
                return
            reason = reason or why_native(value, job.variables)
        else:
            reason = reason or why_plugin(value.get("plugin"))
        if reason:
            self._left.append(f"{place}: {reason}")
            return
        if not isinstance(source.node, Mapping):
            raise InvalidApplication("a source is an alias; write it out", where=place)
        self._changed += 1
        if job.is_to_plugin:
            self._to_plugin(owner, source.node, value, place)
        else:
            self._to_native(owner, source.node, value)

    def _to_plugin(self, owner: Owner, node: Mapping, value: dict[str, Json], place: str) -> None:
        options = options_of(value)
        named = [name for name in SECTIONS if name in value]
        for section in named:
            self._notes += _dropped(place, section, value[section])
        if owner.is_set and any("{{" in str(options.get(n)) for n in _FILLED_IN):
            self._notes.append(
                f"{place}: Argo CD fills in {{{{…}}}} in a text now: what it puts there must not "
                "be other YAML, as with quotes or line ends in it"
            )
        plugin = plugin_value(options)
        field = _field(node, named[0]) if named else None
        if field is None:
            self._add(node, plugin)
            return
        column = 0 if node.is_flow else self._written.places.field_column(node)
        lines = None
        if self._is_moved and options and not node.is_flow:
            lines = _tried(
                lambda: ToPlugin(self._written, named[0], column, self._dash).lines(field)
            )
        self._replace(node, field, "plugin", plugin, lines)
        for other in named[1:]:
            number = [k.value for k, _ in node.pairs if isinstance(k, Scalar)].index(other)
            self.edits.append(field_removal(self._written.places, node, number))

    def _to_native(self, owner: Owner, node: Mapping, value: dict[str, Json]) -> None:
        options = options_of(value)
        field = _field(node, "plugin")
        if field is None:
            raise InvalidApplication("the plugin comes by a merge key; write it out there")
        policy = {f"{PREFIX}{n}": v for n, v in policy_of(value).items() if isinstance(v, str)}
        if policy:
            self._annotations.append(((*owner.template_path, "metadata"), policy))
        if not options and not _is_written(value):
            self._remove(node, field)
            return
        section = native_value(options, self._job.compose)
        name = next(iter(options or _written_options(value))).partition(".")[0]
        column = 0 if node.is_flow else self._written.places.field_column(node)
        lines = None
        if self._is_moved and not node.is_flow:
            lines = _tried(lambda: ToNative(self._written, column, self._job.compose).lines(field))
        self._replace(node, field, name, section, lines)

    def _replace(
        self,
        node: Mapping,
        field: Field,
        name: str,
        value: dict[str, Json],
        lines: list[str] | None,
    ) -> None:
        places = self._written.places
        end = places.end(field.value)
        if node.is_flow:
            self.edits.append(
                Edit(field.key.start, end, self._inline(node, field.key, name, value))
            )
            return
        column = places.field_column(node)
        if lines is None:
            lines = block_lines(name, value, column)
            end = max(end, field.key.end)
        else:
            _, end = self._written.tail(end, column)
        self.edits.append(Edit(field.key.start, end, places.newline.join(lines)))

    def _inline(self, node: Mapping, key: Node, name: str, value: dict[str, Json]) -> str:
        """Return a field within braces, in the way of another that stands there."""
        places = self._written.places
        is_json = isinstance(key, Scalar) and key.style == '"'
        begin = places.line_start(places.start(key))
        column = places.column(places.start(key))
        is_alone = not places.text[begin : places.start(key)].strip()
        closing = places.text[places.line_start(node.span[1]) : node.span[1]]
        step = max(column - indentation(closing), 0) if is_alone else 0
        text = inline_text(value, is_json=is_json, step=step, column=column)
        return f"{flow(name) if is_json else name}: {text}".replace("\n", places.newline)

    def _add(self, node: Mapping, plugin: dict[str, Json]) -> None:
        places = self._written.places
        if node.is_flow:
            last = node.pairs[-1]
            end = places.end(last[1])
            begin = places.line_start(places.start(last[0]))
            between = places.text[begin : places.start(last[0])]
            between = " " if between.strip() else f"{places.newline}{between}"
            added = self._inline(node, last[0], "plugin", plugin)
            self.edits.append(Edit(end, end, f",{between}{added}"))
            return
        column = places.field_column(node)
        end = places.line_end(places.end(node))
        indent = " " * column
        lines = ["", *(f"{indent}{line}" for line in block_lines("plugin", plugin, 0))]
        self.edits.append(Edit(end, end, places.newline.join(lines)))

    def _remove(self, node: Mapping, field: Field) -> None:
        places = self._written.places
        number = next(n for n, (key, _) in enumerate(node.pairs) if key is field.key)
        begins = places.text[places.line_start(field.key.start) : field.key.start]
        if node.is_flow or begins.strip():
            self.edits.append(field_removal(places, node, number))
            return
        start = places.line_start(field.key.start) - len(places.newline)
        self.edits.append(Edit(start, places.line_end(places.end(field.value)), ""))


_FILLED_IN = ("helm.valuesObject", "kustomize.patches")


def _tried(lines: Callable[[], list[str]]) -> list[str] | None:
    try:
        return lines() or None
    except Unlike:
        return None


def _field(node: Mapping, name: str) -> Field | None:
    found = [(k, v) for k, v in node.pairs if isinstance(k, Scalar) and k.value == name]
    return Field(*found[-1], []) if found else None


def _dropped(place: str, section: str, options: Json) -> Iterator[str]:
    for name, value in options.items() if isinstance(options, dict) else ():
        if value and f"{section}.{name}" in WITHOUT_PARAMETER:
            yield f"{place}: {section}.{name} has no effect there, and is left out"


def _is_written(value: dict[str, Json]) -> bool:
    return bool(_written_options(value))


def _written_options(value: dict[str, Json]) -> list[str]:
    """Return the names of native options that a plugin has, those without effect too."""
    plugin = value.get("plugin")
    listed = plugin.get("parameters") if isinstance(plugin, dict) else None
    names = (
        [i.get("name") for i in listed if isinstance(i, dict)] if isinstance(listed, list) else []
    )
    return [str(name) for name in names if str(name).partition(".")[0] in SECTIONS]


def _dash(places: Places, root: Node) -> int:
    """Return how far dashes stand behind the key above them: what most lists here do."""
    found: Counter[int] = Counter()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Sequence):
            waiting += node.items
        elif isinstance(node, Mapping):
            for key, value in node.pairs:
                waiting.append(value)
                if isinstance(value, Sequence) and not value.is_flow and value.items:
                    found[places.dash_column(value) - places.column(places.start(key))] += 1
    return 2 if found[0] < found.total() - found[0] else 0


def _is_same(root: Node, after: str, job: Job) -> bool:
    try:
        other = job.compose(after)
        return other is not None and _read(root, job) == _read(other, job)
    except (ValueError, InvalidApplication):
        return False


def _why_not(after: str, job: Job) -> str:
    """Return what the parser says of a text that it does not take."""
    try:
        root = job.compose(after)
        if root is not None:
            json_value(root)
    except ValueError as error:
        return str(error)
    return ""


def _read(root: Node, job: Job) -> list[object]:
    """Return all that a document says, with what its sources mean in place of how they say it."""
    whole = json_value(root)
    meanings = [meaning(s.value, job.compose) for owner in owners(root) for s in owner.sources]
    return [_without_sources(whole), meanings]


def _without_sources(value: Json) -> str:
    def stripped(one: Json) -> Json:
        if isinstance(one, dict):
            if isinstance(one.get("repoURL"), str):
                return {n: v for n, v in one.items() if n not in (*SECTIONS, "plugin")}
            return {name: stripped(inner) for name, inner in one.items()}
        return [stripped(inner) for inner in one] if isinstance(one, list) else one

    return json.dumps(stripped(value), sort_keys=True)
