"""Options that are lists of patches, with targets as Kustomize's (api/types/selector.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from cmp.core.keys import nearest
from cmp.errors import InvalidSource

if TYPE_CHECKING:
    from collections.abc import Iterable

TARGET = (
    *("group", "version", "kind", "name", "namespace"),
    *("annotationSelector", "labelSelector"),
)


def read_items(written: str, where: str) -> list[object]:
    """Read an option as a list of YAML; raise `InvalidSource`."""
    try:
        # Every scalar is text to this loader, as every field of a patch is to Argo CD.
        items = yaml.load(written, Loader=yaml.BaseLoader)  # noqa: S506 - it makes only text
    except (yaml.YAMLError, RecursionError) as error:  # the latter: brackets without end
        reason = " ".join(str(error).split())
        raise InvalidSource(f"not YAML: {reason}", where=where) from None
    if not isinstance(items, list):
        raise InvalidSource("not a list of patches; begin each with '- '", where=where)
    return items


def mapping(item: object, names: Iterable[str] | None, where: str) -> dict[str, object]:
    """Return a mapping of these fields, or of any; raise `InvalidSource`."""
    if not isinstance(item, dict):
        raise InvalidSource("not a mapping", where=where)
    for name in item:
        if not isinstance(name, str) or (names is not None and name not in names):
            known = tuple(names or ())
            raise InvalidSource(
                f"no field {name!r}{nearest(str(name), known)}; use one of: {', '.join(known)}",
                where=where,
            )
    return item


def text_field(value: object, where: str) -> str:
    """Return text; raise `InvalidSource` for anything else."""
    if not isinstance(value, str):
        raise InvalidSource("not text; write it as a block: '|-'", where=where)
    return value


def target(item: object, where: str) -> dict[str, str]:
    """Return the fields of a target; raise `InvalidSource`."""
    fields = mapping(item, TARGET, where)
    return {name: text_field(value, f"{where}.{name}") for name, value in fields.items()}
