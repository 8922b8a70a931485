"""Strategies that argocd-image-updater has not, and ``version`` with each."""

from datetime import UTC, datetime

import pytest

from cmp.core.decide import decide
from cmp.core.policy import Policy
from cmp.core.record import Recorded
from cmp.core.snapshot import Tag
from cmp.errors import InvalidPolicy
from tests.support.values import DIGEST, REPOSITORY, built, day, recorded, snapshot

_AMD, _ARM = "linux/amd64", "linux/arm64"
_LANE = r"^(?P<version>[^-]+)-alpine(?P<build>\d+)$"


@pytest.mark.parametrize(
    ("policy", "tags", "kept"),
    [
        pytest.param(
            Policy("pep440"),
            "1.9 1.10 1.10.post1 v1.2 x",
            "1.10.post1 1.10 1.9 v1.2",
            id="order",
        ),
        pytest.param(
            Policy("pep440"), "1.0 1.1rc1 1.1.dev2 1.1a1", "1.0", id="no-prerelease-unless-asked"
        ),
        pytest.param(Policy("pep440"), "1.1rc1", "", id="nor-when-there-is-nothing-else"),
        pytest.param(
            Policy("pep440", ">=1.1rc1"),
            "1.0 1.1rc1 1.1rc2 1.2.dev1",
            "1.2.dev1 1.1rc2 1.1rc1",
            id="prereleases-asked-for",
        ),
        pytest.param(Policy("pep440", "~=1.4"), "1.3 1.4 1.9.1 2.0", "1.9.1 1.4", id="compatible"),
        pytest.param(
            Policy("pep440", ">=1.4 <2"), "1.3 1.4 2.0", "1.4", id="a-space-stands-for-a-comma"
        ),
        pytest.param(Policy("pep440", "==1.4.*"), "1.4 1.4.9 1.5", "1.4.9 1.4", id="prefix"),
        pytest.param(
            Policy("pep440", ">=1", version=_LANE),
            "1.1-alpine9 1.1-alpine10 0.9-alpine1 2.0",
            "1.1-alpine10 1.1-alpine9",
            id="of-a-lane",
        ),
        pytest.param(
            Policy("pep440", version=_LANE, order="version"),
            "1.0-alpine1 1.0rc1-alpine1",
            "1.0-alpine1",
            id="of-a-lane-by-one-group",
        ),
        pytest.param(
            Policy("pep440", "<2", version=_LANE, order="build:integer,version"),
            "1.1-alpine1 1.0-alpine2 2.0-alpine3",
            "1.0-alpine2 1.1-alpine1",
            id="of-a-lane-the-build-first",
        ),
    ],
)
def test_pep440(policy: Policy, tags: str, kept: str) -> None:
    assert decide(policy, REPOSITORY, snapshot(*tags.split())).kept == tuple(kept.split())


@pytest.mark.parametrize(
    ("policy", "tag", "reason"),
    [
        pytest.param(Policy("pep440"), "latest", "not a PEP 440 version", id="no-version"),
        pytest.param(Policy("pep440"), "1.0rc1", "a prerelease", id="prerelease"),
        pytest.param(Policy("pep440", "~=1.4"), "2.0", "outside ~=1.4", id="outside"),
        pytest.param(
            Policy("pep440", version=_LANE), "x-alpine1", "not a PEP 440 version", id="in-a-lane"
        ),
    ],
)
def test_pep440_says_why_a_tag_is_dropped(policy: Policy, tag: str, reason: str) -> None:
    assert decide(policy, REPOSITORY, snapshot(tag)).dropped == {tag: reason}


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [
        pytest.param(
            Policy("pep440", "^1"),
            "constraint: not a PEP 440 specifier: '^1'; write ~=1.4, >=1.4 or ==1.4.*",
            id="pep440-of-a-caret",
        ),
        pytest.param(
            Policy("pep440", version=_LANE, order="version:semver"),
            "order: the strategy pep440 reads the group version itself; have one, and give it no "
            "other type",
            id="pep440-of-another-type",
        ),
        pytest.param(
            Policy("pep440", version=r"-(?P<build>\d+)$"),
            "order: the strategy pep440 reads the group version itself; have one",
            id="pep440-without-a-version",
        ),
        pytest.param(
            Policy("digest", follow="("), "follow: not an RE2 expression: '('", id="follow"
        ),
    ],
)
def test_refuses(policy: Policy, complaint: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        decide(policy, REPOSITORY, snapshot("1.0"))

    assert str(caught.value).startswith(complaint)


def _seen(name: str, number: int | None) -> Tag:
    return Tag(name, None if number is None else day(number))


_FIRST_SEEN = Policy("first-seen")


@pytest.mark.parametrize(
    ("tags", "previous", "tag", "held"),
    [
        pytest.param([_seen("a", 3), _seen("b", 2)], None, "a", "", id="the-last"),
        pytest.param([_seen("a", 3), _seen("b", 3)], None, "b", "", id="at-once-by-name"),
        pytest.param([_seen("a", None), _seen("b", 1)], None, "b", "", id="unknown-never-wins"),
        pytest.param(
            [_seen("b", 4)],
            recorded("a", _FIRST_SEEN, created=day(3)),
            "b",
            "",
            id="what-was-chosen-is-gone-and-another-came-later",
        ),
        pytest.param(
            [_seen("b", 2)],
            recorded("a", _FIRST_SEEN, created=day(3)),
            "a",
            "a is no longer in the registry, and b would be a step back from a",
            id="what-was-chosen-is-gone-and-the-rest-is-older",
        ),
    ],
)
def test_first_seen(tags: list[Tag], previous: Recorded | None, tag: str, held: str) -> None:
    decision = decide(_FIRST_SEEN, REPOSITORY, snapshot(*tags), previous)

    assert (decision.tag, decision.held) == (tag, held)


def test_when_it_was_first_seen_is_part_of_the_decision() -> None:
    decision = decide(_FIRST_SEEN, REPOSITORY, snapshot(_seen("a", 3), _seen("b", 2)))

    assert decision.created == day(3)


def test_first_seen_says_why_a_tag_is_dropped() -> None:
    assert decide(_FIRST_SEEN, REPOSITORY, snapshot(Tag("a"))).dropped == {
        "a": "since when it is there is not known"
    }


@pytest.mark.parametrize(
    ("policy", "tags", "tag"),
    [
        pytest.param(Policy("digest", follow=r"^v\d"), "v1.9 v1.10 2.0 vx", "v1.10", id="versions"),
        pytest.param(
            Policy("digest", follow="^main-"), "main-b main-c dev-z", "main-c", id="names"
        ),
        pytest.param(Policy("digest", follow="."), "zzz 1.0", "1.0", id="a-version-before-a-name"),
        pytest.param(
            Policy("digest", follow="alpine", version=r"^(?P<build>\d+)-"),
            "9-alpine 10-alpine 11",
            "10-alpine",
            id="by-version",
        ),
        pytest.param(Policy("digest", "1.0", follow="^2"), "1.0 2.1", "2.1", id="above-a-literal"),
        pytest.param(Policy("digest", follow="^3"), "1.0", None, id="none"),
    ],
)
def test_the_newest_tag_that_is_followed_by_digest(
    policy: Policy, tags: str, tag: str | None
) -> None:
    now = snapshot(*(Tag(name, day(1), DIGEST) for name in tags.split()))

    decision = decide(policy, REPOSITORY, now)

    assert (decision.tag, decision.digest) == (tag, DIGEST if tag else None)


def test_says_what_is_not_followed() -> None:
    policy = Policy("digest", follow="^v")

    assert decide(policy, REPOSITORY, snapshot("1.0")).dropped == {
        "1.0": "not matched by follow ^v"
    }


@pytest.mark.parametrize(
    ("time", "dropped"),
    [
        pytest.param(datetime(1970, 1, 1, tzinfo=UTC), True, id="zero"),
        pytest.param(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), True, id="a-second-later"),
        pytest.param(datetime(1, 1, 1, tzinfo=UTC), True, id="zero-of-go"),
        pytest.param(datetime(2001, 1, 1, tzinfo=UTC), False, id="old"),
    ],
)
def test_a_build_time_that_is_none_never_wins(time: datetime, *, dropped: bool) -> None:
    tag = Tag("a", day(1), created={_AMD: time}, kind="image")

    decision = decide(Policy("newest-build"), REPOSITORY, snapshot(tag))

    reason = {"a": "created in 1970, which is no time"}
    assert (decision.tag, decision.dropped) == ((None, reason) if dropped else ("a", {}))


def test_one_platform_with_a_build_time_is_enough() -> None:
    tag = Tag(
        "a", day(1), created={_AMD: datetime(1970, 1, 1, tzinfo=UTC), _ARM: day(4)}, kind="image"
    )

    decision = decide(Policy("newest-build"), REPOSITORY, snapshot(tag, built("b", {_AMD: 3})))

    assert decision.kept == ("a", "b")


@pytest.mark.parametrize(
    ("policy", "tag"),
    [
        pytest.param(Policy(version=_LANE), "1.10-alpine1", id="semver"),
        pytest.param(Policy(constraint="<1.10", version=_LANE), "1.9-alpine3", id="constraint"),
        pytest.param(
            Policy(constraint="^1", version=_LANE, order="version,build:semver"),
            "1.10-alpine1",
            id="a-constraint-speaks-of-the-version-alone",
        ),
        pytest.param(
            Policy(version=_LANE, order="build,version"), "1.9-alpine3", id="the-build-first"
        ),
        pytest.param(Policy("alphabetical", version=_LANE), "1.9-alpine3", id="alphabetical"),
        pytest.param(
            Policy("alphabetical", version=_LANE, order="version:numeric"),
            "1.10-alpine1",
            id="alphabetical-by-number",
        ),
        pytest.param(Policy("pep440", version=_LANE), "1.10-alpine1", id="pep440"),
        pytest.param(Policy("newest-build", version=_LANE), "1.8-alpine2", id="newest-build"),
        pytest.param(Policy("first-seen", version=_LANE), "1.9-alpine3", id="first-seen"),
        pytest.param(Policy("digest", "1.9-alpine3", version=_LANE), "1.9-alpine3", id="digest"),
        pytest.param(Policy("digest", "9.9", version=_LANE), None, id="digest-of-another-lane"),
        pytest.param(Policy("digest", follow=".", version=_LANE), "1.10-alpine1", id="follow"),
    ],
)
def test_with_a_version_every_strategy_stays_in_its_lane(policy: Policy, tag: str | None) -> None:
    days = {
        "1.8-alpine2": (20, 1),
        "1.9-alpine3": (10, 5),
        "1.10-alpine1": (15, 2),
        "9.9": (30, 30),
    }
    now = snapshot(
        *(
            Tag(name, day(seen), DIGEST, {_AMD: day(made)}, "image")
            for name, (made, seen) in days.items()
        )
    )

    decision = decide(policy, REPOSITORY, now)

    assert decision.tag == tag
    assert "9.9" in decision.dropped
