from datetime import datetime

import pytest

from cmp.core.decide import Decision, decide
from cmp.core.image import Repository
from cmp.core.policy import Policy
from cmp.core.record import Recorded
from cmp.core.snapshot import Snapshot, Tag
from cmp.core.verdicts import verdicts
from cmp.errors import InvalidPolicy
from tests.support.values import (
    DIGEST,
    OTHER_DIGEST,
    REPOSITORY,
    built,
    day,
    recorded,
    snapshot,
)

_SEMVER = Policy(constraint="^1")
_NEWEST = Policy("newest-build")
_AMD = "linux/amd64"
_STEP_BACK = "1.2 is no longer in the registry, and 1.0 would be a step back from 1.2"


@pytest.mark.parametrize(
    ("policy", "previous", "now", "tag", "held"),
    [
        pytest.param(
            _SEMVER, recorded("1.1", _SEMVER), snapshot("1.0", "1.1", "1.2"), "1.2", "", id="up"
        ),
        pytest.param(
            _SEMVER, recorded("1.1", _SEMVER), snapshot("1.0", "1.1"), "1.1", "", id="same"
        ),
        pytest.param(
            _SEMVER,
            recorded("1.2", _SEMVER),
            snapshot("0.9", "1.0"),
            "1.2",
            _STEP_BACK,
            id="gone-is-held",
        ),
        pytest.param(
            _SEMVER, recorded("1.2", _SEMVER), snapshot("1.1", "1.3"), "1.3", "", id="gone-but-up"
        ),
        pytest.param(
            _SEMVER,
            recorded("2.0", _SEMVER),
            snapshot("1.1", "2.0"),
            "2.0",
            "2.0 can no longer be ranked: outside ^1",
            id="chosen-tag-does-not-qualify",
        ),
        pytest.param(
            _SEMVER,
            recorded("v1.2.0", _SEMVER),
            snapshot("1.2.0"),
            "v1.2.0",
            "v1.2.0 is no longer in the registry, and 1.2.0 would be a step back from v1.2.0",
            id="equal-version-lower-name",
        ),
        pytest.param(
            _SEMVER, recorded("1.2.0", _SEMVER), snapshot("v1.2.0"), "v1.2.0", "", id="higher-name"
        ),
        pytest.param(
            _SEMVER, recorded("1.9", Policy(constraint="*")), snapshot("1.0"), "1.0", "",
            id="policy-changed",
        ),
        pytest.param(
            _SEMVER,
            recorded("1.2", _SEMVER),
            snapshot("2.0", "latest"),
            "1.2",
            "none of 2 tags qualifies",
            id="none-qualifies",
        ),
        pytest.param(
            _SEMVER, recorded("1.2", _SEMVER), snapshot(), "1.2", "no tags", id="nothing-there"
        ),
        pytest.param(
            _SEMVER,
            recorded("9.9", Policy(constraint="*")),
            snapshot("2.0"),
            "9.9",
            "none of 1 tags qualifies",
            id="none-qualifies-under-the-new-policy",
        ),
        pytest.param(_SEMVER, None, snapshot("2.0"), None, "", id="none-qualifies-first-time"),
        pytest.param(_SEMVER, None, snapshot(), None, "", id="nothing-there-first-time"),
        pytest.param(
            _SEMVER,
            recorded("1.9", _SEMVER, repository=Repository.parse("registry.test/old/app")),
            snapshot("1.0"),
            "1.0",
            "",
            id="repository-moved",
        ),
        pytest.param(
            _SEMVER,
            recorded("1.9", _SEMVER, repository=Repository.parse("registry.test/old/app")),
            snapshot(),
            None,
            "",
            id="repository-moved-and-empty",
        ),
        pytest.param(
            _SEMVER, recorded("", _SEMVER), snapshot("1.0"), "1.0", "", id="record-without-tag"
        ),
        pytest.param(
            _SEMVER, recorded("", _SEMVER), snapshot(), None, "", id="record-without-tag-and-empty"
        ),
        pytest.param(
            Policy("alphabetical"),
            recorded("b", Policy("alphabetical")),
            snapshot("a"),
            "b",
            "b is no longer in the registry, and a would be a step back from b",
            id="alphabetical-gone",
        ),
        pytest.param(
            _NEWEST,
            recorded("a", _NEWEST),
            snapshot(built("a", {_AMD: 3}), built("b", {_AMD: 4})),
            "b",
            "",
            id="newer-build",
        ),
        pytest.param(
            _NEWEST,
            recorded("a", _NEWEST),
            snapshot(built("a", {_AMD: 3}), built("b", {_AMD: 2})),
            "a",
            "",
            id="older-build",
        ),
        pytest.param(
            _NEWEST,
            recorded("a", _NEWEST),
            snapshot(built("a", {_AMD: 3}), built("b", {_AMD: 3})),
            "a",
            "",
            id="equal-build-the-present-one-stays",
        ),
        pytest.param(
            _NEWEST,
            recorded("a", _NEWEST, created=day(3)),
            snapshot(built("b", {_AMD: 4})),
            "b",
            "",
            id="gone-and-another-is-newer",
        ),
        pytest.param(
            _NEWEST,
            recorded("a", _NEWEST, created=day(3)),
            snapshot(built("b", {_AMD: 2})),
            "a",
            "a is no longer in the registry, and b would be a step back from a",
            id="gone-and-the-rest-is-older",
        ),
        pytest.param(
            _NEWEST,
            recorded("a", _NEWEST),
            snapshot(built("b", {_AMD: 9})),
            "a",
            "a can no longer be ranked: no creation time known",
            id="gone-and-its-time-never-recorded",
        ),
        pytest.param(
            _NEWEST,
            recorded("a", _NEWEST, created=day(3)),
            snapshot(built("a", {}), built("b", {_AMD: 9})),
            "b",
            "",
            id="build-time-lost-but-recorded",
        ),
        pytest.param(
            _NEWEST,
            recorded("a", _NEWEST),
            snapshot(built("a", {}), built("b", {_AMD: 9})),
            "a",
            "a can no longer be ranked: no creation time known",
            id="build-time-lost",
        ),
        pytest.param(
            _NEWEST,
            recorded("a", _NEWEST, created=day(3)),
            snapshot("c", "d", built("b", {_AMD: 9})),
            "a",
            "the build times of 2 of its tags are not known yet, as of c; "
            "if one can never be read, ignore-tags passes over it",
            id="not-all-times-known-yet",
        ),
    ],
)  # fmt: skip
def test_a_decision_does_not_move_backwards_by_itself(
    policy: Policy, previous: Recorded | None, now: Snapshot, tag: str | None, held: str
) -> None:
    decision = decide(policy, REPOSITORY, now, previous)

    assert (decision.tag, decision.held) == (tag, held)


@pytest.mark.parametrize(
    ("policy", "tags", "chosen"),
    [
        pytest.param(_NEWEST, [Tag("b")], None, id="one-unread"),
        pytest.param(_NEWEST, [Tag("b", kind="chart")], "a", id="one-that-has-no-time"),
        pytest.param(_NEWEST, [built("b", {_AMD: 9}, unread=("linux/arm64",))], None, id="partly"),
        pytest.param(
            Policy("newest-build", platforms=(_AMD,)),
            [built("b", {_AMD: 9}, unread=("linux/arm64",))],
            "b",
            id="the-rest-is-not-wanted",
        ),
        pytest.param(
            Policy("newest-build", platforms=("linux/arm",)),
            [built("b", {}, unread=("linux/arm/v7",))],
            None,
            id="a-variant-unread",
        ),
        pytest.param(
            Policy("newest-build", ignore_tags=("b",)), [Tag("b")], "a", id="unread-and-ignored"
        ),
        pytest.param(Policy("alphabetical"), [Tag("b")], "b", id="nobody-needs-to-know"),
    ],
)
def test_nothing_is_chosen_before_all_is_known(
    policy: Policy, tags: list[Tag], chosen: str | None
) -> None:
    now = snapshot(built("a", {_AMD: 5, "linux/arm": 5}), *tags)

    decision = decide(policy, REPOSITORY, now)

    assert decision.tag == chosen
    assert {*decision.kept, *decision.dropped} == set(now.tags)


@pytest.mark.parametrize(
    ("policy", "created"),
    [
        pytest.param(_NEWEST, day(5), id="newest-of-all-platforms"),
        pytest.param(Policy("newest-build", platforms=(_AMD,)), day(4), id="of-the-wanted"),
        pytest.param(Policy("alphabetical"), None, id="no-matter"),
    ],
)
def test_the_build_time_that_counted_is_part_of_the_decision(
    policy: Policy, created: datetime | None
) -> None:
    now = snapshot(built("a", {_AMD: 4, "linux/arm": 5}))

    decision = decide(policy, REPOSITORY, now)

    assert (decision.tag, decision.created) == ("a", created)


def test_what_is_held_keeps_its_build_time() -> None:
    previous = recorded("b", _NEWEST, created=day(7))

    decision = decide(_NEWEST, REPOSITORY, snapshot(built("a", {_AMD: 4})), previous)

    assert (decision.tag, decision.created) == ("b", day(7))


@pytest.mark.parametrize(
    ("now", "digest", "held"),
    [
        pytest.param(snapshot(Tag("edge", digest=OTHER_DIGEST)), OTHER_DIGEST, "", id="tag-moved"),
        pytest.param(snapshot(Tag("edge", digest=DIGEST)), DIGEST, "", id="tag-stayed"),
        pytest.param(
            snapshot(Tag("edge")), DIGEST, "the digest of edge is not known yet", id="unknown"
        ),
        pytest.param(
            snapshot(Tag("x", digest=DIGEST)), DIGEST, "none of 1 tags qualifies", id="tag-gone"
        ),
    ],
)
def test_a_digest_may_be_any_but_must_be_known(now: Snapshot, digest: str, held: str) -> None:
    policy = Policy("digest", "edge")
    previous = recorded("edge", policy, digest=DIGEST)

    decision = decide(policy, REPOSITORY, now, previous)

    assert (decision.tag, decision.digest, decision.held) == ("edge", digest, held)


def test_what_is_held_keeps_its_reason_and_digest() -> None:
    previous = recorded("1.2", _SEMVER, digest=DIGEST)

    decision = decide(_SEMVER, REPOSITORY, snapshot("1.0", "2.0"), previous)

    assert (decision.digest, decision.why) == (DIGEST, "chosen before")
    assert (decision.kept, decision.dropped) == (("1.0",), {"2.0": "outside ^1"})


def test_a_held_tag_without_digest_has_none() -> None:
    assert decide(_SEMVER, REPOSITORY, snapshot(), recorded("1.2", _SEMVER)).digest is None


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        pytest.param([], "no tags", id="no-tags"),
        pytest.param(["a", "2.0"], "none of 2 tags qualifies", id="none-qualifies"),
    ],
)
def test_says_why_nothing_is_chosen(tags: list[str], why: str) -> None:
    decision = decide(_SEMVER, REPOSITORY, snapshot(*tags))

    assert (decision.tag, decision.digest, decision.why, decision.kept) == (None, None, why, ())
    assert set(decision.dropped) == set(tags)


def test_another_spelling_of_the_repository_is_the_same() -> None:
    hub = Repository.parse("nginx")
    now = snapshot("1.0", repository=Repository.parse("docker.io/library/nginx"))

    assert decide(_SEMVER, hub, now).tag == "1.0"


def test_a_snapshot_of_another_repository_is_a_bug() -> None:
    with pytest.raises(ValueError, match=r"registry\.test/team/app cannot decide .*/other$"):
        decide(_SEMVER, Repository.parse("registry.test/other"), snapshot("1.0"))


def test_a_policy_that_cannot_be_read_is_an_error_even_with_a_floor() -> None:
    policy = Policy(constraint="latest")

    with pytest.raises(InvalidPolicy):
        decide(policy, REPOSITORY, snapshot("1.0"), recorded("1.0", policy))


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        pytest.param(
            decide(_SEMVER, REPOSITORY, snapshot("1.0", "2.0", "1.1")),
            [
                ("1.1", "chosen", "newest of 2 allowed tags"),
                ("1.0", "kept", "ranks below 1.1"),
                ("2.0", "dropped", "outside ^1"),
            ],
            id="chosen",
        ),
        pytest.param(
            decide(_SEMVER, REPOSITORY, snapshot("1.0"), recorded("1.2", _SEMVER)),
            [
                ("1.2", "chosen", "chosen before"),
                (
                    "1.0",
                    "kept",
                    "not taken: " + _STEP_BACK,
                ),
            ],
            id="held",
        ),
        pytest.param(
            decide(_SEMVER, REPOSITORY, snapshot("a")),
            [("a", "dropped", "not a semantic version")],
            id="none",
        ),
        pytest.param(
            decide(_NEWEST, REPOSITORY, snapshot(built("a", {_AMD: 1}), "b")),
            [
                (
                    "a",
                    "kept",
                    (
                        "not taken: the build times of 1 of its tags are not known yet, as of b; "
                        "if one can never be read, ignore-tags passes over it"
                    ),
                ),
                ("b", "dropped", "no creation time known"),
            ],
            id="not-all-known",
        ),
    ],
)
def test_verdicts(decision: Decision, expected: list[tuple[str, str, str]]) -> None:
    assert [verdict[:3] for verdict in verdicts(decision)] == expected
