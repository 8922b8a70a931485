"""What holds of every choice, whatever the tags and the policy."""

from collections.abc import Mapping
from datetime import datetime

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cmp.core.decide import decide
from cmp.core.policy import ALPHABETICAL, DIGEST, NEWEST_BUILD, SEMVER, Policy
from cmp.core.selection import Selection
from cmp.core.snapshot import Snapshot, Tag
from cmp.core.strategies import Rank
from tests.support import values

_NAME = st.sampled_from(
    [
        f"{prefix}{version}{suffix}"
        for version in ("1.2.3", "1", "1.0", "1.0.0", "1.10", "0.1", "2", "2.1.0", "3.01", "1.2")
        for prefix in ("", "v")
        for suffix in ("", "-rc.1", "-rc.2", "-alpine", "_x")
    ]
    + ["latest", "edge", "main", "sha-0a1b2c3", "nightly"]
)
_DAYS = [values.day(number) for number in (1, 9, 10, 11, 12)]
_CREATED: list[Mapping[str, datetime]] = [
    {},
    *({platform: time} for platform in ("linux/amd64", "linux/arm/v7") for time in _DAYS),
    *({"linux/amd64": one, "linux/arm64": other} for one in _DAYS for other in _DAYS),
]
_TAG = st.builds(
    Tag,
    _NAME,
    first_seen=st.sampled_from([None, *_DAYS]),
    digest=st.sampled_from([values.DIGEST, None]),
    created=st.sampled_from(_CREATED),
    kind=st.just("image"),
)
_TAGS = st.lists(_TAG, max_size=8, unique_by=lambda tag: tag.name)

_FILTERS = {
    "allow_tags": st.sampled_from(["any", "any", r"regexp:^v", r"regexp:^v?\d", "regexp:rc"]),
    "ignore_tags": st.lists(
        st.sampled_from(["*-rc*", "latest", "v?", "[^0-9]*", "["]), max_size=2
    ).map(tuple),
    "platforms": st.sampled_from([(), (), ("linux/amd64",), ("linux/arm",)]),
    "deny_tags": st.sampled_from(["", "", "v1*", "regexp:alpine"]),
    "version": st.sampled_from(["", "", r"^v?(?P<version>\d+(?:\.\d+)*)(?:-rc\.(?P<build>\d+))?"]),
    "order": st.sampled_from(["", "version:numeric"]),
    "digest": st.just(""),
    "allow_downgrade": st.just(value=False),
    **dict.fromkeys(("follow", "pin", "hold", "min_age", "group"), st.just("")),
}
_BY_NAME = st.builds(
    Policy,
    st.sampled_from([SEMVER, ALPHABETICAL]),
    st.sampled_from(["", "", "*-0", "^1", ">=1.2 <3", "1 || 3", "~2"]),
    **_FILTERS,
).filter(lambda policy: not (policy.constraint and policy.version and policy.order))
_BY_TIME = st.builds(Policy, st.just(NEWEST_BUILD), **_FILTERS)
_POLICY = (
    _BY_NAME
    | _BY_TIME
    | st.builds(Policy, st.just(DIGEST), st.sampled_from(["latest", "edge", "1"]), **_FILTERS)
)


def _rank(policy: Policy, tag: Tag) -> Rank | None:
    """Where a policy ranks a tag; None where it drops it."""
    selection = Selection.of(policy)
    rank = selection.why_not(tag.name) or selection.rank(tag)
    return None if isinstance(rank, str) else rank


def _winner(policy: Policy, tags: list[Tag]) -> str | None:
    """Choose without a floor."""
    return decide(policy, values.REPOSITORY, values.snapshot(*tags)).tag


@settings(max_examples=200)
@given(policy=_POLICY, tags=_TAGS)
def test_every_tag_is_kept_or_dropped_with_a_reason(policy: Policy, tags: list[Tag]) -> None:
    decision = decide(policy, values.REPOSITORY, values.snapshot(*tags))

    assert sorted([*decision.kept, *decision.dropped]) == sorted(tag.name for tag in tags)
    assert all(decision.dropped.values())


@settings(max_examples=200)
@given(policy=_POLICY, tags=_TAGS)
def test_the_winner_is_the_best_of_the_list(policy: Policy, tags: list[Tag]) -> None:
    decision = decide(policy, values.REPOSITORY, values.snapshot(*tags))

    ranked = [(rank, tag.name) for tag in tags if (rank := _rank(policy, tag)) is not None]
    assert decision.tag == (max(ranked)[1] if ranked else None)
    assert decision.kept[:1] == (() if decision.tag is None else (decision.tag,))
    assert decision.tag not in decision.dropped


@settings(max_examples=200)
@given(policy=_POLICY, tags=_TAGS, data=st.data())
def test_the_order_of_the_tags_does_not_matter(
    policy: Policy, tags: list[Tag], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(tags))

    one = decide(policy, values.REPOSITORY, values.snapshot(*tags))
    other = decide(policy, values.REPOSITORY, values.snapshot(*shuffled))

    assert (one.tag, one.digest, one.why) == (other.tag, other.digest, other.why)
    assert (one.kept, one.dropped) == (other.kept, other.dropped)


@settings(max_examples=200)
@given(policy=_POLICY, tags=_TAGS)
def test_a_lower_tag_never_changes_the_winner(policy: Policy, tags: list[Tag]) -> None:
    winner = _winner(policy, tags)

    for lower in tags:
        if lower.name != winner:
            assert _winner(policy, [tag for tag in tags if tag is not lower]) == winner


@settings(max_examples=200)
@given(policy=_BY_NAME, first=_TAGS, second=_TAGS)
def test_under_one_policy_a_choice_never_ranks_lower(
    policy: Policy, first: list[Tag], second: list[Tag]
) -> None:
    before = decide(policy, values.REPOSITORY, values.snapshot(*first))
    assume(before.tag is not None)
    floor = values.recorded(before.tag or "", policy)

    after = decide(policy, values.REPOSITORY, values.snapshot(*second), floor)

    assert after.tag is not None
    lower, higher = _rank(policy, Tag(floor.tag)), _rank(policy, Tag(after.tag))
    assert lower is not None
    assert higher is not None
    assert higher >= lower
    assert bool(after.held) == (after.tag != _winner(policy, second))


@settings(max_examples=200)
@given(policy=_BY_TIME, first=_TAGS, second=_TAGS)
def test_under_one_policy_a_choice_was_never_built_earlier(
    policy: Policy, first: list[Tag], second: list[Tag]
) -> None:
    before = decide(policy, values.REPOSITORY, values.snapshot(*first))
    assume(before.tag is not None)
    assume(before.tag not in {tag.name for tag in second})  # or what it names may be older
    floor = values.recorded(before.tag or "", policy, created=before.created)

    after = decide(policy, values.REPOSITORY, values.snapshot(*second), floor)

    assert before.created is not None
    assert after.created is not None
    assert (after.created, after.tag) >= (before.created, floor.tag)
    assert after.tag in {floor.tag, _winner(policy, second)}


@settings(max_examples=200)
@given(policy=_BY_TIME, tags=_TAGS, unread=_NAME, floor=_NAME)
def test_a_tag_that_nobody_has_read_stops_every_change(
    policy: Policy, tags: list[Tag], unread: str, floor: str
) -> None:
    now = values.snapshot(*(tag for tag in tags if tag.name != unread), Tag(unread))
    held = decide(policy, values.REPOSITORY, now, values.recorded(floor, policy))
    admitted = not Selection.of(policy).why_not(unread)

    assert (decide(policy, values.REPOSITORY, now).tag is None) or not admitted
    assert held.tag == floor or not admitted
    assert {*held.kept, *held.dropped} == set(now.tags)


@settings(max_examples=200)
@given(policy=_POLICY, tags=_TAGS, floor=_NAME)
def test_with_a_floor_the_choice_is_the_best_or_the_floor(
    policy: Policy, tags: list[Tag], floor: str
) -> None:
    decision = decide(
        policy, values.REPOSITORY, values.snapshot(*tags), values.recorded(floor, policy)
    )

    assert decision.tag in {floor, _winner(policy, tags)}
    assert not decision.held or decision.tag == floor


@settings(max_examples=200)
@given(policy=_POLICY, other=_POLICY, tags=_TAGS, floor=_NAME)
def test_a_changed_policy_frees_the_choice(
    policy: Policy, other: Policy, tags: list[Tag], floor: str
) -> None:
    assume(policy != other)
    alone = _winner(policy, tags)

    decision = decide(
        policy, values.REPOSITORY, values.snapshot(*tags), values.recorded(floor, other)
    )

    assert decision.tag == (floor if alone is None else alone)


@settings(max_examples=100)
@given(policy=_POLICY, tags=_TAGS)
def test_deciding_twice_changes_nothing(policy: Policy, tags: list[Tag]) -> None:
    now = Snapshot(values.REPOSITORY, values.day(31), {tag.name: tag for tag in tags})
    first = decide(policy, values.REPOSITORY, now)
    assume(first.tag is not None)
    floor = values.recorded(
        first.tag or "", policy, digest=first.digest or "", created=first.created
    )

    again = decide(policy, values.REPOSITORY, now, floor)

    assert again == first
