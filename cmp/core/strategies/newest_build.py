"""``newest-build``: the tag whose image was created last, by its configuration."""

from cmp.core.policy import Policy, wants_platform
from cmp.core.snapshot import Tag
from cmp.core.strategies.base import Need, Rank, Ranker, Strategy


def _ranker(policy: Policy) -> Ranker:
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
        return (max(created), tag.name)

    return rank


STRATEGY = Strategy(
    _ranker, picks="newest build", needs=frozenset({Need.CREATED}), ranks_by_creation=True
)
