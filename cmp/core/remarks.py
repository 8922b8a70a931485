"""What an owner should hear of a policy that can be used, and may not do what they think."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.policy import (
    ALPHABETICAL,
    DIGEST,
    DIGEST_OFF,
    DIGEST_WITH_TAG,
    FIRST_SEEN,
    NEWEST_BUILD,
)

if TYPE_CHECKING:
    from cmp.core.policy import Policy

_WITHOUT_CONSTRAINT = (ALPHABETICAL, FIRST_SEEN, NEWEST_BUILD)


def remarks(policy: Policy) -> tuple[str, ...]:
    """Return one sentence for each part of ``policy`` that has no effect.

    No errors: such policies work today, in argocd-image-updater, which says nothing of them.
    """
    found: list[str] = []
    if policy.ignore_tags:
        from cmp.core.filters import malformed_globs

        found += malformed_globs(policy)
    if policy.order and not policy.version:
        found.append("order has no effect: it is about the groups of version, and there is none")
    if policy.follow and policy.strategy != DIGEST:
        found.append(f"follow has no effect with the strategy {policy.strategy}, only with digest")
    if policy.constraint and policy.strategy in _WITHOUT_CONSTRAINT:
        found.append(
            f"the constraint {policy.constraint!r} has no effect with the strategy "
            f"{policy.strategy}; allow-tags says which tags are allowed"
        )
    if policy.constraint and policy.follow and policy.strategy == DIGEST:
        found.append(f"the constraint {policy.constraint!r} has no effect beside follow")
    names_digest = policy.digest or (DIGEST_WITH_TAG if policy.strategy == DIGEST else DIGEST_OFF)
    if policy.min_age and names_digest != DIGEST_OFF:
        found.append("min-age is the tag's: what is pushed again under it is taken at once")
    return tuple(found)
