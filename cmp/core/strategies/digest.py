"""``digest``: what one tag names now, by digest: the constraint, or the newest of ``follow``."""

from cmp.core.image import is_tag
from cmp.core.order import Order
from cmp.core.patterns import Expression
from cmp.core.policy import Policy
from cmp.core.reasons import Reason
from cmp.core.snapshot import Tag
from cmp.core.strategies.base import Rank, Ranker, Strategy, filtered
from cmp.core.versions.semver import sort_key
from cmp.errors import InvalidPolicy


def _ranker(policy: Policy, order: Order | None) -> Ranker:
    if policy.follow:
        return _following(policy.follow, order)
    followed = policy.constraint
    if not followed:
        raise InvalidPolicy(
            "the strategy digest follows one tag, and none is given; "
            "write it after the image, as in app=registry/app:latest, or a pattern as follow",
            where="constraint",
        )
    if not is_tag(followed):
        raise InvalidPolicy(
            f"the strategy digest follows one tag, and {followed!r} is none", where="constraint"
        )

    def rank(tag: Tag) -> Rank | Reason:
        if tag.name != followed:
            return Reason(f"not the tag {followed}", "constraint")
        return (tag.name,)

    return filtered(order, rank)


def _following(follow: str, order: Order | None) -> Ranker:
    """Rank by ``version`` where it is given, else as versions, and what is none by name."""
    expression = Expression.compile(follow, where="follow")

    def rank(tag: Tag) -> Rank | Reason:
        if not expression.matches(tag.name):
            return Reason(f"not matched by follow {follow}", "follow")
        if order is not None:
            ranks = order.rank(tag.name)
            return ranks if isinstance(ranks, Reason) else (*ranks, tag.name)
        key = sort_key(tag.name)
        return (key is not None, key or (), tag.name if key is None else "", tag.name)

    return rank


STRATEGY = Strategy(_ranker, picks="digest of the tag", pins_digest=True)
