"""``write-back-method``: where a decision is written, besides the index.

The forms are argocd-image-updater's (its docs, "Update methods"). Ours is `live`, which is also
what an empty value means: there it is `argocd`, and an owner who never wrote the key did not ask
for a spec that changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.keys import WRITE_BACK_METHOD, nearest
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
