"""``digest``: what one tag names now, by digest. The constraint is that tag."""

from cmp.core.image import is_tag
from cmp.core.policy import Policy
from cmp.core.snapshot import Tag
from cmp.core.strategies.base import Need, Rank, Ranker, Strategy
from cmp.errors import InvalidPolicy


def _ranker(policy: Policy) -> Ranker:
    followed = policy.constraint
    if not followed:
        raise InvalidPolicy(
            "the strategy digest follows one tag, and none is given; "
            "write it after the image, as in app=registry/app:latest",
            where="constraint",
        )
    if not is_tag(followed):
        raise InvalidPolicy(
            f"the strategy digest follows one tag, and {followed!r} is none", where="constraint"
        )

    def rank(tag: Tag) -> Rank | str:
        if tag.name != followed:
            return f"not the tag {followed}"
        return (tag.name,) if tag.digest else "its digest is not known yet"

    return rank


STRATEGY = Strategy(
    _ranker, picks="digest of the tag", needs=frozenset({Need.DIGEST}), pins_digest=True
)
