"""What a strategy is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cmp.core.order import DEFAULT_ORDER, Order
from cmp.core.policy import Policy
from cmp.core.reasons import Reason
from cmp.core.snapshot import Tag

Rank = tuple[Any, ...]
"""What tags are ordered by; the greatest wins. Ranks of one policy compare to each other. The
last element only breaks ties: two that differ in nothing else are equally good."""

Ranker = Callable[[Tag], Rank | Reason]
"""Returns a tag's rank, or in words why it is no candidate."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """An order over tags."""

    ranker: Callable[[Policy, Order | None], Ranker]
    """Compiles a policy, with what it compares of a tag where it says so; raises
    `InvalidPolicy` when it cannot be used with this strategy."""
    picks: str
    """What the winner is among the candidates, in a word or two."""
    needs_created: bool = False
    """It reads what manifests and configurations say; the refresher fetches them for no other."""
    pins_digest: bool = False
    """The decision names the digest besides the tag."""
    ranks_by_time: bool = False
    """A rank begins with a time of the image, which is recorded: a tag may be gone later."""
    order: tuple[tuple[str, str], ...] = DEFAULT_ORDER
    """The groups of ``version`` that are compared, with their types, where none are named."""


def filtered(order: Order | None, rank: Ranker) -> Ranker:
    """Return ``rank`` for tags that ``version`` matches; the others are no candidates."""
    if order is None:
        return rank

    def ranked(tag: Tag) -> Rank | Reason:
        groups = order.extract(tag.name)
        return groups if isinstance(groups, Reason) else rank(tag)

    return ranked
