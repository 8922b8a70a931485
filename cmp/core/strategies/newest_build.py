"""``newest-build``: the tag whose image was created last, by its configuration."""

from datetime import UTC, datetime

from cmp.core.order import Order
from cmp.core.policy import Policy, wants_platform
from cmp.core.reasons import Reason
from cmp.core.snapshot import Tag
from cmp.core.strategies.base import Rank, Ranker, Strategy, filtered

# What builders write who want the same bytes each time says nothing of when.
_NO_TIME = datetime(1970, 1, 2, tzinfo=UTC)


def _ranker(policy: Policy, order: Order | None) -> Ranker:
    def rank(tag: Tag) -> Rank | Reason:
        if not tag.created:
            if tag.kind == "missing":
                return Reason("its manifest is missing", "kind")
            return Reason("no creation time known", "update-strategy")
        created = [
            time
            for platform, time in tag.created.items()
            if wants_platform(policy.platforms, platform)
        ]
        if not created:
            return Reason(f"not built for {', '.join(policy.platforms)}", "platforms")
        latest = max(created)
        if latest < _NO_TIME:
            return Reason("created in 1970, which is no time", "update-strategy")
        return (latest, tag.name)

    return filtered(order, rank)


STRATEGY = Strategy(_ranker, picks="newest build", needs_created=True, ranks_by_time=True)
