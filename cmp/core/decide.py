"""The decision: which tag, and why no other."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cmp.core.image import Repository
from cmp.core.instructions import Pin, is_in_force
from cmp.core.policy import Policy
from cmp.core.reasons import Reason
from cmp.core.record import Recorded
from cmp.core.selection import Ranked, Selection
from cmp.core.snapshot import Snapshot, Tag
from cmp.core.strategies import Rank, Strategy, strategy


@dataclass(frozen=True, slots=True)
class Decision:
    """What was chosen from a snapshot, and what became of every tag in it."""

    tag: str | None
    """None when no tag qualifies and nothing was chosen before."""
    digest: str | None
    why: str
    held: str = ""
    """Why an earlier choice is kept although the snapshot alone would not lead to it."""
    created: datetime | None = None
    """When the chosen image was built or first seen, where tags are ordered by that."""
    lacks_digest: str = ""
    """The tag that would be chosen if its digest were known, which the decision has to name."""
    follows_tag: bool = False
    """It names the digest of a tag, which may become another one."""
    pinned: bool = False
    """Chosen by its owner outright: no floor for what is chosen once the pin has ended."""
    by: str = ""
    """`PERSON` where it is as a person told the refresher, whatever the policy says."""
    ranked: tuple[Ranked, ...] = ()
    """The tags that qualify, with what they are ordered by, in no order."""
    dropped: Mapping[str, Reason] = field(default_factory=dict)
    """Each other tag, with the rule that dropped it."""

    @property
    def kept(self) -> tuple[str, ...]:
        """The tags that qualify, best first."""
        return tuple(name for _, name in sorted(self.ranked, reverse=True))


def decide(
    policy: Policy,
    repository: Repository,
    snapshot: Snapshot,
    previous: Recorded | None = None,
    among: Collection[str] | None = None,
) -> Decision:
    """Choose the best tag of ``snapshot`` that ``policy`` allows.

    A decision does not move backwards by itself: while the policy stays the same, a tag
    ranked below ``previous`` is not taken, and a chosen tag that is gone is held. When no
    tag qualifies, or not enough is known yet, ``previous`` stands, whatever policy it was
    made under. With ``among``, no other tag is a candidate.

    Raises:
        InvalidPolicy: an expression or constraint of ``policy`` cannot be read.
        ValueError: the snapshot is of another repository (a caller's bug).
    """
    if snapshot.repository != repository:
        raise ValueError(f"a snapshot of {snapshot.repository} cannot decide {repository}")
    selection = Selection.of(policy)
    if previous is not None and (previous.repository != repository or not previous.tag):
        previous = None
    floor = _place(policy, selection, snapshot, previous) if previous else None
    ranked, dropped = selection.sift(snapshot, None if isinstance(floor, Reason) else floor)
    if among is not None:
        ranked = [place for place in ranked if place[1] in among]
    follows_tag = selection.pins_digest
    found = Decision(None, None, "", follows_tag=follows_tag, ranked=tuple(ranked), dropped=dropped)
    instructed = _instructed(selection, snapshot, previous, found)
    if instructed:
        return instructed
    why = _why_nothing(selection, snapshot, found, policy.platforms)
    if why:
        return kept_before(previous, found, why)
    best_rank = _best(ranked, previous)
    best = snapshot.tags[best_rank[1]]
    if selection.pins_digest and not best.digest:
        return _without_digest(previous, found, best.name)
    decision = replace(
        found,
        tag=best.name,
        digest=best.digest if selection.pins_digest else None,
        why=_why(selection.strategy, len(ranked)),
        created=best_rank[0][0] if selection.strategy.ranks_by_time else None,
    )
    is_bound = previous is not None and previous.chosen_under == policy.floor_key()
    if previous is None or floor is None or policy.allow_downgrade or not is_bound:
        return decision
    held = _floor(snapshot, previous, floor, best_rank)
    return kept_before(previous, decision, held) if held else decision


def _instructed(
    selection: Selection, snapshot: Snapshot, previous: Recorded | None, found: Decision
) -> Decision | None:
    """Return what the owner says outright, where a pin or a hold is in force."""
    pin, hold = selection.pin, selection.hold
    if pin and is_in_force(pin.until, snapshot.listed_at):
        return pinned(selection, pin, snapshot, previous, found)
    if hold and is_in_force(hold.until, snapshot.listed_at):
        return kept_before(previous, found, f"on hold: {hold.reason}" if hold.reason else "on hold")
    return None


def _why_nothing(
    selection: Selection, snapshot: Snapshot, found: Decision, platforms: tuple[str, ...]
) -> str:
    """Return why nothing can be chosen from the snapshot, or nothing."""
    unread = _unread(selection, snapshot, platforms)
    if unread:
        return (
            f"the build times of {len(unread)} of its tags are not known yet, as of {unread[0]}; "
            "if one can never be read, ignore-tags passes over it"
        )
    if found.ranked:
        return ""
    return f"none of {len(snapshot.tags)} tags qualifies" if snapshot.tags else "no tags"


def _best(ranked: Sequence[Ranked], previous: Recorded | None) -> Ranked:
    """Return the best; of equally good ones the present one, else the last by name."""
    best = max(ranked)
    if previous is not None:
        for place in ranked:
            if place[1] == previous.tag and place[0][:-1] == best[0][:-1]:
                return place
    return best


def _without_digest(previous: Recorded | None, found: Decision, tag: str) -> Decision:
    held = f"the digest of {tag} is not known yet"
    return replace(kept_before(previous, found, held), lacks_digest=tag)


def pinned(
    selection: Selection,
    pin: Pin,
    snapshot: Snapshot,
    previous: Recorded | None,
    found: Decision,
) -> Decision:
    """Return ``found`` with what a pin names; what was before, where its digest is not known."""
    digest = pin.digest
    if digest:
        found = replace(found, follows_tag=False)
    elif selection.pins_digest:
        if pin.tag not in snapshot.tags:
            held = f"{pin.tag} is not listed, so its digest is not known: pin {pin.tag}@sha256:…"
            return kept_before(previous, found, held)
        digest = snapshot.tags[pin.tag].digest or ""
        if not digest:
            return _without_digest(previous, found, pin.tag)
    until = f" until {pin.until.isoformat()}" if pin.until else ""
    return replace(found, tag=pin.tag, digest=digest or None, why=f"pinned{until}", pinned=True)


def tags_to_describe(policy: Policy, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the tags that may be chosen where that depends on what their manifests say."""
    if not strategy(policy.strategy).needs_created:
        return ()
    selection = Selection.of(policy)
    return tuple(name for name in snapshot.tags if not selection.why_not(name))


def _why(chosen: Strategy, count: int) -> str:
    if chosen.pins_digest:
        return chosen.picks
    return f"{chosen.picks} of {count} allowed tag{'s' if count > 1 else ''}"


def _unread(
    selection: Selection, snapshot: Snapshot, platforms: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the admitted tags of which nobody has read what the strategy orders by.

    Deciding among the others could lead back: the missing answer may be the newest.
    """
    if not selection.strategy.needs_created:
        return ()
    unread = (name for name, tag in snapshot.tags.items() if not tag.is_read(platforms))
    return tuple(name for name in unread if not selection.why_not(name))


def _place(
    policy: Policy, selection: Selection, snapshot: Snapshot, previous: Recorded
) -> Rank | Reason:
    """Return the rank of what was chosen before, present or gone, or why it has none."""
    place = selection.rank(snapshot.tags.get(previous.tag) or Tag(previous.tag))
    # The time may be of another kind: built, or first seen.
    is_same = previous.chosen_under.partition(";")[0] == policy.strategy
    if isinstance(place, Reason) and is_same and previous.created is not None:
        return (previous.created, previous.tag)
    return place


def _floor(snapshot: Snapshot, previous: Recorded, floor: Rank | Reason, best: Ranked) -> str:
    """Return why ``previous`` stays although ``best`` is the best there is, or nothing."""
    if previous.tag == best[1]:
        return ""
    gone = (
        ""
        if previous.tag in snapshot.tags
        else (f"{previous.tag} is no longer in the registry, and ")
    )
    if isinstance(floor, Reason):
        return f"{previous.tag} can no longer be ranked: {floor}"
    if best[0] > floor:
        return ""
    return f"{gone}{best[1]} would be a step back from {previous.tag}"


def kept_before(previous: Recorded | None, decision: Decision, held: str) -> Decision:
    """Return ``decision`` with what was chosen before instead, if anything was."""
    if previous is None:
        return replace(decision, tag=None, digest=None, why=held)
    return replace(
        decision,
        tag=previous.tag,
        digest=previous.digest or None,
        why=previous.why,
        held=held,
        created=previous.created,
    )
