"""``group``: images that move only together, to a version that all of them offer."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace

from cmp.core.decide import Decision, decide, kept_before
from cmp.core.obey import obeyed
from cmp.core.people import Instruction
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
    instruction: Instruction | None = None


def agree(word: str, members: Mapping[str, Member]) -> dict[str, Decision | None]:
    """Return the decisions of a group's members, by alias.

    They move to the best version that all offer; where there is none, or one of them would
    not move to it, all stay as they are.
    """
    offers = {alias: _versions(member) for alias, member in members.items()}
    first, *others = offers.values()
    agreed = next((v for v in first if all(v in offer for offer in others)), None)
    if agreed is None:
        stuck = {a: m.decision for a, m in members.items() if m.decision and m.decision.held}
        return _kept(
            members, {a: m.decision for a, m in members.items()}, _why(word, stuck, members)
        )
    decided = {alias: _among(member, offers[alias][agreed]) for alias, member in members.items()}
    stuck = {a: d for a, d in decided.items() if d.tag not in offers[a][agreed]}
    if stuck:
        return _kept(members, decided, _why(word, stuck, members))
    why = f"newest that group {word} offers together"
    return {alias: d if d.by else replace(d, why=why) for alias, d in decided.items()}


def _kept(
    members: Mapping[str, Member], decisions: Mapping[str, Decision | None], why: str
) -> dict[str, Decision | None]:
    """Return the decisions with what was chosen before, but for what is pinned."""
    kept: dict[str, Decision | None] = {}
    for alias, member in members.items():
        decision = decisions[alias]
        if decision is not None and not decision.pinned:
            decision = kept_before(member.previous, decision, why)
        kept[alias] = decision
    return kept


def _why(word: str, stuck: Mapping[str, Decision], members: Iterable[str]) -> str:
    reasons = [f"{alias}: {decision.held or decision.why}" for alias, decision in stuck.items()]
    if not reasons:
        return f"group {word}: {', '.join(members)} offer no newer version together"
    return f"group {word}: {'; '.join(reasons)}"


def _versions(member: Member) -> dict[Hashable, tuple[str, ...]]:
    """Return the versions that a member may have, best first, each with its tags."""
    decision = member.decision
    if decision is None:
        return {}
    label = Selection.of(member.policy).label
    is_fixed = (decision.held and not decision.lacks_digest) or decision.pinned
    names: Iterable[str] = (decision.tag,) if is_fixed and decision.tag else decision.kept
    versions: dict[Hashable, list[str]] = {}
    for name in names:
        version = label(name)
        if version is not None:
            versions.setdefault(version, []).append(name)
    return {version: tuple(tags) for version, tags in versions.items()}


def _among(member: Member, names: tuple[str, ...]) -> Decision:
    """Decide among the tags of one version."""
    if member.snapshot is None:
        raise ValueError("a member without a snapshot offers nothing")
    policy, snapshot, previous = member.policy, member.snapshot, member.previous
    decision = decide(policy, snapshot.repository, snapshot, previous, among=names)
    return obeyed(decision, policy, snapshot, previous, member.instruction)
