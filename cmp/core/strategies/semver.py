"""``semver``: the highest version that the constraint allows."""

from cmp.core.order import Order
from cmp.core.policy import Policy
from cmp.core.reasons import Reason
from cmp.core.snapshot import Tag
from cmp.core.strategies.base import Rank, Ranker, Strategy
from cmp.core.versions.constraint import Constraint
from cmp.core.versions.semver import sort_key
from cmp.errors import InvalidPolicy, quoted


def _ranker(policy: Policy, order: Order | None) -> Ranker:
    allows = Constraint.parse(policy.constraint).allows
    outside = Reason(
        f"outside {policy.constraint}" if policy.constraint else "a prerelease", "constraint"
    )
    no_version = Reason("not a semantic version", "update-strategy")

    def rank(tag: Tag) -> Rank | Reason:
        key = sort_key(tag.name)
        if key is None:
            return no_version
        if not allows(key):
            return outside
        # Equal versions: the bytewise last name, so `v1.0.0` before `1.0.0`.
        return (key, tag.name)

    if order is None:
        return rank

    main = order.main
    is_version = order.keys[main].type == "semver"
    if policy.constraint and not is_version:
        raise InvalidPolicy(
            f"{quoted(policy.constraint)} is a range of semantic versions, and order compares "
            f"{order.keys[main].group} as {order.keys[main].type}; "
            "have order read it as semver, or write no constraint",
            where="constraint",
        )

    def rank_groups(tag: Tag) -> Rank | Reason:
        ranks = order.rank(tag.name)
        if isinstance(ranks, Reason):
            return ranks
        if is_version and not allows(ranks[main]):
            return outside
        return (*ranks, tag.name)

    return rank_groups


STRATEGY = Strategy(_ranker, picks="newest")
