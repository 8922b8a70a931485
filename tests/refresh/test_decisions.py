"""Decisions, and what the record and the history say of them from then on."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cmp.core.image import Repository
from cmp.core.image_list import ManagedImage, Target
from cmp.core.policy import Policy
from cmp.core.record import History, Recorded
from cmp.core.snapshot import Snapshot, Tag
from cmp.refresh.decisions import Outcome, decide_image, extended, record, unverified
from cmp.refresh.questions import Question

T0 = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
APP = Repository.parse("registry.test/app")
DIGEST = f"sha256:{'0' * 64}"
OTHER_DIGEST = f"sha256:{'1' * 64}"


def image(constraint: str = "", *, repository: Repository = APP, **options: str) -> ManagedImage:
    keys = {name.replace("_", "-"): value for name, value in options.items()}
    return ManagedImage("app", repository, Policy.parse(keys, constraint), Target())


def snapshot(*tags: str | Tag, repository: Repository = APP) -> Snapshot:
    found = [tag if isinstance(tag, Tag) else Tag(tag, first_seen=T0) for tag in tags]
    return Snapshot(repository, T0, {tag.name: tag for tag in found})


class Life:
    """One image, pass after pass, an hour between them."""

    def __init__(self) -> None:
        self.now = T0
        self.recorded: Recorded | None = None
        self.outcome: Outcome | None = None

    def passes(
        self, wanted: ManagedImage, found: Snapshot | None, *, refused: str = ""
    ) -> Recorded | None:
        """Make a pass and return the record; ``refused`` says why no winner can be pulled."""
        self.now += timedelta(hours=1)
        outcome = decide_image(wanted, found, self.recorded)
        if refused and outcome.question:
            outcome = unverified(outcome, refused)
        self.outcome = outcome
        self.recorded = record(outcome, "guestbook", self.now)
        return self.recorded


@pytest.fixture
def life() -> Life:
    return Life()


def told(recorded: Recorded | None, *fields: str) -> Sequence[Any]:
    assert recorded is not None
    return [getattr(recorded, field) for field in fields]


def test_a_first_decision(life: Life) -> None:
    found = life.passes(image("^1"), snapshot("1.0.0", "1.1.0", "2.0.0"))

    assert told(found, "tag", "digest", "fingerprint", "chosen_under", "since", "why", "held") == [
        "1.1.0",
        "",
        "semver; constraint=^1",
        "semver; constraint=^1",
        life.now,
        "newest of 2 allowed tags",
        "",
    ]
    assert told(found, "id")[0].startswith("d-")
    assert told(found, "repository") == [APP]


def test_identity_and_time_stay_while_the_tag_does(life: Life) -> None:
    before = life.passes(image(), snapshot("v1"))

    after = life.passes(image(), snapshot("v1", "v1.0.0-rc1", "v0.9"))

    assert told(after, "id", "since", "tag") == told(before, "id", "since", "tag")
    assert told(after, "why") == ["newest of 2 allowed tags"]


def test_another_tag_is_another_decision(life: Life) -> None:
    before = life.passes(image(), snapshot("v1"))

    after = life.passes(image(), snapshot("v1", "v2"))

    assert told(after, "tag", "since") == ["v2", life.now]
    assert told(after, "id") != told(before, "id")


def test_another_digest_is_another_decision(life: Life) -> None:
    followed = image("latest", update_strategy="digest")
    before = life.passes(followed, snapshot(Tag("latest", T0, DIGEST)))
    same = life.passes(followed, snapshot(Tag("latest", T0, DIGEST)))

    after = life.passes(followed, snapshot(Tag("latest", T0, OTHER_DIGEST)))

    assert told(same, "id") == told(before, "id")
    assert told(after, "id") != told(before, "id")
    assert told(after, "tag", "digest") == ["latest", OTHER_DIGEST]


def test_a_tag_that_vanished_is_held(life: Life) -> None:
    before = life.passes(image(), snapshot("v1", "v2"))

    after = life.passes(image(), snapshot("v1"))

    assert told(after, "id", "tag", "since") == told(before, "id", "tag", "since")
    assert told(after, "held") == [
        "v2 is no longer in the registry, and v1 would be a step back from v2"
    ]


def test_what_was_held_is_free_when_something_newer_appears(life: Life) -> None:
    life.passes(image(), snapshot("v1", "v2"))
    life.passes(image(), snapshot("v1"))

    assert told(life.passes(image(), snapshot("v1", "v3")), "tag", "held") == ["v3", ""]


def test_a_policy_that_leads_to_the_same_tag(life: Life) -> None:
    before = life.passes(image(), snapshot("1.0.0"))

    after = life.passes(image("^1"), snapshot("1.0.0"))

    assert told(after, "id", "since") == told(before, "id", "since")
    assert told(after, "fingerprint", "chosen_under") == ["semver; constraint=^1"] * 2


def test_the_owner_may_lead_back(life: Life) -> None:
    life.passes(image(), snapshot("1.0.0", "2.0.0"))

    after = life.passes(image("^1"), snapshot("1.0.0", "2.0.0"))

    assert told(after, "tag", "fingerprint", "held") == ["1.0.0", "semver; constraint=^1", ""]


def test_a_policy_that_nothing_qualifies_for_keeps_what_was_chosen(life: Life) -> None:
    before = life.passes(image(), snapshot("1.0.0"))

    after = life.passes(image("^9"), snapshot("1.0.0"))
    assert told(after, "id", "tag", "held") == [
        *told(before, "id", "tag"),
        "none of 1 tags qualifies",
    ]
    assert told(after, "fingerprint", "chosen_under") == ["semver; constraint=^9", "semver"]

    # The old choice is no floor for the new policy.
    later = life.passes(image("^9 || ^0"), snapshot("1.0.0", "0.1.0"))
    assert told(later, "tag", "held") == ["0.1.0", ""]


def test_nothing_qualifies_and_nothing_was_chosen(life: Life) -> None:
    assert life.passes(image("^9"), snapshot("1.0.0")) is None
    assert life.outcome is not None
    assert life.outcome.question is None
    assert not life.outcome.changes


def test_a_winner_that_cannot_be_pulled_is_not_taken(life: Life) -> None:
    before = life.passes(image(), snapshot("v1"))

    after = life.passes(image(), snapshot("v1", "v2"), refused="HTTP 404")

    assert told(after, "id", "tag", "since") == told(before, "id", "tag", "since")
    assert told(after, "held") == ["v2 cannot be pulled: HTTP 404"]
    assert told(life.passes(image(), snapshot("v1", "v2")), "tag", "held") == ["v2", ""]


def test_a_first_winner_that_cannot_be_pulled_leaves_a_record_without_tag(life: Life) -> None:
    found = life.passes(image(), snapshot("v1"), refused="HTTP 404")

    assert told(found, "id", "tag", "digest", "fingerprint", "chosen_under", "held") == [
        "",
        "",
        "",
        "semver",
        "",
        "v1 cannot be pulled: HTTP 404",
    ]

    again = life.passes(image(), snapshot("v1"), refused="HTTP 500")
    assert told(again, "tag", "held") == ["", "v1 cannot be pulled: HTTP 500"]

    later = life.passes(image(), snapshot("v1"))
    assert told(later, "tag", "since", "chosen_under", "held") == ["v1", life.now, "semver", ""]


def test_a_refused_winner_of_a_new_policy_leaves_the_floor_of_the_old(life: Life) -> None:
    life.passes(image(), snapshot("1.0.0", "2.0.0"))

    after = life.passes(image("^1"), snapshot("1.0.0", "2.0.0"), refused="HTTP 404")

    assert told(after, "tag", "fingerprint", "chosen_under") == [
        "2.0.0",
        "semver; constraint=^1",
        "semver",
    ]
    assert told(life.passes(image("^1"), snapshot("1.0.0", "2.0.0")), "tag") == ["1.0.0"]


def test_a_repository_that_was_never_listed(life: Life) -> None:
    assert life.passes(image(), None) is None
    assert life.outcome is not None
    assert life.outcome.problem == "its repository could not be listed yet"
    assert not life.outcome.refused


def test_a_policy_that_cannot_be_used_keeps_what_was_chosen(life: Life) -> None:
    before = life.passes(image(), snapshot("v1"))

    after = life.passes(image(allow_tags="regexp:("), snapshot("v1", "v2"))

    assert after == before
    assert life.outcome is not None
    assert life.outcome.invalid
    assert "allow-tags: not an RE2 expression" in life.outcome.problem


def test_another_repository_begins_anew(life: Life) -> None:
    life.passes(image(), snapshot("v9"))
    moved = Repository.parse("registry.test/moved")

    after = life.passes(image(repository=moved), snapshot("v1", repository=moved))

    assert told(after, "tag", "repository", "since", "held") == ["v1", moved, life.now, ""]


def test_another_repository_that_is_not_listed_yet_has_no_record(life: Life) -> None:
    life.passes(image(), snapshot("v9"))

    assert life.passes(image(repository=Repository.parse("registry.test/moved")), None) is None


def test_the_winner_is_asked_for_its_platforms() -> None:
    outcome = decide_image(image(platforms="linux/arm64"), snapshot("v1"), None)

    assert outcome.question == Question(APP, "v1", ("linux/arm64",), is_winner=True)


def made(number: int, alias: str = "app") -> Recorded:
    tag = f"v{number}"
    return Recorded(f"d-{alias}{number}", APP, tag, "", "semver", "semver", T0, "newest")


def test_the_history_has_the_newest_first() -> None:
    history: History = {}
    for number in (1, 2, 3):
        history = extended(history, {"app": made(number), "other": made(7, "other")})

    assert [decision.tag for decision in history["app"]] == ["v3", "v2", "v1"]
    assert [decision.tag for decision in history["other"]] == ["v7"]


def test_the_history_is_twenty_long() -> None:
    history: History = {}
    for number in range(25):
        history = extended(history, {"app": made(number)})

    assert [decision.tag for decision in history["app"]] == [f"v{n}" for n in range(24, 4, -1)]


def test_the_history_has_a_decision_once_and_as_it_is_now() -> None:
    held = made(2)._replace(held="no longer there")

    history = extended({"app": (made(2), made(1))}, {"app": held})

    assert history == {"app": (held, made(1))}


def test_two_sources_with_one_alias_do_not_fill_the_history() -> None:
    history: History = {}
    for _ in range(30):
        for source in (made(1), made(2)):
            history = extended(history, {"app": source})

    assert sorted(decision.tag for decision in history["app"]) == ["v1", "v2"]


def test_what_has_no_tag_is_no_history() -> None:
    nothing = Recorded("", APP, "", "", "semver", "", T0, "", "v1 cannot be pulled")

    assert extended({}, {"app": nothing}) == {}
    assert extended({"app": (made(1),)}, {"app": nothing}) == {"app": (made(1),)}


def test_aliases_that_are_gone_stay_in_the_history() -> None:
    assert set(extended({"old": (made(1),)}, {"app": made(2)})) == {"old", "app"}
