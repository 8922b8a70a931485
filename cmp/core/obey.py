"""A decision as people have it: what they told the refresher goes before the policy."""

from dataclasses import replace

from cmp.core.decide import Decision, kept_before, pinned
from cmp.core.instructions import Pin
from cmp.core.people import HOLD, PERSON, ROLLBACK, Instruction, Rejected
from cmp.core.policy import Policy
from cmp.core.reasons import Reason
from cmp.core.record import Recorded
from cmp.core.selection import Selection
from cmp.core.snapshot import Snapshot, Tag
from cmp.core.strategies import Rank


def obeyed(
    decision: Decision,
    policy: Policy,
    snapshot: Snapshot,
    previous: Recorded | None,
    instruction: Instruction | None,
) -> Decision:
    """Return what becomes of ``decision``, made by ``policy``, when a person says otherwise.

    A rollback gives way to a candidate that is newer than what was rejected. What has ended,
    by its time or by `is_over`, must not be given.
    """
    if instruction is None:
        return decision
    selection = Selection.of(policy)
    bare = Decision(
        None,
        None,
        "",
        follows_tag=selection.pins_digest,
        ranked=decision.ranked,
        dropped=decision.dropped,
        by=PERSON,
    )
    if instruction.kind == HOLD:
        return kept_before(previous, bare, instruction.why)
    named = Pin(instruction.tag, instruction.digest, None)
    told = pinned(selection, named, snapshot, previous, bare)
    told = replace(told, why=instruction.why) if told.pinned else told
    if instruction.kind == ROLLBACK and instruction.rejected:
        rejected = instruction.rejected
        found = _is_newer(selection, snapshot, rejected, decision.tag or "", decision.digest or "")
        if found and not decision.held and not _is_target(instruction, decision):
            return decision
        if previous and previous.tag == told.tag and not told.held:
            # The digest it lacks may show that there is something newer.
            return replace(told, lacks_digest=decision.lacks_digest)
    return told


def is_over(
    instruction: Instruction, policy: Policy, snapshot: Snapshot, previous: Recorded | None
) -> bool:
    """Tell whether a rollback has ended: what was chosen since is newer than what was rejected.

    From then on it says no more, even if that is taken from the registry again.
    """
    rejected = instruction.rejected
    if rejected is None or previous is None or not previous.tag:
        return False
    if (previous.tag, previous.digest) == (instruction.tag, instruction.digest):
        return False
    return _is_newer(Selection.of(policy), snapshot, rejected, previous.tag, previous.digest)


def _is_target(instruction: Instruction, decision: Decision) -> bool:
    return (decision.tag, decision.digest or "") == (instruction.tag, instruction.digest)


def _is_newer(
    selection: Selection, snapshot: Snapshot, rejected: Rejected, tag: str, digest: str
) -> bool:
    """Tell whether a choice ranks above what was rejected, or is another push of its tag."""
    if tag == rejected.tag:
        return bool(digest and rejected.digest) and digest != rejected.digest
    floor = _rank(selection, snapshot, rejected)
    place = selection.rank(snapshot.tags.get(tag) or Tag(tag))
    if isinstance(place, Reason) or isinstance(floor, Reason) or not tag:
        return False
    return place[:-1] > floor[:-1]


def _rank(selection: Selection, snapshot: Snapshot, rejected: Rejected) -> Rank | Reason:
    place = selection.rank(snapshot.tags.get(rejected.tag) or Tag(rejected.tag))
    is_by_time = selection.strategy.ranks_by_time and rejected.created is not None
    return (rejected.created, rejected.tag) if isinstance(place, Reason) and is_by_time else place
