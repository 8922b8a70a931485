"""``alphabetical``: the last tag in the order of bytes, or of what ``version`` takes of it."""

from cmp.core.order import Order
from cmp.core.policy import Policy
from cmp.core.reasons import Reason
from cmp.core.snapshot import Tag
from cmp.core.strategies.base import Rank, Ranker, Strategy


def _rank(tag: Tag) -> Rank | Reason:
    return (tag.name, tag.name)


def _ranker(_: Policy, order: Order | None) -> Ranker:
    if order is None:
        return _rank

    def rank_groups(tag: Tag) -> Rank | Reason:
        ranks = order.rank(tag.name)
        return ranks if isinstance(ranks, Reason) else (*ranks, tag.name)

    return rank_groups


STRATEGY = Strategy(_ranker, picks="last by name", order=(("version", "text"), ("build", "text")))
