"""What a mirror acknowledges, as a JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.index import Acknowledged
from cmp.index.json_document import OLDEST, dump, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def dump_ack(acknowledged: Acknowledged) -> bytes:
    """Write what a mirror has; of its Pod only the key speaks."""
    return dump(
        {
            "epoch": acknowledged.epoch,
            "generation": acknowledged.generation,
            "readable": acknowledged.schema,
            **({"tools": acknowledged.tools} if acknowledged.tools else {}),
        },
        OLDEST,  # a refresher of before has to learn what a new mirror can read
    )


def load_ack(data: bytes, pod: str, *, where: str) -> Acknowledged:
    """Read what the mirror in ``pod`` has; raise `IndexUnavailable` naming ``where``."""

    def build(document: Mapping[str, Any]) -> Acknowledged:
        return Acknowledged(
            pod=pod,
            epoch=str(document["epoch"]),
            generation=int(document["generation"]),
            schema=int(document["readable"]),
            tools=str(document.get("tools", "")),
        )

    return load(data, build, where)
