"""A change of a YAML text, made and then proved by reading the result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cmp.compose import NotYaml, compose
from cmp.core.json_values import json_value
from cmp.core.splice import aliases, spliced
from cmp.core.yaml_change import applied
from cmp.core.yaml_edits import edits
from cmp.errors import InvalidSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmp.core.json_values import Json
    from cmp.core.yaml_change import Change
    from cmp.core.yaml_tree import Node

_BYTE_ORDER_MARK = "\ufeff"


def changed(text: str, change_of: Callable[[Node | None], Change]) -> str:
    """Return ``text`` with the change that its first document, or None, is to have.

    The result is read again: it has that change and no other, to Argo CD's parser. Raises
    `InvalidSource` where no edit does that.
    """
    mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
    body = text.removeprefix(mark)
    root, before = _read(body)
    change = change_of(root)
    made = edits(body, root, change)
    after = spliced(body, made.edits)
    if not _is(after, applied(before, change)):
        raise InvalidSource(f"no edit changes only what is meant: {_why(root, made.doubts)}")
    return mark + after


def composed(text: str) -> Node | None:
    """Return a text's first document; raise `InvalidSource` for what is no YAML."""
    return _read(text.removeprefix(_BYTE_ORDER_MARK))[0]


def _read(body: str) -> tuple[Node | None, Json]:
    try:
        root = compose(body)
        return root, json_value(root) if root is not None else None
    except (ValueError, RecursionError) as error:
        raise InvalidSource(f"{_reason(error)}; correct the file") from None


def _why(root: Node | None, doubts: tuple[str, ...]) -> str:
    alias = next(aliases(root), None) if root is not None else None
    if doubts or alias is None:
        return doubts[0] if doubts else "of how the value is written; write it in another way"
    return f"it may be what the alias *{alias.name} shows too; write it out where that stands"


def _is(text: str, value: Json) -> bool:
    try:
        root = compose(text)
        found = json_value(root) if root is not None else None
    except (ValueError, RecursionError):
        return False
    # A number and a truth value may be equal in Python, and are not in JSON.
    return json.dumps(found, sort_keys=True) == json.dumps(value, sort_keys=True)


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return f"not YAML: {error}" if isinstance(error, NotYaml) else str(error)
