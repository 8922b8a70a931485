"""What holds of every policy: what it drops is nothing to it, and no more are other policies."""

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cmp.core.decide import Decision, decide, tags_to_describe
from cmp.core.policy import Policy
from cmp.core.record import Recorded
from cmp.core.selection import Selection
from cmp.core.snapshot import Snapshot, Tag
from tests.support.values import DIGEST, OTHER_DIGEST, REPOSITORY, day, recorded, snapshot

_NAME = st.sampled_from(
    [f"{v}{lane}" for v in ("1.0", "v1.0.0", "1.1", "1.10", "2.0") for lane in ("", "-alpine")]
    + ["1.2rc1", "1.2-rc.1", "edge", "main-9", "main-10", f"sha256-{'0' * 64}.sig"]
)
_TIMES = st.sampled_from([day(number) for number in (1, 9, 30)])
_CREATED = st.dictionaries(st.sampled_from(["linux/amd64", "linux/arm64"]), _TIMES)
_TAG = st.builds(
    Tag,
    _NAME,
    first_seen=st.none() | _TIMES,
    digest=st.sampled_from([DIGEST, OTHER_DIGEST]),
    created=_CREATED,
    kind=st.just("image"),
)
_TAGS = st.lists(_TAG, max_size=7, unique_by=lambda tag: tag.name)
_POLICY = st.builds(
    Policy,
    st.sampled_from(["semver", "alphabetical", "newest-build", "pep440", "first-seen", "digest"]),
    st.just(""),
    allow_tags=st.sampled_from(["any", "any", r"regexp:^v?\d"]),
    ignore_tags=st.sampled_from([(), ("*rc*",)]),
    platforms=st.sampled_from([(), ("linux/amd64",)]),
    digest=st.sampled_from(["", "tag@digest", "digest-only", "off"]),
    allow_downgrade=st.booleans(),
    version=st.sampled_from(["", r"^v?(?P<version>[\d.]+)(?:-alpine)?$", r"-(?P<version>\d+)$"]),
    follow=st.just("."),
    pin=st.sampled_from([""] * 5 + ["1.1", "9.9"]),
    hold=st.sampled_from([""] * 5 + ["freeze"]),
    deny_tags=st.sampled_from(["", "*-alpine", "regexp:^1"]),
    min_age=st.sampled_from(["", "", "3d"]),
    order=st.just(""),
    group=st.just(""),
)


def _floor(data: st.DataObject, policy: Policy) -> Recorded | None:
    name = data.draw(st.none() | _NAME)
    return recorded(name, policy) if name else None


def _core(decision: Decision) -> tuple[object, ...]:
    """Return a decision without the tags it was not about."""
    return decision.tag, decision.digest, decision.created, decision.pinned, decision.kept


@settings(max_examples=300)
@given(policy=_POLICY, tags=_TAGS, other=_TAG, data=st.data())
def test_a_tag_that_the_policy_drops_changes_nothing(
    policy: Policy, tags: list[Tag], other: Tag, data: st.DataObject
) -> None:
    floor = _floor(data, policy)
    before = [tag for tag in tags if tag.name != other.name]
    with_it = decide(policy, REPOSITORY, snapshot(*before, other), floor)
    assume(other.name in with_it.dropped)
    # That the present one is there at all is news, whatever the policy makes of it.
    assume(floor is None or other.name != floor.tag)
    # A pin takes its tag whatever else drops it, with the digest that the registry has for it.
    assume(not policy.pin.startswith(other.name))

    without = decide(policy, REPOSITORY, snapshot(*before), floor)

    assert _core(with_it) == _core(without)
    assert bool(with_it.held) == bool(without.held)


def _learnt(tags: list[Tag], *decisions: tuple[Policy, Recorded | None]) -> Snapshot:
    """Return a snapshot in which only what these policies and floors need to know is known."""
    known = snapshot(*(Tag(tag.name, tag.first_seen) for tag in tags))
    for policy, floor in decisions:
        described = tags_to_describe(policy, known)
        read = {tag.name: tag for tag in tags if tag.name in described}
        known = replace(known, tags={**known.tags, **read})
        lacking = decide(policy, REPOSITORY, known, floor).lacks_digest
        asked = {
            tag.name: replace(known.tags[lacking], digest=tag.digest)
            for tag in tags
            if tag.name == lacking
        }
        known = replace(known, tags={**known.tags, **asked})
    return known


@settings(max_examples=300)
@given(policy=_POLICY, other=_POLICY, tags=_TAGS, data=st.data())
def test_two_aliases_of_one_repository_never_influence_each_other(
    policy: Policy, other: Policy, tags: list[Tag], data: st.DataObject
) -> None:
    """One snapshot serves both, with all that either needs to know of its tags."""
    floor = _floor(data, policy)

    alone = decide(policy, REPOSITORY, _learnt(tags, (policy, floor)), floor)
    beside = decide(policy, REPOSITORY, _learnt(tags, (policy, floor), (other, None)), floor)
    after = decide(policy, REPOSITORY, _learnt(tags, (other, None), (policy, floor)), floor)

    assert beside == alone == after


@settings(max_examples=100)
@given(policy=_POLICY, tags=_TAGS)
def test_what_a_decision_names_is_what_was_asked_for(policy: Policy, tags: list[Tag]) -> None:
    """Without a floor, no decision waits for a digest, but a pin of a tag that is not there."""
    decision = decide(policy, REPOSITORY, _learnt(tags, (policy, None)))

    assert decision.lacks_digest not in {tag.name for tag in tags if tag.digest}
    if Selection.of(policy).pins_digest and decision.kept and not policy.pin and not policy.hold:
        assert decision.digest
