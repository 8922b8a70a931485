"""The part of Go's text/template that argocd-image-updater documents for branches and messages.

Fields (``{{.Name}}``, ``{{.Labels.team}}``, ``{{.}}``, ``{{$.AppName}}``), ``range``, ``if``,
``else``, ``end``, comments, and trimming with ``{{-`` and ``-}}``. What is not of this part is
an error that says so, where Go would do something else. Rules: pkg.go.dev/text/template.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

from cmp.errors import InvalidInput, excerpt

_ACTION = re.compile(r"\{\{(-(?=[ \t\r\n]))?(.*?)((?<=[ \t\r\n])-)?\}\}", re.DOTALL)
_SPACE = " \t\r\n"
_PATH = re.compile(r"(\$?)((?:\.[A-Za-z_][A-Za-z0-9_]*)+|\.)|\$")
_COMMENT = re.compile(r"/\*.*\*/", re.DOTALL)
_KEYWORDS = ("range", "if")
_SUBSET = "use {{.Field}}, {{range .List}}, {{if .Field}}, {{else}} and {{end}}"


class _Field(NamedTuple):
    """``.A.B`` of the value at hand, or of all of it after ``$``."""

    names: tuple[str, ...]
    of_all: bool
    at: tuple[int, int]


class _Block(NamedTuple):
    """``range`` or ``if`` with what is in it."""

    keyword: str
    field: _Field
    then: "list[_Node]"
    otherwise: "list[_Node]"


_Node = str | _Field | _Block


class Template(NamedTuple):
    """A template that has been read; `render` fills it in."""

    text: str
    nodes: tuple[_Node, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a template; raise `InvalidInput` that marks what is not of the subset."""
        return cls(text, tuple(_Parser(text).parsed()))

    def render(self, values: Mapping[str, object]) -> str:
        """Return the text with ``values``; raise `InvalidInput` for a field that is not there."""
        return "".join(self._rendered(self.nodes, values, values))

    def _rendered(self, nodes: Sequence[_Node], value: object, everything: object) -> list[str]:
        parts: list[str] = []
        for node in nodes:
            if isinstance(node, str):
                parts.append(node)
            elif isinstance(node, _Field):
                parts.append(self._printed(node, self._found(node, value, everything)))
            else:
                found = self._found(node.field, value, everything)
                if node.keyword == "if":
                    branch = node.then if found else node.otherwise
                    parts += self._rendered(branch, value, everything)
                elif not found:
                    parts += self._rendered(node.otherwise, value, everything)
                else:
                    for item in self._items(node.field, found):
                        parts += self._rendered(node.then, item, everything)
        return parts

    def _found(self, field: _Field, value: object, everything: object) -> object:
        found = everything if field.of_all else value
        for name in field.names:
            # A key that a map has not is empty, a field that there is not is a mistake.
            if not isinstance(found, Mapping):
                raise self._wrong(f"no field .{name} here: the value has none", field)
            if name not in found:
                known = ", ".join(f".{key}" for key in found)
                raise self._wrong(f"no field .{name} here; there are: {known or 'none'}", field)
            found = found[name]
        return found

    def _printed(self, field: _Field, found: object) -> str:
        if not isinstance(found, str):
            raise self._wrong("this is a list; name it in a {{range}} or use a field of it", field)
        return found

    def _items(self, field: _Field, found: object) -> Sequence[object]:
        if isinstance(found, str) or not isinstance(found, Sequence):
            raise self._wrong("range needs a list, and this is none", field)
        return found

    def _wrong(self, message: str, field: _Field) -> InvalidInput:
        return InvalidInput(message, where="template").marked(self.text, *field.at)


class _Parser:
    """Takes a template apart, once from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._trims = False

    def parsed(self) -> list[_Node]:
        """Return all of it."""
        return self._until(within="")[0]

    def _until(self, within: str) -> tuple[list[_Node], str]:
        """Return the nodes up to ``else`` or ``end``, and which of them it was."""
        nodes: list[_Node] = []
        while True:
            found = _ACTION.search(self._text, self._position)
            self._literal(nodes, found)
            if found is None:
                break
            action = found[2].strip(_SPACE)
            start = found.start(2) + len(found[2]) - len(found[2].lstrip(_SPACE))
            if action in ("else", "end"):
                if not within:
                    raise self._wrong(f"{{{{{action}}}}} without a {{{{range}}}} before it", start)
                return nodes, action
            nodes += self._node(action, start)
        if within:
            raise self._wrong(f"{{{{{within}}}}} without {{{{end}}}}", len(self._text) - 1)
        return nodes, ""

    def _literal(self, nodes: list[_Node], found: re.Match[str] | None) -> None:
        literal = self._text[self._position : found.start() if found else None]
        if "{{" in literal:
            raise self._wrong("{{ is not closed", self._position + literal.index("{{"))
        literal = literal.lstrip(_SPACE) if self._trims else literal
        literal = literal.rstrip(_SPACE) if found and found[1] else literal
        if literal:
            nodes.append(literal)
        if found:
            self._position = found.end()
            self._trims = bool(found[3])

    def _node(self, action: str, start: int) -> list[_Node]:
        if _COMMENT.fullmatch(action):
            return []
        word, _, rest = action.partition(" ")
        if word not in _KEYWORDS:
            return [self._field(action, start)]
        named = rest.strip(_SPACE)
        field = self._field(named, start + len(action) - len(named))
        then, ended = self._until(word)
        otherwise: list[_Node] = []
        if ended == "else":
            otherwise, ended = self._until(word)
            if ended == "else":
                raise self._wrong("{{else}} after {{else}}", start)
        return [_Block(word, field, then, otherwise)]

    def _field(self, action: str, start: int) -> _Field:
        found = _PATH.fullmatch(action)
        if found is None:
            raise self._wrong(f"{{{{{excerpt(action)}}}}} is not supported; {_SUBSET}", start)
        names = tuple(name for name in (found[2] or "").split(".") if name)
        return _Field(names, action.startswith("$"), (start, start + len(action)))

    def _wrong(self, message: str, at: int) -> InvalidInput:
        return InvalidInput(message, where="template").marked(self._text, max(at, 0))
