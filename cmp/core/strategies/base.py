"""What a strategy is."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cmp.core.policy import Policy
from cmp.core.snapshot import Tag

Rank = tuple[Any, ...]
"""What tags are ordered by; the greatest wins. Ranks of one strategy compare to each other."""

Ranker = Callable[[Tag], Rank | str]
"""Returns a tag's rank, or in words why it is no candidate."""


class Need(Enum):
    """What a strategy reads besides the tag's name; the refresher fetches no more."""

    DIGEST = "digest"
    CREATED = "created"


@dataclass(frozen=True, slots=True)
class Strategy:
    """An order over tags."""

    ranker: Callable[[Policy], Ranker]
    """Compiles a policy; raises `InvalidPolicy` when it cannot be used with this strategy."""
    picks: str
    """What the winner is among the candidates, in a word or two."""
    needs: frozenset[Need] = frozenset()
    pins_digest: bool = False
    """The decision names the digest besides the tag."""
    ranks_by_creation: bool = False
    """A rank is (creation time, name); else it follows from the name alone."""
