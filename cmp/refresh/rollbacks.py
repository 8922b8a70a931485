"""Argo CD's own rollbacks: an operation whose source is neither the spec's nor one of ours.

What it brought back stays, as `python -m cmp rollback` has it (design §6). Where history has the
spec's own source, a sync of that renders the images there are now: nothing came back then.
"""

from collections.abc import Iterator
from datetime import datetime

from cmp.core.image import reference_suffix
from cmp.core.keys import IMAGE_LOCK
from cmp.core.lock import Locked, parse_lock
from cmp.core.parameters import parse_parameters
from cmp.core.people import ROLLBACK, Instruction, Rejected
from cmp.errors import CmpError
from cmp.refresh.observed import Observed
from cmp.refresh.wanted import Wanted, WantedImage


def rolled_back(app: Observed, wanted: Wanted, now: datetime) -> dict[str, Instruction]:
    """Return, by their names, which images a rollback in Argo CD brought back.

    One that was decided after the operation began is left alone: it was not there to be
    rejected.
    """
    operation = app.operation
    if not operation.restored or not operation.is_over or operation.phase != "Succeeded":
        return {}
    return {
        image.name: rollback(
            image, Locked(tag, digest), operation.username, "rolled back in Argo CD", now
        )
        for image, tag, digest in _brought_back(app, wanted)
    }


def rollback(
    image: WantedImage, back: Locked, username: str, reason: str, now: datetime
) -> Instruction:
    """Return what somebody says who takes an image back, without saying it to us."""
    return Instruction(
        ROLLBACK,
        by=username or "somebody",
        at=now,
        tag=back.tag,
        digest=back.digest,
        reason=reason,
        rejected=Rejected(image.decision.tag, image.decision.digest, image.decision.created),
    )


def in_vain(app: Observed, wanted: Wanted) -> str:
    """Return what to tell people of a rollback that brought nothing back, or nothing."""
    operation = app.operation
    began = operation.started_at
    if not operation.is_in_vain or not operation.is_over or operation.phase != "Succeeded":
        return ""
    same = [i.reference for i in wanted.images if began and i.decision.since < began]
    if not same:
        return ""
    return (
        f"{', '.join(same)}: rolled back in Argo CD to the spec's own source, which is rendered "
        f"with the images chosen now; to go back: python -m cmp rollback {app.application}"
    )


def describe_rollback(image: WantedImage, told: Instruction) -> str:
    """Return what people read of it."""
    back = f"{image.repository.written}{reference_suffix(told.tag, told.digest)}"
    return (
        f"{image.reference} → {back}: {told.why}; it stays until there is a candidate newer than "
        f"{image.decision.tag}, or `python -m cmp release`"
    )


def _brought_back(app: Observed, wanted: Wanted) -> Iterator[tuple[WantedImage, str, str]]:
    began = app.operation.started_at
    locked = _locked(app)
    for image in wanted.images:
        decision = image.decision
        if began is None or decision.since >= began or decision.by:
            continue
        found = locked.get(image.alias) or _deployed(app, image)
        if found and found[0] and (found != (decision.tag, decision.digest)):
            yield image, *found


def _locked(app: Observed) -> dict[str, tuple[str, str]]:
    """Return what the operation's sources say outright, where no two say it of one alias."""
    found: dict[str, tuple[str, str]] = {}
    for source in app.operation.restored:
        try:
            parameters = parse_parameters((source.get("plugin") or {}).get("parameters"))
            lock = parse_lock(parameters.get(IMAGE_LOCK, {}))
        except CmpError:
            continue
        for alias, locked in lock.items():
            found[alias] = ("", "") if alias in found else (locked.tag, locked.digest)
    return found


def _deployed(app: Observed, image: WantedImage) -> tuple[str, str] | None:
    """Return what the operation applied of an image's repository, where that is one thing."""
    images = set(app.synced(image.repository))
    if len(images) != 1:
        return None
    (found,) = images
    digest = (found.digest or "") if image.decision.digest else ""
    return found.tag or "", digest
