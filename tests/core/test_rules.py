"""What stands above the order of tags: pin, hold, age, the present one, the form of the result."""

from datetime import timedelta

import pytest

from cmp.core.decide import decide
from cmp.core.policy import Policy
from cmp.core.record import Recorded
from cmp.core.snapshot import Snapshot, Tag
from cmp.errors import InvalidPolicy
from tests.support.values import DIGEST, OTHER_DIGEST, REPOSITORY, day, recorded, snapshot

_LISTED = snapshot().listed_at
_LATER = (_LISTED + timedelta(days=1)).isoformat()
_EARLIER = (_LISTED - timedelta(days=1)).isoformat()
_FREEZE = Policy(hold="freeze")


def _seen(name: str, days_ago: int | None, digest: str | None = None) -> Tag:
    first_seen = None if days_ago is None else _LISTED - timedelta(days=days_ago)
    return Tag(name, first_seen, digest)


def _chosen(
    policy: Policy, now: Snapshot, previous: Recorded | None = None
) -> tuple[str | None, str | None, str, str]:
    decision = decide(policy, REPOSITORY, now, previous)
    return decision.tag, decision.digest, decision.why, decision.held


@pytest.mark.parametrize(
    ("policy", "tags", "chosen"),
    [
        pytest.param(Policy(pin="1.0"), ["1.0", "1.1"], ("1.0", None, "pinned"), id="for-ever"),
        pytest.param(
            Policy(pin=f"1.0 until {_LATER}"),
            ["1.0", "1.1"],
            ("1.0", None, f"pinned until {_LATER}"),
            id="in-force",
        ),
        pytest.param(
            Policy(pin=f"1.0 until {_EARLIER}"),
            ["1.0", "1.1"],
            ("1.1", None, "newest of 2 allowed tags"),
            id="expired",
        ),
        pytest.param(Policy(pin="9.9"), ["1.0"], ("9.9", None, "pinned"), id="absent-tag"),
        pytest.param(Policy(pin="9.9"), [], ("9.9", None, "pinned"), id="nothing-there"),
        pytest.param(
            Policy(constraint="^1", pin="edge", ignore_tags=("edge",)),
            ["1.0", "edge"],
            ("edge", None, "pinned"),
            id="above-every-other-rule",
        ),
        pytest.param(
            Policy(pin=f"1.0@{DIGEST}"),
            [Tag("1.0", digest=OTHER_DIGEST)],
            ("1.0", DIGEST, "pinned"),
            id="digest",
        ),
        pytest.param(
            Policy(pin="1.0", digest="tag@digest"),
            [Tag("1.0", digest=DIGEST)],
            ("1.0", DIGEST, "pinned"),
            id="the-digest-of-the-tag",
        ),
        pytest.param(
            Policy(pin=f"1.0@{DIGEST}", digest="tag@digest"),
            [Tag("1.0", digest=OTHER_DIGEST)],
            ("1.0", DIGEST, "pinned"),
            id="the-owners-digest-wins",
        ),
        pytest.param(
            Policy(pin="1.0", digest="tag@digest"),
            ["1.0"],
            (None, None, "the digest of 1.0 is not known yet"),
            id="its-digest-is-not-known-yet",
        ),
        pytest.param(
            Policy(pin="1.0", hold="freeze"),
            ["1.0", "1.1"],
            ("1.0", None, "pinned"),
            id="above-a-hold",
        ),
    ],
)
def test_pin(
    policy: Policy, tags: list[Tag | str], chosen: tuple[str | None, str | None, str]
) -> None:
    assert _chosen(policy, snapshot(*tags)) == (*chosen, "")


def test_a_pin_leads_back_and_says_so_of_itself() -> None:
    policy = Policy(pin="1.0")

    decision = decide(policy, REPOSITORY, snapshot("1.0", "2.0"), recorded("2.0", policy))

    assert (decision.tag, decision.held, decision.pinned) == ("1.0", "", True)


@pytest.mark.parametrize(
    ("policy", "previous", "chosen"),
    [
        pytest.param(
            _FREEZE,
            recorded("1.0", _FREEZE),
            ("1.0", None, "chosen before", "on hold: freeze"),
            id="the-present-one-stays",
        ),
        pytest.param(
            _FREEZE,
            recorded("1.0", _FREEZE, digest=DIGEST),
            ("1.0", DIGEST, "chosen before", "on hold: freeze"),
            id="with-its-digest",
        ),
        pytest.param(
            _FREEZE,
            recorded("0.1", Policy()),
            ("0.1", None, "chosen before", "on hold: freeze"),
            id="whatever-it-was-chosen-under",
        ),
        pytest.param(
            _FREEZE, None, (None, None, "on hold: freeze", ""), id="nothing-was-chosen-yet"
        ),
        pytest.param(
            Policy(hold=f"freeze until {_LATER}"),
            recorded("1.0", Policy()),
            ("1.0", None, "chosen before", "on hold: freeze"),
            id="in-force",
        ),
        pytest.param(
            Policy(hold=f"freeze until {_EARLIER}"),
            recorded("1.0", Policy()),
            ("1.1", None, "newest of 2 allowed tags", ""),
            id="expired",
        ),
    ],
)
def test_hold(
    policy: Policy,
    previous: Recorded | None,
    chosen: tuple[str | None, str | None, str, str],
) -> None:
    assert _chosen(policy, snapshot("1.0", "1.1"), previous) == chosen


_AGED = Policy(min_age="3d")


@pytest.mark.parametrize(
    ("tags", "previous", "tag", "dropped"),
    [
        pytest.param(
            [_seen("1.0", 9), _seen("1.1", 2)],
            None,
            "1.0",
            {"1.1": "first seen 2026-01-29T12:00:00+00:00, not 3 days, 0:00:00 ago"},
            id="too-young",
        ),
        pytest.param([_seen("1.0", 9), _seen("1.1", 4)], None, "1.1", {}, id="old-enough"),
        pytest.param([_seen("1.0", 9), _seen("1.1", 3)], None, "1.1", {}, id="to-the-day"),
        pytest.param(
            [_seen("1.0", 9), _seen("1.1", None)],
            None,
            "1.0",
            {"1.1": "since when it is there is not known"},
            id="unknown",
        ),
        pytest.param(
            [_seen("1.0", 0), _seen("1.1", 0), _seen("1.2", 0)],
            "1.1",
            "1.1",
            {"1.2": "first seen 2026-01-31T12:00:00+00:00, not 3 days, 0:00:00 ago"},
            id="what-was-chosen-is-old-enough",
        ),
        pytest.param(
            [_seen("1.0", None)], "1.0", "1.0", {}, id="what-was-chosen-is-of-unknown-age"
        ),
        pytest.param([_seen("0.9", 0)], "1.0", "1.0", {}, id="what-was-chosen-is-gone"),
        pytest.param(
            [_seen("1.0", 1)],
            None,
            None,
            {"1.0": "first seen 2026-01-30T12:00:00+00:00, not 3 days, 0:00:00 ago"},
            id="all-too-young",
        ),
    ],
)
def test_min_age(
    tags: list[Tag], previous: str | None, tag: str | None, dropped: dict[str, str]
) -> None:
    before = recorded(previous, _AGED) if previous else None

    decision = decide(_AGED, REPOSITORY, snapshot(*tags), before)

    assert (decision.tag, decision.dropped) == (tag, dropped)


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [
        pytest.param(Policy(min_age="3 days"), "min-age: not a duration: '3 days'", id="min-age"),
        pytest.param(Policy(pin="^1"), "pin: not a tag: '^1'", id="pin"),
        pytest.param(Policy(hold="x until y"), "hold: not a time: 'y'", id="hold"),
    ],
)
def test_a_rule_that_cannot_be_read_is_told_by_its_name(policy: Policy, complaint: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        decide(policy, REPOSITORY, snapshot("1.0"))

    assert str(caught.value).startswith(complaint)


@pytest.mark.parametrize(
    ("policy", "tags", "present", "tag"),
    [
        pytest.param(Policy(), "1.0 v1.0.0", "1.0", "1.0", id="another-spelling"),
        pytest.param(Policy(), "1.0 v1.0.0", "v1.0.0", "v1.0.0", id="the-last-by-name"),
        pytest.param(Policy(), "1.0 v1.0.0", "", "v1.0.0", id="none-is-present"),
        pytest.param(Policy(), "1.0 v1.0.0 1.0.1", "1.0", "1.0.1", id="a-better-one"),
        pytest.param(Policy("first-seen"), "b a c", "b", "b", id="all-seen-at-once"),
        pytest.param(
            Policy(version=r"^(?P<version>[\d.]+)-\w+$"),
            "1.0-a 1.0-b",
            "1.0-a",
            "1.0-a",
            id="what-is-not-compared-differs",
        ),
    ],
)
def test_of_equal_candidates_the_present_one_stays(
    policy: Policy, tags: str, present: str, tag: str
) -> None:
    previous = recorded(present, policy) if present else None

    assert _chosen(policy, snapshot(*tags.split()), previous)[0::3] == (tag, "")


@pytest.mark.parametrize(
    ("policy", "tag", "held"),
    [
        pytest.param(
            Policy(),
            "1.2",
            "1.2 is no longer in the registry, and 1.1 would be a step back from 1.2",
            id="not-by-itself",
        ),
        pytest.param(Policy(allow_downgrade=True), "1.1", "", id="where-it-is-allowed"),
    ],
)
def test_allow_downgrade(policy: Policy, tag: str, held: str) -> None:
    assert _chosen(policy, snapshot("1.0", "1.1"), recorded("1.2", policy))[0::3] == (tag, held)


def test_a_downgrade_to_nothing_is_none() -> None:
    policy = Policy(allow_downgrade=True)

    assert _chosen(policy, snapshot("x"), recorded("1.2", policy))[0::3] == (
        "1.2",
        "none of 1 tags qualifies",
    )


_V1 = Tag("1.0", day(1), DIGEST)


@pytest.mark.parametrize(
    ("policy", "digest"),
    [
        pytest.param(Policy(), None, id="semver"),
        pytest.param(Policy(digest="tag@digest"), DIGEST, id="semver-with-digest"),
        pytest.param(Policy(digest="digest-only"), DIGEST, id="semver-digest-only"),
        pytest.param(Policy("alphabetical", digest="tag@digest"), DIGEST, id="alphabetical"),
        pytest.param(Policy("pep440", digest="tag@digest"), DIGEST, id="pep440"),
        pytest.param(Policy("first-seen", digest="digest-only"), DIGEST, id="first-seen"),
        pytest.param(Policy("digest", "1.0"), DIGEST, id="digest"),
        pytest.param(Policy("digest", "1.0", digest="digest-only"), DIGEST, id="digest-only"),
        pytest.param(Policy("digest", "1.0", digest="off"), None, id="digest-off"),
        pytest.param(Policy(digest="off"), None, id="semver-off"),
    ],
)
def test_the_form_of_the_result(policy: Policy, digest: str | None) -> None:
    assert _chosen(policy, snapshot(_V1))[:2] == ("1.0", digest)


def test_a_winner_whose_digest_is_not_known_yet_waits() -> None:
    policy = Policy(digest="tag@digest")
    now = snapshot(_V1, "1.1")
    unknown = "the digest of 1.1 is not known yet"

    assert _chosen(policy, now) == (None, None, unknown, "")
    before = recorded("1.0", policy, digest=DIGEST)
    assert _chosen(policy, now, before) == ("1.0", DIGEST, "chosen before", unknown)


@pytest.mark.parametrize(
    ("policy", "tag"),
    [
        pytest.param(Policy(), "", id="semver"),
        pytest.param(Policy(digest="tag@digest"), "1.2", id="the-winner"),
        pytest.param(Policy(constraint="<1.2", digest="digest-only"), "v1.1", id="of-equal-ones"),
        pytest.param(Policy("digest", "1.0", digest="off"), "", id="digest-off"),
        pytest.param(Policy("digest", follow=r"^1\."), "1.2", id="the-newest-followed"),
        pytest.param(Policy(pin="1.0"), "", id="pin"),
        pytest.param(Policy(pin="1.0", digest="tag@digest"), "1.0", id="pin-with-digest"),
        pytest.param(Policy(pin=f"1.0@{DIGEST}", digest="tag@digest"), "", id="pin-of-a-digest"),
        pytest.param(Policy(pin="9", digest="tag@digest"), "", id="pin-of-an-absent-tag"),
        pytest.param(Policy(constraint="^9", digest="tag@digest"), "", id="no-winner"),
        pytest.param(Policy(deny_tags="1.2", digest="tag@digest"), "v1.1", id="of-what-is-allowed"),
        pytest.param(
            Policy(min_age="1d", digest="tag@digest"), "1.2", id="below-the-floor-all-are-old"
        ),
    ],
)
def test_whose_digest_has_to_be_known(policy: Policy, tag: str) -> None:
    now = snapshot("1.0", "1.1", "v1.1", "1.2", "latest")
    before = recorded("1.2", policy) if policy.min_age else None

    decision = decide(policy, REPOSITORY, now, before)

    assert decision.lacks_digest == tag
