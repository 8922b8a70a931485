"""What people say goes before the policy, and a rollback until there is something newer."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.core.decide import Decision, decide
from cmp.core.obey import is_over, obeyed
from cmp.core.people import HOLD, PERSON, PIN, ROLLBACK, Instruction, Rejected
from cmp.core.policy import DIGEST, NEWEST_BUILD, SEMVER, Policy
from cmp.core.record import Recorded
from cmp.core.snapshot import Tag
from tests.support import values
from tests.support.values import OTHER_DIGEST, REPOSITORY, built, day, recorded, snapshot

SEMVER_POLICY = Policy(SEMVER)
PINNED = Policy(SEMVER, pin="v3")


def said(kind: str, tag: str = "", *, rejected: str = "", **more: Any) -> Instruction:
    surpassed = Rejected(rejected) if rejected else None
    told = Instruction(kind, "alice", day(20), tag, rejected=surpassed)
    return told._replace(**more)


def chosen(
    told: Instruction, *tags: Tag | str, policy: Policy = SEMVER_POLICY, previous: str = ""
) -> Decision:
    found = snapshot(*tags)
    before = recorded(previous, policy) if previous else None
    decision = decide(policy, REPOSITORY, found, before)
    return obeyed(decision, policy, found, before, told)


@pytest.mark.parametrize(
    ("told", "policy", "tag", "why"),
    [
        pytest.param(said(PIN, "v2"), SEMVER_POLICY, "v2", "pinned by alice", id="pin"),
        pytest.param(
            said(PIN, "v9", reason="a fix"),
            SEMVER_POLICY,
            "v9",
            "pinned by alice: a fix",
            id="pin-of-a-tag-that-is-not-listed",
        ),
        pytest.param(said(PIN, "v2"), PINNED, "v2", "pinned by alice", id="pin-before-the-owners"),
        pytest.param(said(HOLD), PINNED, "v4", "on hold by alice", id="hold-before-the-owners-pin"),
        pytest.param(
            said(HOLD, reason="incident 4711", until=day(31)),
            SEMVER_POLICY,
            "v4",
            "on hold by alice until 2026-01-31T12:00:00+00:00: incident 4711",
            id="hold",
        ),
        pytest.param(
            said(ROLLBACK, "v1", rejected="v4"),
            SEMVER_POLICY,
            "v1",
            "rolled back from v4 by alice",
            id="rollback-passes-over-what-lies-between",
        ),
        pytest.param(
            said(ROLLBACK, "v1"), SEMVER_POLICY, "v1", "rolled back by alice", id="for-good"
        ),
        pytest.param(
            said(ROLLBACK, "v1", rejected="edge"),
            SEMVER_POLICY,
            "v1",
            "rolled back from edge by alice",
            id="what-cannot-be-ranked-is-not-surpassed",
        ),
    ],
)
def test_a_person_goes_before_the_policy(
    told: Instruction, policy: Policy, tag: str, why: str
) -> None:
    decision = chosen(told, "v1", "v2", "v3", "v4", policy=policy, previous="v4")

    assert (decision.tag, decision.by) == (tag, PERSON)
    assert (decision.held or decision.why) == why
    assert decision.pinned == (told.kind != HOLD)


def test_a_hold_of_what_was_never_chosen_is_gits_image() -> None:
    decision = chosen(said(HOLD), "v1")

    assert (decision.tag, decision.why, decision.by) == (None, "on hold by alice", PERSON)


def test_a_rollback_gives_way_to_what_is_newer_than_what_was_rejected() -> None:
    decision = chosen(said(ROLLBACK, "v1", rejected="v4"), "v1", "v4", "v5", previous="v1")

    assert (decision.tag, decision.by) == ("v5", "")


def test_one_that_is_too_young_does_not_end_it() -> None:
    young = Tag("v5", first_seen=day(30))
    policy = Policy(SEMVER, min_age="3d")
    told = said(ROLLBACK, "v1", rejected="v4")

    assert chosen(told, "v1", "v4", young, policy=policy, previous="v1").tag == "v1"


@pytest.mark.parametrize(
    ("now", "tag", "digest"),
    [
        pytest.param(OTHER_DIGEST, "latest", values.DIGEST, id="what-was-rejected-is-still-there"),
        pytest.param(f"sha256:{'3' * 64}", "latest", f"sha256:{'3' * 64}", id="pushed-once-more"),
    ],
)
def test_another_push_of_a_tag_is_newer(now: str, tag: str, digest: str) -> None:
    policy = Policy(DIGEST, "latest")
    told = said(ROLLBACK, "latest", digest=values.DIGEST, rejected="latest")
    told = told._replace(rejected=Rejected("latest", OTHER_DIGEST))
    found = snapshot(Tag("latest", first_seen=day(1), digest=now))
    before = recorded("latest", policy, digest=values.DIGEST)

    decision = obeyed(decide(policy, REPOSITORY, found, before), policy, found, before, told)

    assert (decision.tag, decision.digest) == (tag, digest)


def test_what_was_rejected_and_is_gone_is_compared_by_the_time_of_its_build() -> None:
    policy = Policy(NEWEST_BUILD)
    told = said(ROLLBACK, "a")._replace(rejected=Rejected("d", created=day(10)))
    older = [built("a", {"linux/amd64": 1}), built("b", {"linux/amd64": 9})]

    assert chosen(told, *older, policy=policy).tag == "a"
    assert chosen(told, *older, built("e", {"linux/amd64": 11}), policy=policy).tag == "e"


@pytest.mark.parametrize(
    ("previous", "over"),
    [
        pytest.param("", False, id="nothing-chosen"),
        pytest.param("v4", False, id="still-at-what-was-rejected"),
        pytest.param("v1", False, id="back"),
        pytest.param("v2", False, id="at-something-between"),
        pytest.param("v5", True, id="at-something-newer"),
    ],
)
def test_it_is_over_once_something_newer_was_chosen(previous: str, *, over: bool) -> None:
    told = said(ROLLBACK, "v1", rejected="v4")
    before = recorded(previous, SEMVER_POLICY) if previous else None

    assert is_over(told, SEMVER_POLICY, snapshot("v1", "v4"), before) is over


@dataclass
class Model:
    """What is expected of one image: the precedence, written a second time and naively."""

    tags: set[int]
    chosen: int = 0
    is_floor: bool = True
    """The choice was the policy's own: nothing lower is taken."""
    pin: int = 0
    is_held: bool = False
    back: tuple[int, int] | None = None
    """To which one, and from which."""

    def decide(self) -> None:
        if self.back and self.chosen > self.back[1]:
            self.back = None
        best = max(self.tags, default=0)
        if self.pin:
            self.chosen, self.is_floor = self.pin, False
        elif self.is_held:
            return
        elif self.back and best <= self.back[1]:
            self.chosen, self.is_floor = self.back[0], False
        elif best and (best > self.chosen or not self.is_floor):
            self.chosen, self.is_floor = best, True


_NUMBER = st.integers(1, 9)
_STEP = st.one_of(
    st.tuples(st.just("push"), _NUMBER),
    st.tuples(st.just("delete"), _NUMBER),
    st.tuples(st.just("pin"), _NUMBER),
    st.tuples(st.sampled_from(["hold", "rollback", "release"]), st.just(0)),
)


def _took(decision: Decision, before: Recorded | None, policy: Policy) -> Recorded | None:
    """Return the record of a decision, as the refresher has it."""
    if decision.tag is None:
        return before
    if before and before.tag == decision.tag and decision.held:
        return before
    found = recorded(decision.tag, policy)
    return found._replace(chosen_under="") if decision.pinned else found


@given(st.lists(_STEP, max_size=25))
def test_any_sequence_of_pushes_and_words_follows_the_precedence(
    steps: list[tuple[str, int]],
) -> None:
    model, told, before = Model({1, 2}), None, None
    past: list[int] = []
    for what, number in [("push", 1), *steps]:
        if what == "push":
            model.tags.add(number)
        elif what == "delete" and len(model.tags) > 1:
            model.tags.discard(number)
        elif what == "rollback":
            older = [tag for tag in past if tag < model.chosen]
            if not older or model.pin or model.is_held or model.back:
                continue
            model.back = (older[-1], model.chosen)
            told = said(ROLLBACK, f"v{older[-1]}", rejected=f"v{model.chosen}")
        elif what in ("pin", "hold", "release"):
            model.pin = number if what == "pin" else 0
            model.is_held, model.back = what == "hold", None
            told = None if what == "release" else said(what, f"v{number}" if number else "")
        found = snapshot(*(f"v{tag}" for tag in model.tags))
        if told and is_over(told, SEMVER_POLICY, found, before):
            told = None
        decision = decide(SEMVER_POLICY, REPOSITORY, found, before)
        decision = obeyed(decision, SEMVER_POLICY, found, before, told)
        before = _took(decision, before, SEMVER_POLICY)
        model.decide()
        past.append(model.chosen)

        assert decision.tag == f"v{model.chosen}"


def test_what_has_run_out_is_not_in_force() -> None:
    told = said(HOLD, until=day(20))

    assert told.is_in_force(day(20) - timedelta(seconds=1))
    assert not told.is_in_force(day(20))
