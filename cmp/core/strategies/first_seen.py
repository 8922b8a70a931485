"""``first-seen``: the tag that our own listing showed last, a time no publisher can set."""

from cmp.core.order import Order
from cmp.core.policy import Policy
from cmp.core.reasons import Reason
from cmp.core.snapshot import Tag
from cmp.core.strategies.base import Rank, Ranker, Strategy, filtered


def _rank(tag: Tag) -> Rank | Reason:
    if tag.first_seen is None:
        return Reason("since when it is there is not known", "update-strategy")
    return (tag.first_seen, tag.name)


def _ranker(_: Policy, order: Order | None) -> Ranker:
    return filtered(order, _rank)


STRATEGY = Strategy(_ranker, picks="last seen", ranks_by_time=True)
