"""The floor of an image of which nothing is known but what Argo CD says it synced."""

from collections.abc import Iterable
from datetime import datetime

from cmp.core.image import Image
from cmp.core.image_list import ManagedImage
from cmp.core.reasons import Reason
from cmp.core.record import Recorded
from cmp.core.selection import Selection
from cmp.core.snapshot import Snapshot, Tag
from cmp.errors import InvalidPolicy
from cmp.refresh.decisions import decision_id


def restored(
    image: ManagedImage,
    deployed: Iterable[Image],
    snapshot: Snapshot | None,
    instance: str,
    now: datetime,
) -> Recorded | None:
    """Return a decision for the highest of the ``deployed`` images that the policy admits.

    A decision that was lost is found again so, and a new policy begins at what runs, rather
    than below it. One that the policy drops, or cannot rank, is no floor: its owner wants
    another.
    """
    try:
        selection = Selection.of(image.policy)
    except InvalidPolicy:
        return None
    ranked = []
    for found in deployed:
        tag = _named(found, snapshot)
        place = selection.rank(tag)
        if tag.name and not selection.why_not(tag.name) and not isinstance(place, Reason):
            ranked.append((place, tag.name, found.digest or ""))
    if not ranked:
        return None
    place, tag_name, digest = max(ranked)
    return Recorded(
        id=decision_id(instance, image, tag_name, digest, now),
        repository=image.repository,
        tag=tag_name,
        digest=digest if selection.pins_digest else "",
        fingerprint=image.policy.fingerprint(),
        chosen_under=image.policy.floor_key(),
        since=now,
        why="what Argo CD synced last",
        created=place[0] if selection.strategy.ranks_by_time else None,
    )


def _named(deployed: Image, snapshot: Snapshot | None) -> Tag:
    """Return the tag of what is deployed; by the digest where that is all there is."""
    tags = snapshot.tags if snapshot else {}
    if deployed.tag:
        return tags.get(deployed.tag) or Tag(deployed.tag, digest=deployed.digest)
    same = (tag for tag in tags.values() if tag.digest and tag.digest == deployed.digest)
    return next(same, Tag(""))
