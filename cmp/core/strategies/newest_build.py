"""``newest-build``: the tag whose image was created last, by its configuration."""

from datetime import UTC, datetime

from cmp.core.order import Order
from cmp.core.policy import Policy, wants_platform
from cmp.core.snapshot import Tag
from cmp.core.strategies.base import Rank, Ranker, Strategy, filtered

# What builders write who want the same bytes each time says nothing of when.
_NO_TIME = datetime(1970, 1, 2, tzinfo=UTC)


def _ranker(policy: Policy, order: Order | None) -> Ranker:
    def rank(tag: Tag) -> Rank | str:
        if not tag.created:
            return "no creation time known" if tag.kind != "missing" else "its manifest is missing"
        created = [
            time
            for platform, time in tag.created.items()
            if wants_platform(policy.platforms, platform)
        ]
        if not created:
            return f"not built for {', '.join(policy.platforms)}"
        latest = max(created)
        return (latest, tag.name) if latest >= _NO_TIME else "created in 1970, which is no time"

    return filtered(order, rank)


STRATEGY = Strategy(_ranker, picks="newest build", needs_created=True, ranks_by_time=True)
