"""``group``: images that move only together, to a version that all of them offer."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace

from cmp.core.decide import Decision, decide, kept_before
from cmp.core.policy import Policy
from cmp.core.record import Recorded
from cmp.core.selection import Selection
from cmp.core.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Member:
    """One image of a group, and what it would be by itself."""

    policy: Policy
    snapshot: Snapshot | None
    previous: Recorded | None
    decision: Decision | None
    """None when there is nothing to decide from."""


def agree(word: str, members: Mapping[str, Member]) -> dict[str, Decision | None]:
    """Return the decisions of a group's members, by alias.

    They move to the best version that all offer; where there is none, or one of them would
    not move to it, all stay as they are.
    """
    offers = {alias: _offer(member) for alias, member in members.items()}
    first, *others = offers.values()
    for version in first:
        if all(version in offer for offer in others):
            decided = {alias: _at(member, version) for alias, member in members.items()}
            if all(_label(members[alias], d) == version for alias, d in decided.items()):
                why = f"newest that group {word} offers together"
                return {alias: replace(d, why=why) for alias, d in decided.items()}
            break
    held = f"group {word}: {', '.join(members)} offer no newer version together"
    return {
        alias: kept_before(member.previous, member.decision, held) if member.decision else None
        for alias, member in members.items()
    }


def _offer(member: Member) -> list[Hashable]:
    """Return the versions that a member may have, best first."""
    decision = member.decision
    if decision is None:
        return []
    label = Selection.of(member.policy).label
    is_fixed = decision.held or decision.pinned
    names: Iterable[str] = (decision.tag,) if is_fixed and decision.tag else decision.kept
    return list(dict.fromkeys(map(label, names)))


def _at(member: Member, version: Hashable) -> Decision:
    """Decide among the tags of one version."""
    if member.snapshot is None:
        raise ValueError("a member without a snapshot offers nothing")
    label = Selection.of(member.policy).label
    tags = {name: tag for name, tag in member.snapshot.tags.items() if label(name) == version}
    snapshot = replace(member.snapshot, tags=tags)
    return decide(member.policy, snapshot.repository, snapshot, member.previous)


def _label(member: Member, decision: Decision) -> Hashable:
    return Selection.of(member.policy).label(decision.tag) if decision.tag else None
