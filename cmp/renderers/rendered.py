"""What was rendered, taken apart: its documents, byte for byte, and the tree of each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cmp.compose import compose
from cmp.core.yaml_tree import Mapping, Sequence, field, is_null, items, resolved
from cmp.errors import RenderRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmp.core.yaml_tree import Node

_SEPARATOR = re.compile(rb"^---[^\n]*\n?", re.MULTILINE)
_BYTE_ORDER_MARK = "\ufeff"


def parts(output: bytes) -> Iterator[bytes]:
    """Yield the stream's documents and, each by itself, the lines between."""
    position = 0
    for separator in _SEPARATOR.finditer(output):
        yield output[position : separator.start()]
        yield separator[0]
        position = separator.end()
    yield output[position:]


def holds_object(output: bytes) -> bool:
    """Tell whether there is an object in a stream; raise `RenderRefused` for what is no YAML."""
    return any(_is_object(tree(part)[1]) for part in parts(output))


def _is_object(root: Node | None) -> bool:
    if root is None or is_null(root):
        return False
    listed = field(root, "items")
    if listed is not None and isinstance(resolved(listed), Sequence):
        return any(_is_object(item) for item in items(listed))
    mapping = resolved(root)
    return not isinstance(mapping, Mapping) or bool(mapping.pairs)


def tree(document: bytes) -> tuple[str, Node | None]:
    """Return the text of a document without byte order mark, and its tree.

    The line between two has none. Raises `RenderRefused` for what is no YAML.
    """
    try:
        text = document.decode().removeprefix(_BYTE_ORDER_MARK)
        return text, None if text.startswith("---") else compose(text)
    except ValueError as error:
        raise RenderRefused(f"what was rendered is not YAML: {error}") from None
