"""The plugin parameter ``patches``: RFC 6902 operations on what was rendered.

A document that a patch changes is printed anew, as JSON; all others keep every byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import jsonpatch
import jsonpointer

from cmp.compose import compose
from cmp.core.flow import flow
from cmp.core.json_values import json_value
from cmp.core.selector import Selector
from cmp.errors import InvalidSource, RenderRefused
from cmp.renderers.patch_options import mapping, read_items, target, text_field
from cmp.renderers.rendered import parts, tree

if TYPE_CHECKING:
    from typing import Any

    from cmp.core.json_values import Json

_WHERE = "patches"
_FIELDS = ("target", "patch")


class Patch(NamedTuple):
    """One patch: what for, and what is done there."""

    where: str
    selector: Selector
    operations: tuple[dict[str, Any], ...]


def parse_patches(written: str) -> list[Patch]:
    """Read the parameter; raise `InvalidSource` for what is no list of patches."""
    items = read_items(written, _WHERE)
    return [_patch(item, f"{_WHERE}[{number}]") for number, item in enumerate(items)]


def patched(output: bytes, written: str) -> tuple[bytes, list[str]]:
    """Return ``output`` with all patches applied in their order, and what is to be told.

    Raises `InvalidSource` for a patch that cannot be applied.
    """
    patches = parse_patches(written)
    used: set[str] = set()
    changed = b"".join(_changed(part, patches, used) for part in parts(output))
    unused = (patch.where for patch in patches if patch.where not in used)
    return changed, [f"{where}: nothing that is rendered is its target" for where in unused]


def _patch(item: object, where: str) -> Patch:
    fields = mapping(item, _FIELDS, where)
    for name in _FIELDS:
        if name not in fields:
            raise InvalidSource(f"it has no {name}; give both: target and patch", where=where)
    selector = Selector.parse(target(fields["target"], f"{where}.target"), f"{where}.target")
    text = text_field(fields["patch"], f"{where}.patch")
    return Patch(where, selector, _operations(text, f"{where}.patch"))


def _operations(text: str, where: str) -> tuple[dict[str, Any], ...]:
    try:
        root = compose(text)
        operations = json_value(root) if root is not None else None
        if not isinstance(operations, list):
            raise InvalidSource(
                "no list of RFC 6902 operations; write - op, path and value (a strategic merge is "
                "for kustomize.patches)",
                where=where,
            )
        return tuple(_operation(operation) for operation in operations)
    except (ValueError, RecursionError) as error:
        raise InvalidSource(f"not YAML: {error}", where=where) from None
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as error:
        raise InvalidSource(f"no RFC 6902 operation: {error}", where=where) from None


def _operation(written: Json) -> dict[str, Any]:
    if not isinstance(written, dict):
        raise jsonpatch.InvalidJsonPatch("it is no mapping")
    jsonpatch.JsonPatch([written])
    return written


def _changed(part: bytes, patches: list[Patch], used: set[str]) -> bytes:
    root = tree(part)[1]
    if root is None:
        return part
    try:
        document = json_value(root)
        before = flow(document)
        for patch in patches:
            document = _applied(document, patch, used)
        after = flow(document)
    except (ValueError, RecursionError) as error:
        raise RenderRefused(f"what was rendered cannot be patched: {error}") from None
    return part if after == before else f"{after}\n".encode()


def _applied(document: Json, patch: Patch, used: set[str]) -> Json:
    """Return the document with a patch applied to it or, if it is a List, to its items."""
    items = document.get("items") if isinstance(document, dict) else None
    if isinstance(document, dict) and isinstance(items, list):
        return {**document, "items": [_one(item, patch, used) for item in items]}
    return _one(document, patch, used)


def _one(resource: Json, patch: Patch, used: set[str]) -> Json:
    if not isinstance(resource, dict) or not patch.selector.selects(resource):
        return resource
    used.add(patch.where)
    name = _name(resource)
    for operation in patch.operations:
        resource = _operated(resource, operation, patch.where, name)
    if not isinstance(resource, dict):
        raise InvalidSource(f"{name}: what it leaves is no resource", where=patch.where)
    return resource


def _operated(resource: Json, operation: dict[str, Any], where: str, name: str) -> Json:
    """Apply one operation. What is there may be secret: no message shows it."""
    what = f"{operation['op']} {operation['path']}"
    try:
        changed: Json = jsonpatch.JsonPatch([operation]).apply(resource)
    except jsonpatch.JsonPatchTestFailed:
        raise InvalidSource(
            f"{name}: {what} found another value; change the value, or what is rendered",
            where=where,
        ) from None
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError):
        raise InvalidSource(
            f"{name}: {what} cannot be done, for its place is not there; check the path, or add "
            "what is above it first",
            where=where,
        ) from None
    return changed


def _name(resource: dict[str, Json]) -> str:
    metadata = resource.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else ""
    return f"{resource.get('kind')} {name or ''}".rstrip()
