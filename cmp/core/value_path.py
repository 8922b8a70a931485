r"""Where a Helm value stands: ``image.tag``, ``images[0].tag``, ``a\.b.tag``, ``a["x.y"].tag``.

As argocd-image-updater writes them (reference/image-updater.md §5), with Helm's backslash and
quotes for a dot that is part of a name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cmp.core.yaml_change import Fields, Items
from cmp.core.yaml_tree import Mapping, Scalar, Sequence, fields, resolved
from cmp.errors import InvalidPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmp.core.yaml_change import Change, Value
    from cmp.core.yaml_tree import Node

Step = str | int

_NAME = re.compile(r"(?:[^.\[\]\\]|\\.)+")
_BRACKETS = re.compile(
    r"""\[(?:(?P<number>[0-9]{1,9})|"(?P<double>[^"]+)"|'(?P<single>[^']+)')\]"""
)
_FORM = "write names with dots between, and [0] for the first item of a list, as in images[0].tag"


def parse_value_path(text: str) -> tuple[Step, ...]:
    """Read a path; raise `InvalidPolicy` that points at what is wrong."""
    steps: list[Step] = []
    position = 0
    while position < len(text) or not steps:
        is_bracket = text.startswith("[", position)
        if steps and not is_bracket:
            if text[position] != ".":
                raise _wrong(text, position)
            position += 1
        found = (_BRACKETS if is_bracket else _NAME).match(text, position)
        if found is None or (is_bracket and not steps and found["number"]):
            raise _wrong(text, position)
        steps.append(_bracketed(found) if is_bracket else re.sub(r"\\(.)", r"\1", found[0]))
        position = found.end()
    return tuple(steps)


def _bracketed(found: re.Match[str]) -> Step:
    return int(found["number"]) if found["number"] else found["double"] or found["single"]


def _wrong(text: str, position: int) -> InvalidPolicy:
    rest = text[position:]
    what = f"{rest!r} in {text!r}" if rest else f"nothing after {text!r}"
    return InvalidPolicy(f"not a path: {what}; {_FORM}").marked(text, position)


def found_value(root: Node | None, steps: tuple[Step, ...]) -> tuple[tuple[Step, ...], str] | None:
    """Return the steps to the value that a path means in a document, and the value.

    A field of its own for each name wins, as for a Helm parameter. Names that hold dots count
    only where no value can be reached without them.
    """
    return _Search(steps).found(root, 0) if root is not None else None


class _Search:
    """For one path, while it is made: no place is looked at twice, however many lead there."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self._steps = steps
        self._seen: set[tuple[int, int]] = set()

    def found(self, node: Node, done: int) -> tuple[tuple[Step, ...], str] | None:
        """Return the steps from a node, once ``done`` of the path are behind, and the value."""
        node = resolved(node)
        if (id(node), done) in self._seen:
            return None
        self._seen.add((id(node), done))
        if done == len(self._steps):
            return ((), node.value) if isinstance(node, Scalar) else None
        for step, value, used in self._ways(node, done):
            if rest := self.found(value, done + used):
                return ((step, *rest[0]), rest[1])
        return None

    def _ways(self, node: Node, done: int) -> Iterator[tuple[Step, Node, int]]:
        """Yield where the path may go on, and how many of its steps that takes."""
        step = self._steps[done]
        if isinstance(node, Sequence) and isinstance(step, int):
            yield from ((step, item, 1) for item in node.items[step : step + 1])
        if isinstance(node, Mapping):
            known, name = fields(node), ""
            for used, part in enumerate(self._steps[done:], 1):
                if isinstance(part, int):
                    return
                name = f"{name}.{part}" if used > 1 else part
                if name in known:
                    yield name, known[name], used


def value_change(steps: tuple[Step, ...], value: Value) -> Change:
    """Return the change that puts a value at the end of the steps."""
    change: Change = value
    for step in reversed(steps):
        change = Fields({step: change}) if isinstance(step, str) else Items({step: change})
    return change
