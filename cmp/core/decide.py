"""The decision: which tag, and why no other."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from cmp.core.filters import Filter, tag_filter
from cmp.core.image import Repository
from cmp.core.policy import Policy
from cmp.core.record import Recorded
from cmp.core.snapshot import Snapshot, Tag
from cmp.core.strategies import Need, Rank, Ranker, Strategy, strategy


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
    """When the chosen image was built, where that is what tags are ordered by."""
    ranked: tuple[tuple[Rank, str], ...] = ()
    """The tags that qualify, with what they are ordered by, in no order."""
    dropped: Mapping[str, str] = field(default_factory=dict)
    """Each other tag, with the rule that dropped it."""

    @property
    def kept(self) -> tuple[str, ...]:
        """The tags that qualify, best first."""
        return tuple(name for _, name in sorted(self.ranked, reverse=True))


@dataclass(frozen=True, slots=True)
class Selection:
    """A policy compiled: what it drops, and the order of the rest."""

    strategy: Strategy
    why_not: Filter
    rank: Ranker

    @classmethod
    def of(cls, policy: Policy) -> "Selection":
        """Compile ``policy``; raise `InvalidPolicy` naming the key that is wrong."""
        chosen = strategy(policy.strategy)
        return cls(chosen, tag_filter(policy), chosen.ranker(policy))


def decide(
    policy: Policy, repository: Repository, snapshot: Snapshot, previous: Recorded | None = None
) -> Decision:
    """Choose the best tag of ``snapshot`` that ``policy`` allows.

    A decision does not move backwards by itself: while the policy stays the same, a tag
    ranked below ``previous`` is not taken, and a chosen tag that is gone is held. When no
    tag qualifies, or not enough is known yet, ``previous`` stands, whatever policy it was
    made under.

    Raises:
        InvalidPolicy: an expression or constraint of ``policy`` cannot be read.
        ValueError: the snapshot is of another repository (a caller's bug).
    """
    if snapshot.repository != repository:
        raise ValueError(f"a snapshot of {snapshot.repository} cannot decide {repository}")
    selection = Selection.of(policy)
    if previous is not None and (previous.repository != repository or not previous.tag):
        previous = None
    ranked, dropped = _sift(selection, snapshot)
    unread = _unread(selection, snapshot, policy.platforms)
    if unread:
        why = (
            f"the build times of {len(unread)} of its tags are not known yet, as of {unread[0]}; "
            "if one can never be read, ignore-tags passes over it"
        )
        nothing = Decision(None, None, why, ranked=tuple(ranked), dropped=dropped)
        return _keep(previous, nothing, why)
    if not ranked:
        why = f"none of {len(snapshot.tags)} tags qualifies" if snapshot.tags else "no tags"
        return _keep(previous, Decision(None, None, why, dropped=dropped), why)
    best_rank = max(ranked)
    best = snapshot.tags[best_rank[1]]
    decision = Decision(
        tag=best.name,
        digest=best.digest if selection.strategy.pins_digest else None,
        why=_why(selection.strategy, len(ranked)),
        created=best_rank[0][0] if selection.strategy.ranks_by_creation else None,
        ranked=tuple(ranked),
        dropped=dropped,
    )
    if previous is None or previous.chosen_under != policy.fingerprint():
        return decision
    held = _floor(selection, snapshot, previous, best_rank)
    return _keep(previous, decision, held) if held else decision


def verdicts(decision: Decision) -> list[dict[str, str]]:
    """Return what became of each tag: those that qualify first, best first."""
    kept = decision.kept
    return [
        *({"tag": name, **_verdict(name, decision)} for name in kept),
        *({"tag": n, "verdict": "dropped", "reason": why} for n, why in decision.dropped.items()),
    ]


def _verdict(name: str, decision: Decision) -> dict[str, str]:
    if name == decision.tag:
        return {"verdict": "chosen", "reason": decision.why}
    if decision.held or decision.tag is None:
        return {"verdict": "kept", "reason": f"not taken: {decision.held or decision.why}"}
    return {"verdict": "kept", "reason": f"ranks below {decision.tag}"}


def needed_tags(policy: Policy, need: Need, names: Mapping[str, Tag]) -> tuple[str, ...]:
    """Return the tags of which ``policy`` cannot decide without knowing ``need``."""
    selection = Selection.of(policy)
    if need not in selection.strategy.needs:
        return ()
    if selection.strategy.pins_digest:
        return tuple(name for name in (policy.constraint,) if name in names)
    return tuple(name for name in names if not selection.why_not(name))


def _sift(
    selection: Selection, snapshot: Snapshot
) -> tuple[list[tuple[Rank, str]], dict[str, str]]:
    ranked: list[tuple[Rank, str]] = []
    dropped: dict[str, str] = {}
    why_not, rank = selection.why_not, selection.rank
    for name, tag in snapshot.tags.items():
        reason = why_not(name)
        if reason:
            dropped[name] = reason
            continue
        place = rank(tag)
        if isinstance(place, str):
            dropped[name] = place
        else:
            ranked.append((place, name))
    return ranked, dropped


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
    if Need.CREATED not in selection.strategy.needs:
        return ()
    unread = (name for name, tag in snapshot.tags.items() if not tag.is_read(platforms))
    return tuple(name for name in unread if not selection.why_not(name))


def _floor(
    selection: Selection, snapshot: Snapshot, previous: Recorded, best: tuple[Rank, str]
) -> str:
    """Return why ``previous`` stays although ``best`` is the best there is, or nothing."""
    if previous.tag == best[1]:
        return ""
    present = snapshot.tags.get(previous.tag)
    gone = "" if present else f"{previous.tag} is no longer in the registry, and "
    place = selection.rank(present or Tag(previous.tag))
    if isinstance(place, str) and previous.created is not None:
        place = (previous.created, previous.tag)
    if isinstance(place, str):
        return f"{previous.tag} can no longer be ranked: {place}"
    if best[0] > place:
        return ""
    return f"{gone}{best[1]} would be a step back from {previous.tag}"


def _keep(previous: Recorded | None, decision: Decision, held: str) -> Decision:
    """Return ``decision`` with what was chosen before, if anything was."""
    if previous is None:
        return decision
    return replace(
        decision,
        tag=previous.tag,
        digest=previous.digest or None,
        why=previous.why,
        held=held,
        created=previous.created,
    )
