"""What an owner hears of a policy that can be used and may not do what they think."""

import pytest

from cmp.core.image_list import read_image_list
from cmp.core.policy import Policy
from cmp.core.remarks import remarks

_NO_RANGE = (
    "the constraint '1.x' has no effect with the strategy newest-build; "
    "allow-tags says which tags are allowed"
)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        pytest.param(Policy(), (), id="nothing"),
        pytest.param(
            Policy(constraint="^1", ignore_tags=("*-rc",), version=r"(?P<version>.+)"),
            (),
            id="all-of-effect",
        ),
        pytest.param(
            Policy(ignore_tags=("[rc",)),
            ("ignore-tags: '[rc' is not a valid pattern, so it matches no tag",),
            id="a-glob",
        ),
        pytest.param(
            Policy(order="version:numeric"),
            ("order has no effect: it is about the groups of version, and there is none",),
            id="order-without-version",
        ),
        pytest.param(
            Policy(follow="^v1"),
            ("follow has no effect with the strategy semver, only with digest",),
            id="follow-without-digest",
        ),
        pytest.param(
            Policy("newest-build", constraint="1.x"),
            (_NO_RANGE,),
            id="constraint-of-newest-build",
        ),
        pytest.param(
            Policy("digest", constraint="latest", follow="^v1"),
            ("the constraint 'latest' has no effect beside follow",),
            id="constraint-beside-follow",
        ),
        pytest.param(Policy("digest", constraint="latest"), (), id="digest"),
    ],
)
def test_what_has_no_effect_is_said(policy: Policy, said: tuple[str, ...]) -> None:
    assert remarks(policy) == said


def test_an_image_list_says_it_with_the_image() -> None:
    found = read_image_list({"image-list": "app=team/app,db=team/db", "db.order": "version:text"})

    assert found.notes == (
        "image db: order has no effect: it is about the groups of version, and there is none",
    )
