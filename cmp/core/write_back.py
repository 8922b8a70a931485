"""``write-back-method``: where a decision is written, besides the index.

The forms are argocd-image-updater's (its docs, "Update methods"). Ours is `live`, which is also
what an empty value means: there it is `argocd`, and an owner who never wrote the key did not ask
for a spec that changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.keys import REQUIRE_AUTO_SYNC, WRITE_BACK_METHOD, nearest
from cmp.core.policy import is_true
from cmp.errors import InvalidPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

LIVE = "live"
ARGOCD = "argocd"
GIT = "git"
_METHODS = (LIVE, ARGOCD, GIT)


def method(keys: Mapping[str, str]) -> str:
    """Return ``live``, ``argocd`` or ``git``, however the latter is written.

    Raises `InvalidPolicy` naming the key.
    """
    written = keys.get(WRITE_BACK_METHOD, "").strip()
    name, separator, credentials = written.partition(":")
    if written and (name not in _METHODS or (separator and name != GIT)):
        raise InvalidPolicy(
            f"no method {written!r}; use one of: {', '.join(_METHODS)}{nearest(name, _METHODS)}",
            where=WRITE_BACK_METHOD,
        )
    if separator and credentials != "repocreds" and not credentials.startswith("secret:"):
        raise InvalidPolicy(
            f"no credentials {credentials!r}; write git, git:repocreds or "
            "git:secret:<namespace>/<name>",
            where=WRITE_BACK_METHOD,
        )
    return name or LIVE


def native_method(keys: Mapping[str, str]) -> str:
    """Return ``argocd`` or ``git``, of an Application that our plugin does not render.

    Without the key ``argocd``, as argocd-image-updater has it. Raises `InvalidPolicy` as `method`
    does, and for ``live``: nothing of ours is in the render.
    """
    if not keys.get(WRITE_BACK_METHOD, "").strip():
        return ARGOCD
    found = method(keys)
    if found == LIVE:
        raise InvalidPolicy(
            f"{LIVE} is for what our plugin renders, and this Application is native; write "
            f"{ARGOCD} or {GIT}, or have the plugin render it",
            where=WRITE_BACK_METHOD,
        )
    return found


def requires_auto_sync(keys: Mapping[str, str]) -> bool:
    """Tell whether a native Application is left alone that does not sync by itself: by default.

    Raises `InvalidPolicy` naming the key.
    """
    return not keys.get(REQUIRE_AUTO_SYNC, "").strip() or is_true(keys, REQUIRE_AUTO_SYNC)
