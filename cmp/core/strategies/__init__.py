"""The update strategies: one file each, one line in the table."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from cmp.core import policy
from cmp.core.strategies.base import Rank, Ranker, Strategy

STRATEGIES: Mapping[str, str] = MappingProxyType(
    {
        policy.SEMVER: "cmp.core.strategies.semver",
        policy.NEWEST_BUILD: "cmp.core.strategies.newest_build",
        policy.ALPHABETICAL: "cmp.core.strategies.alphabetical",
        policy.DIGEST: "cmp.core.strategies.digest",
        policy.PEP440: "cmp.core.strategies.pep440",
        policy.FIRST_SEEN: "cmp.core.strategies.first_seen",
    }
)


def strategy(name: str) -> Strategy:
    """Return the strategy with the canonical name ``name``."""
    found: Strategy = import_module(STRATEGIES[name]).STRATEGY
    return found


__all__ = ["STRATEGIES", "Rank", "Ranker", "Strategy", "strategy"]
