"""The edits that convert the sources of one document, and why some of them stay."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.conversion.comments import comments
from cmp.core.conversion.lines import Field, Unlike, Written
from cmp.core.conversion.meaning import options_of, policy_of
from cmp.core.conversion.options import OPTIONS, SECTIONS, WITHOUT_PARAMETER, Kind
from cmp.core.conversion.reasons import (
    is_ours,
    is_reference,
    why_native,
    why_part,
    why_plugin,
    why_whole,
)
from cmp.core.conversion.sections import (
    added_section,
    moved_section,
    new_section,
    removed_section,
)
from cmp.core.conversion.sources import owners
from cmp.core.conversion.to_native import ToNative
from cmp.core.conversion.to_plugin import ToPlugin
from cmp.core.conversion.values import native_value, plugin_value
from cmp.core.keys import PREFIX
from cmp.core.yaml_places import Places
from cmp.core.yaml_tree import Mapping, Scalar, Sequence, resolved
from cmp.errors import InvalidApplication

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from cmp.core.conversion.sources import Owner, Path, SourcePlace
    from cmp.core.json_values import Json
    from cmp.core.splice import Edit
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


class Conversion:
    """The edits of one document, while they are made."""

    def __init__(self, text: str, root: Node, job: Job, *, is_moved: bool) -> None:
        self.edits: list[Edit] = []
        self._places = Places(text)
        self._written = Written(self._places, comments(text, root))
        self._job = job
        self._is_moved = is_moved
        self._dash = _dash(self._places, root)
        self._changed = 0
        self._already = 0
        self._left: list[str] = []
        self._notes: list[str] = []
        self._annotations: list[tuple[Path, dict[str, str]]] = []
        for owner in owners(root):
            self._owner(owner)

    def result(self, text: str) -> Result:
        """Return what became of the document, whose text is this one now."""
        annotations = tuple(self._annotations)
        said = tuple(self._left), tuple(self._notes)
        return Result(text, self._changed, self._already, *said, annotations)

    def _owner(self, owner: Owner) -> None:
        reason = why_whole(owner)
        for number, source in enumerate(owner.sources):
            place = f"{owner}, source {number + 1}" if owner.is_multiple else str(owner)
            try:
                self._source(owner, source, place, reason)
            except InvalidApplication as error:
                raise error.within(place) from None

    def _source(self, owner: Owner, source: SourcePlace, place: str, reason: str | None) -> None:
        value, job = source.value, self._job
        if is_reference(value):
            return
        if is_ours(value) == job.is_to_plugin:
            self._already += 1
            return
        if job.is_to_plugin:
            if "plugin" in value:
                self._left.append(f"{place}: another plugin renders it")
                return
            reason = reason or why_part(value) or why_native(value, job.variables)
        else:
            reason = reason or why_part(value) or why_plugin(value.get("plugin"))
        if reason:
            self._left.append(f"{place}: {reason}")
            return
        node = resolved(source.node)  # what an alias shows may be converted more than once, alike
        if not isinstance(node, Mapping):
            raise InvalidApplication("not a mapping")
        self._changed += 1
        if job.is_to_plugin:
            self._to_plugin(owner, node, value, place)
        else:
            self._to_native(owner, node, value)

    def _to_plugin(self, owner: Owner, node: Mapping, value: dict[str, Json], place: str) -> None:
        options = options_of(value)
        # At most one of them is not null.
        named = sorted((n for n in SECTIONS if n in value), key=lambda n: value[n] is None)
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
            self.edits.append(added_section(self._places, node, "plugin", plugin))
            return
        lines: list[str] = []
        if self._is_moved and options and not node.is_flow:
            column = self._places.field_column(node)
            lines = _tried(ToPlugin(self._written, named[0], column, self._dash).lines, field)
        self._replace(node, field, "plugin", plugin, lines)
        for other in filter(None, (_field(node, name) for name in named[1:])):
            self.edits.append(removed_section(self._places, node, other))

    def _to_native(self, owner: Owner, node: Mapping, value: dict[str, Json]) -> None:
        options = options_of(value)
        field = _field(node, "plugin")
        if field is None:
            raise InvalidApplication("the plugin comes by a merge key; write it out there")
        if policy := {f"{PREFIX}{name}": text for name, text in policy_of(value).items()}:
            self._annotations.append(((*owner.template_path, "metadata"), policy))
        if not (named := _written_options(value)):
            self.edits.append(removed_section(self._places, node, field))
            return
        section = native_value(options, self._job.compose)
        name = OPTIONS[named[0]].section
        lines: list[str] = []
        if self._is_moved and not node.is_flow:
            column = self._places.field_column(node)
            lines = _tried(ToNative(self._written, column, self._job.compose).lines, field)
        self._replace(node, field, name, section, lines)

    def _replace(
        self, node: Mapping, field: Field, name: str, value: dict[str, Json], lines: list[str]
    ) -> None:
        self.edits.append(
            moved_section(self._written, node, field, lines)
            if lines
            else new_section(self._places, node, field, name, value)
        )


_FILLED_IN = ("helm.valuesObject", "kustomize.patches")


def _tried(lines: Callable[[Field], list[str]], field: Field) -> list[str]:
    try:
        return lines(field)
    except Unlike:
        return []


def _field(node: Mapping, name: str) -> Field | None:
    found = [(k, v) for k, v in node.pairs if isinstance(k, Scalar) and k.value == name]
    return Field(*found[-1], []) if found else None


def _dropped(place: str, section: str, options: Json) -> Iterator[str]:
    for name, value in options.items() if isinstance(options, dict) else ():
        if value and f"{section}.{name}" in WITHOUT_PARAMETER:
            yield f"{place}: {section}.{name} has no effect there, and is left out"
        option = OPTIONS.get(f"{section}.{name}")
        if option is None or option.kind is not Kind.PAIRS or not isinstance(value, list):
            continue
        names = Counter(
            (str(pair.get("name")), bool(pair.get("forceString")))
            for pair in value
            if isinstance(pair, dict)
        )
        for (one, _), number in names.items():
            if number > 1:
                yield f"{place}: of {number} {one!r} in {section}.{name} the last counts, and stays"


def _written_options(value: dict[str, Json]) -> list[str]:
    """Return the names of native options that a plugin has, those without effect too."""
    plugin = value.get("plugin")
    listed = plugin.get("parameters") if isinstance(plugin, dict) else None
    names = (
        [i.get("name") for i in listed if isinstance(i, dict)] if isinstance(listed, list) else []
    )
    return [name for name in names if isinstance(name, str) and name in OPTIONS]


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
