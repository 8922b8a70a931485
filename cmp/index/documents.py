"""The manifest, an Application's record and its history as JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.image import Repository
from cmp.core.record import ApplicationRecord, Recorded, SourceId, SourceRecord
from cmp.index import Manifest
from cmp.index.json_document import (
    SCHEMA,
    check_identity,
    dump,
    format_time,
    load,
    parse_time,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from cmp.core.people import Instruction
    from cmp.core.record import History


def dump_manifest(manifest: Manifest, schema: int = SCHEMA) -> bytes:
    """Write a manifest."""
    return dump(
        {
            "epoch": manifest.epoch,
            "generation": manifest.generation,
            "time": format_time(manifest.time),
            "complete": manifest.complete,
        },
        schema,
    )


def load_manifest(data: bytes, *, where: str) -> Manifest:
    """Read a manifest; raise `IndexUnavailable` naming ``where``."""

    def build(document: Mapping[str, Any]) -> Manifest:
        return Manifest(
            epoch=str(document["epoch"]),
            generation=int(document["generation"]),
            time=parse_time(document["time"]),
            complete=document["complete"] is True,
        )

    return load(data, build, where)


def dump_application(record: ApplicationRecord, schema: int = SCHEMA) -> bytes:
    """Write an Application's record."""
    return dump(
        {
            "instance": record.instance,
            "application": record.application,
            "generation": record.generation,
            "sources": [_dump_source(source) for source in record.sources],
        },
        schema,
    )


def load_application(data: bytes, instance: str, *, where: str) -> ApplicationRecord:
    """Read the record of ``instance``; raise `IndexUnavailable` naming ``where``."""

    def build(document: Mapping[str, Any]) -> ApplicationRecord:
        check_identity(document["instance"], instance)
        return ApplicationRecord(
            instance=instance,
            application=str(document["application"]),
            generation=int(document["generation"]),
            sources=tuple(_load_source(source) for source in document["sources"]),
        )

    return load(data, build, where)


def dump_decision(decision: Recorded) -> dict[str, str]:
    """Return a recorded decision as it stands in a record and in the state."""
    return {
        "id": decision.id,
        "image": decision.repository.written,
        "tag": decision.tag,
        "digest": decision.digest,
        "fingerprint": decision.fingerprint,
        "chosen_under": decision.chosen_under,
        "since": format_time(decision.since),
        "why": decision.why,
        "held": decision.held,
        **({"created": format_time(decision.created)} if decision.created else {}),
        **({"by": decision.by} if decision.by else {}),
    }


def load_decision(document: Mapping[str, Any]) -> Recorded:
    """Read one recorded decision; raises as a mapping does that lacks a key."""
    return Recorded(
        id=str(document["id"]),
        repository=Repository.parse(document["image"]),
        tag=str(document["tag"]),
        digest=str(document.get("digest", "")),
        fingerprint=str(document["fingerprint"]),
        chosen_under=str(document.get("chosen_under", document["fingerprint"])),
        since=parse_time(document["since"]),
        why=str(document.get("why", "")),
        held=str(document.get("held", "")),
        created=parse_time(document["created"]) if "created" in document else None,
        by=str(document.get("by", "")),
    )


def _dump_source(record: SourceRecord) -> dict[str, Any]:
    return {
        "repo_url": record.source.repo_url,
        "path": record.source.path,
        "chart": record.source.chart,
        "target_revision": record.source.target_revision,
        "policy": dict(record.annotations),
        "parameters": dict(record.parameters),
        "decisions": {alias: dump_decision(d) for alias, d in record.decisions.items()},
        **({"instructions": _dump_told(record.instructions)} if record.instructions else {}),
    }


def _dump_told(instructions: Mapping[str, Instruction]) -> dict[str, Any]:
    from cmp.index.instruction_document import dump_instruction

    return {alias: dump_instruction(told) for alias, told in instructions.items()}


def _load_told(document: Mapping[str, Any]) -> dict[str, Instruction]:
    if not document:
        return {}
    from cmp.index.instruction_document import load_instruction

    return {alias: load_instruction(told) for alias, told in document.items()}


def _load_source(document: Mapping[str, Any]) -> SourceRecord:
    return SourceRecord(
        source=SourceId(
            repo_url=str(document["repo_url"]),
            path=str(document["path"]),
            chart=str(document.get("chart", "")),
            target_revision=str(document["target_revision"]),
        ),
        annotations=dict(document["policy"]),
        parameters=dict(document.get("parameters", {})),
        decisions={alias: load_decision(d) for alias, d in document["decisions"].items()},
        instructions=_load_told(document.get("instructions") or {}),
    )


def dump_history(history: History, schema: int = SCHEMA) -> bytes:
    """Write an Application's past decisions by alias, newest first."""
    decisions = {alias: [dump_decision(d) for d in past] for alias, past in history.items()}
    return dump({"decisions": decisions}, schema)


def load_history(data: bytes, *, where: str) -> History:
    """Read an Application's past decisions; raise `IndexUnavailable` naming ``where``."""

    def build(document: Mapping[str, Any]) -> History:
        return {
            alias: tuple(load_decision(decision) for decision in past)
            for alias, past in document["decisions"].items()
        }

    return load(data, build, where)
