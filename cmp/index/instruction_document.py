"""What people told the refresher, as JSON: a document of its own, and part of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.people import KINDS, Instruction, Rejected
from cmp.index.json_document import dump, format_time, load, parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def dump_instructions(instructions: Mapping[str, Instruction]) -> bytes:
    """Write what is said of an Application's images, by their names."""
    return dump({"images": {name: dump_instruction(told) for name, told in instructions.items()}})


def load_instructions(data: bytes, *, where: str) -> dict[str, Instruction]:
    """Read what is said of an Application; raise `IndexUnavailable` naming ``where``."""

    def build(document: Mapping[str, Any]) -> dict[str, Instruction]:
        return {str(name): load_instruction(told) for name, told in document["images"].items()}

    return load(data, build, where)


def dump_instruction(told: Instruction) -> dict[str, Any]:
    """Return one as it stands in a document."""
    document: dict[str, Any] = {"kind": told.kind, "by": told.by, "at": format_time(told.at)}
    texts = {"tag": told.tag, "digest": told.digest, "reason": told.reason}
    document |= {name: text for name, text in texts.items() if text}
    if told.until:
        document["until"] = format_time(told.until)
    if told.rejected:
        created = told.rejected.created
        document["rejected"] = {
            "tag": told.rejected.tag,
            "digest": told.rejected.digest,
            **({"created": format_time(created)} if created else {}),
        }
    return document


def load_instruction(document: Mapping[str, Any]) -> Instruction:
    """Read one; raises as a mapping does that lacks a key, or ValueError."""
    kind = str(document["kind"])
    if kind not in KINDS:
        raise ValueError(f"no instruction {kind!r}")
    return Instruction(
        kind=kind,
        by=str(document["by"]),
        at=parse_time(document["at"]),
        tag=str(document.get("tag", "")),
        digest=str(document.get("digest", "")),
        reason=str(document.get("reason", "")),
        until=parse_time(document["until"]) if "until" in document else None,
        rejected=_load_rejected(document["rejected"]) if "rejected" in document else None,
    )


def _load_rejected(document: Mapping[str, Any]) -> Rejected:
    created = parse_time(document["created"]) if "created" in document else None
    return Rejected(str(document["tag"]), str(document.get("digest", "")), created)
