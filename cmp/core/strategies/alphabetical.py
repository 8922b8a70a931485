"""``alphabetical``: the last tag in the order of bytes."""

from cmp.core.policy import Policy
from cmp.core.snapshot import Tag
from cmp.core.strategies.base import Rank, Ranker, Strategy


def _rank(tag: Tag) -> Rank | str:
    return (tag.name,)


def _ranker(_: Policy) -> Ranker:
    return _rank


STRATEGY = Strategy(_ranker, picks="last by name")
