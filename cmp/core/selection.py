"""A policy compiled: what it drops, and the order of the rest."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cmp.core.duration import parse_duration
from cmp.core.filters import Filter, tag_filter
from cmp.core.instructions import Hold, Pin, is_hold
from cmp.core.order import Order
from cmp.core.policy import DIGEST, DIGEST_OFF, Policy
from cmp.core.reasons import Reason
from cmp.core.snapshot import Snapshot, Tag
from cmp.core.strategies import Rank, Ranker, Strategy, strategy
from cmp.errors import InvalidInput, InvalidPolicy

Ranked = tuple[Rank, str]
"""What a tag is ordered by, the tie of equal ones last; and its name."""


@dataclass(frozen=True, slots=True)
class Selection:
    """All rules of one policy, ready to be used on a snapshot."""

    strategy: Strategy
    why_not: Filter
    rank: Ranker
    label: Callable[[str], Hashable]
    """Of a tag's name: the version that the members of a group have to agree on."""
    pin: Pin | None
    hold: Hold | None
    min_age: timedelta
    pins_digest: bool
    """The decision names the digest besides the tag."""

    @classmethod
    @lru_cache(maxsize=1_024)
    def of(cls, policy: Policy) -> "Selection":
        """Compile ``policy``; raise `InvalidPolicy` naming the key that is wrong."""
        chosen = strategy(policy.strategy)
        order = Order.of(policy.version, policy.order, chosen.order) if policy.version else None
        form = policy.digest or (DIGEST if chosen.pins_digest else DIGEST_OFF)
        return cls(
            strategy=chosen,
            why_not=tag_filter(policy),
            rank=chosen.ranker(policy, order),
            label=_label(order),
            pin=Pin.parse(policy.pin) if policy.pin else None,
            hold=Hold.parse(policy.hold) if is_hold(policy.hold) else None,
            min_age=_min_age(policy.min_age),
            pins_digest=form != DIGEST_OFF,
        )

    def sift(
        self, snapshot: Snapshot, floor: Rank | None = None
    ) -> tuple[list[Ranked], dict[str, Reason]]:
        """Return the tags that qualify with their ranks, and why each other does not.

        Tags up to ``floor``, what was chosen before, are old enough for any ``min-age``:
        after the loss of an index all have just been seen for the first time.
        """
        ranked: list[Ranked] = []
        dropped: dict[str, Reason] = {}
        why_not, rank = self.why_not, self.rank
        seen_before = snapshot.listed_at - self.min_age if self.min_age else None
        for name, tag in snapshot.tags.items():
            reason = why_not(name) or tag.why_no_image
            if reason:
                dropped[name] = reason
                continue
            place = rank(tag)
            if isinstance(place, Reason):
                dropped[name] = place
            elif seen_before and _is_young(tag, place, seen_before, floor):
                dropped[name] = self._too_young(tag)
            else:
                ranked.append((place, name))
        return ranked, dropped

    def _too_young(self, tag: Tag) -> Reason:
        if tag.first_seen is None:
            return Reason("since when it is there is not known", "min-age")
        return Reason(f"first seen {tag.first_seen.isoformat()}, not {self.min_age} ago", "min-age")


def _is_young(tag: Tag, place: Rank, seen_before: datetime, floor: Rank | None) -> bool:
    if floor is not None and place[:-1] <= floor[:-1]:
        return False
    return tag.first_seen is None or tag.first_seen > seen_before


def _min_age(text: str) -> timedelta:
    try:
        return parse_duration(text) if text else timedelta()
    except InvalidInput as error:
        raise InvalidPolicy(error.message, where="min-age") from None


def _label(order: Order | None) -> Callable[[str], Hashable]:
    from cmp.core.versions.semver import sort_key

    if order is None:
        return lambda name: sort_key(name) or name

    key = order.keys[order.main]

    def label(name: str) -> Hashable:
        groups = order.extract(name)
        if isinstance(groups, Reason):
            return None
        found: Hashable = key.read(groups[key.position])
        return found

    return label
