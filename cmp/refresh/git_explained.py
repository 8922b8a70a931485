"""Why an Application gets the images that it is to get: the table of `explain`, for a reviewer."""

from collections.abc import Iterator, Mapping

from cmp.core.decide import decide
from cmp.core.image import Repository
from cmp.core.image_list import ManagedImage, read_image_list
from cmp.core.snapshot import Snapshot
from cmp.core.verdicts import table, verdicts
from cmp.errors import CmpError
from cmp.refresh.wanted import Wanted, WantedImage


def explained(wanted: Wanted, snapshots: Mapping[Repository, Snapshot | None]) -> str:
    """Return the lines for each image: what is chosen, why, and what became of the other tags."""
    managed = {
        (source, image.alias): image
        for source, keys in wanted.in_git.items()
        for image in read_image_list(keys).images
    }
    lines = (
        line
        for image in wanted.images
        for line in _lines(
            image, managed.get((image.source, image.alias)), snapshots.get(image.repository)
        )
    )
    return "\n".join(lines)


def _lines(
    image: WantedImage, managed: ManagedImage | None, snapshot: Snapshot | None
) -> Iterator[str]:
    decision = image.decision
    yield f"{image.name}: {image.reference}"
    if managed:
        yield f"  policy  {managed.policy.fingerprint()}"
    yield f"  chosen  since {decision.since.isoformat()} ({decision.id}): {decision.why}"
    if managed is None or snapshot is None:
        return
    try:
        found = verdicts(decide(managed.policy, image.repository, snapshot, decision))
    except CmpError as error:
        yield f"  problem {error}"
        return
    yield f"  tags    listed {snapshot.listed_at.isoformat()}"
    yield from (f"    {line}" for line in table(found))
