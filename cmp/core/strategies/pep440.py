"""``pep440``: the highest version as Python's packages have them (PEP 440)."""

import re

from cmp.core.order import Order
from cmp.core.policy import Policy
from cmp.core.reasons import Reason
from cmp.core.snapshot import Tag
from cmp.core.strategies.base import Rank, Ranker, Strategy
from cmp.errors import InvalidPolicy

_ORDER = (("version", "text"), ("build", "integer"))


def _ranker(policy: Policy, order: Order | None) -> Ranker:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    # An image-list is split at commas, so a space stands for them here.
    spaced = re.sub(r"([=<>!~])\s+", r"\1", policy.constraint.replace(",", " "))
    try:
        allowed = SpecifierSet(",".join(spaced.split()))
    except (InvalidSpecifier, ValueError):  # ValueError: a number longer than Python reads
        raise InvalidPolicy(
            f"not a PEP 440 specifier: {policy.constraint!r}; write ~=1.4, >=1.4 or ==1.4.*",
            where="constraint",
        ) from None
    prereleases = bool(allowed.prereleases)  # asked for by one in the constraint
    outside = Reason(
        f"outside {policy.constraint}" if policy.constraint else "a prerelease", "constraint"
    )

    def version(text: str) -> Version | Reason:
        try:
            found = Version(text)
        except InvalidVersion:
            return Reason("not a PEP 440 version", "update-strategy")
        return found if allowed.contains(found, prereleases=prereleases) else outside

    def rank(tag: Tag) -> Rank | Reason:
        found = version(tag.name)
        return found if isinstance(found, Reason) else (found, tag.name)

    if order is None:
        return rank

    main = order.main
    if order.keys[main].type != "text":
        raise InvalidPolicy(
            "the strategy pep440 reads the group version itself; have one, and give it no "
            "other type",
            where="order",
        )

    def rank_groups(tag: Tag) -> Rank | Reason:
        ranks = order.rank(tag.name)
        if isinstance(ranks, Reason):
            return ranks
        found = version(ranks[main])
        if isinstance(found, Reason):
            return found
        return (*ranks[:main], found, *ranks[main + 1 :], tag.name)

    return rank_groups


STRATEGY = Strategy(_ranker, picks="newest", order=_ORDER)
