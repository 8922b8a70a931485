"""What a store says of itself, and its mirrors of what they have."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cmp.diagnosis.facts import REFRESHER, Unread
from cmp.errors import CmpError
from cmp.index import open_index

if TYPE_CHECKING:
    from cmp.index import Acknowledged, Manifest
    from cmp.index.protocols import Store

_LOOKS, _PAUSE_S = 5, 1.0
"""A mirror copies within half a second."""


def of_store(url: str, env: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Unread]]:
    """Return the fields of `Facts` that a store tells, and of the others why it does not."""
    fields = ("manifest", "mirrors")
    if not url:
        why = (
            "no store was named: --store URL; or ask in a Pod of the refresher, which knows it: "
            f"kubectl exec deploy/{REFRESHER} -- python3 -I -m cmp doctor"
        )
        return {}, dict.fromkeys(fields, Unread(why))
    store = open_index(url, env)
    try:
        manifest, mirrors = _agreed(store)
    except CmpError as error:
        return {}, dict.fromkeys(fields, Unread(str(error), is_silence=True))
    if url.startswith("file:"):
        return {"manifest": manifest}, {"mirrors": Unread("a directory has no mirrors")}
    return {"manifest": manifest, "mirrors": mirrors}, {}


def _agreed(store: "Store") -> "tuple[Manifest | None, tuple[Acknowledged, ...]]":
    """Return manifest and mirrors, when all have it or have had the time to."""
    manifest, mirrors = store.manifest(), store.mirrors()
    for _ in range(_LOOKS):
        if manifest is None or all((m.epoch, m.generation) == manifest[:2] for m in mirrors):
            break
        time.sleep(_PAUSE_S)
        manifest, mirrors = store.manifest(), store.mirrors()
    return manifest, mirrors
