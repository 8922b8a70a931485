"""``.image-lock-<instance>.yaml``: the images of a plugin Application in Git (contract.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.lock import SCHEMA, parse_lock
from cmp.core.yaml_change import Fields
from cmp.core.yaml_tree import Scalar, field, is_null, resolved
from cmp.errors import InvalidSource

if TYPE_CHECKING:
    from cmp.core.lock import Locked
    from cmp.core.yaml_change import Change
    from cmp.core.yaml_tree import Node
    from cmp.writeback import Wanted


def change(root: Node | None, wanted: Wanted) -> Change:
    """Return the change of a lock file; raise `InvalidSource` for one of another schema.

    Aliases that no image has stay: a person may have put them there.
    """
    images: dict[str, Change] = {
        choice.image.alias: f"{choice.tag}@{choice.digest}" if choice.digest else choice.tag
        for choice in wanted.choices
    }
    schema = field(root, "schema")
    if schema is None or is_null(schema):
        return Fields({"schema": int(SCHEMA), "images": Fields(images)})
    scalar = resolved(schema)
    if not isinstance(scalar, Scalar) or scalar.value != SCHEMA:
        raise InvalidSource(
            f"its schema is none that this version writes; write schema: {SCHEMA}, or update "
            "argocd-image-cmp",
        )
    return Fields({"images": Fields(images)})


def present(root: Node | None, alias: str) -> Locked | None:
    """Return what a lock file has for an alias; raise `InvalidPolicy` for what is no tag."""
    found = field(field(root, "images"), alias)
    scalar = resolved(found) if found is not None else None
    if not isinstance(scalar, Scalar):
        return None
    return parse_lock({alias: scalar.value})[alias]


def header(wanted: Wanted) -> str:
    """Return what a new lock file begins with."""
    return (
        f"# Written by argocd-image-cmp. The images of application {wanted.instance}; "
        "edit or revert to change them.\n"
    )
