"""Images of a group move only together."""

import pytest

from cmp.core.decide import decide
from cmp.core.groups import Member, agree
from cmp.core.image import Repository
from cmp.core.policy import Policy
from cmp.core.snapshot import Tag
from tests.support.values import DIGEST, OTHER_DIGEST, day, recorded, snapshot

_WEB = Repository.parse("registry.test/web")
_DB = Repository.parse("registry.test/db")
_PLAIN = Policy(group="shop")
_ALPINE = Policy(group="shop", version=r"^(?P<version>\d+(?:\.\d+)*)-alpine$")
_BUILDS = Policy(group="shop", version=r"^(?P<version>\d+\.\d+)-(?P<build>\d+)$")
_TOGETHER = "newest that group shop offers together"
_HELD = "group shop: web, db offer no newer version together"
_GONE = "group shop: web: 1.2 is no longer in the registry, and 1.1 would be a step back from 1.2"


def _member(
    repository: Repository,
    policy: Policy,
    tags: str | None,
    previous: str = "",
) -> Member:
    """Return a member with the decision it would have by itself; ``tags`` None: never listed."""
    now = None if tags is None else snapshot(*tags.split(), repository=repository)
    before = recorded(previous, policy, repository=repository) if previous else None
    alone = decide(policy, repository, now, before) if now else None
    return Member(policy, now, before, alone)


def _agreed(web: Member, db: Member) -> list[tuple[str | None, str]]:
    decisions = agree("shop", {"web": web, "db": db})
    assert list(decisions) == ["web", "db"]
    return [(d.tag, d.held) if d else (None, "nothing to decide from") for d in decisions.values()]


@pytest.mark.parametrize(
    ("web", "db", "chosen"),
    [
        pytest.param(
            _member(_WEB, _PLAIN, "1.0 1.1"),
            _member(_DB, _PLAIN, "1.0 1.1"),
            ("1.1", "1.1"),
            id="all-offer-the-newest",
        ),
        pytest.param(
            _member(_WEB, _PLAIN, "1.0 1.1 1.2"),
            _member(_DB, _PLAIN, "1.0 1.1 1.3"),
            ("1.1", "1.1"),
            id="the-highest-common-one",
        ),
        pytest.param(
            _member(_WEB, _PLAIN, "1.0 1.1 1.2", "1.0"),
            _member(_DB, _PLAIN, "1.0 1.1", "1.0"),
            ("1.1", "1.1"),
            id="both-move-up",
        ),
        pytest.param(
            _member(_WEB, _PLAIN, "1.0 1.1", "1.0"),
            _member(_DB, _PLAIN, "1.0", "1.0"),
            ("1.0", "1.0"),
            id="nothing-newer-together",
        ),
        pytest.param(
            _member(_WEB, _PLAIN, "v1.0.0"),
            _member(_DB, _PLAIN, "1.0"),
            ("v1.0.0", "1.0"),
            id="two-spellings-of-one-version",
        ),
        pytest.param(
            _member(_WEB, _ALPINE, "1.0-alpine 1.1-alpine 1.2"),
            _member(_DB, _PLAIN, "1.0 1.1 1.2"),
            ("1.1-alpine", "1.1"),
            id="alpine-and-plain",
        ),
        pytest.param(
            _member(_WEB, _BUILDS, "1.0-9 1.1-9 1.1-10"),
            _member(_DB, _PLAIN, "1.1"),
            ("1.1-10", "1.1"),
            id="the-newest-build-of-the-version",
        ),
        pytest.param(
            _member(_WEB, Policy(group="shop", pin="1.0"), "1.0 1.1"),
            _member(_DB, _PLAIN, "1.0 1.1"),
            ("1.0", "1.0"),
            id="a-pinned-member-leads",
        ),
        pytest.param(
            _member(_WEB, Policy(constraint="~1.0", group="shop"), "1.0.1 1.1"),
            _member(_DB, _PLAIN, "1.0.1 1.1"),
            ("1.0.1", "1.0.1"),
            id="what-each-policy-allows",
        ),
        pytest.param(
            _member(_WEB, Policy("alphabetical", group="shop"), "blue green"),
            _member(_DB, Policy("alphabetical", group="shop"), "blue green red"),
            ("green", "green"),
            id="names-that-are-no-versions",
        ),
    ],
)
def test_members_move_to_the_best_version_that_all_offer(
    web: Member, db: Member, chosen: tuple[str, str]
) -> None:
    assert _agreed(web, db) == [(tag, "") for tag in chosen]
    assert {d.why for d in agree("shop", {"web": web, "db": db}).values() if d} == {_TOGETHER}


@pytest.mark.parametrize(
    ("web", "db", "kept", "why"),
    [
        pytest.param(
            _member(_WEB, _PLAIN, "1.1 1.2", "1.0"),
            _member(_DB, _PLAIN, "1.0 1.3", "1.0"),
            ("1.0", "1.0"),
            _HELD,
            id="no-version-in-common",
        ),
        pytest.param(
            _member(_WEB, _PLAIN, "1.0 1.1 1.2", "1.2"),
            _member(_DB, _PLAIN, "1.0 1.1", "1.0"),
            ("1.2", "1.0"),
            "group shop: web: 1.1 would be a step back from 1.2",
            id="the-common-one-would-be-a-step-back-for-one",
        ),
        pytest.param(
            _member(_WEB, _PLAIN, "1.0 1.1", "1.2"),
            _member(_DB, _PLAIN, "1.0 1.1", "1.0"),
            ("1.2", "1.0"),
            _GONE,
            id="the-chosen-tag-of-one-is-gone",
        ),
        pytest.param(
            _member(_WEB, Policy(group="shop", pin="0.9"), "0.9 1.1", "1.0"),
            _member(_DB, _PLAIN, "1.0 1.1", "1.0"),
            ("0.9", "1.0"),
            _HELD,
            id="a-pin-that-the-other-does-not-offer",
        ),
        pytest.param(
            _member(_WEB, Policy(group="shop", hold="freeze"), "1.0 1.1", "1.0"),
            _member(_DB, _PLAIN, "1.1", "1.0.5"),
            ("1.0", "1.0.5"),
            "group shop: web: on hold: freeze",
            id="a-hold-of-one-holds-all",
        ),
        pytest.param(
            _member(_WEB, _PLAIN, "1.0-alpine", "0.9"),
            _member(_DB, _PLAIN, "1.0", "0.9"),
            ("0.9", "0.9"),
            "group shop: web: none of 1 tags qualifies",
            id="a-lane-without-version-pattern",
        ),
        pytest.param(
            _member(_WEB, _PLAIN, "1.1"),
            _member(_DB, _PLAIN, "1.0"),
            (None, None),
            _HELD,
            id="nothing-was-chosen-yet",
        ),
    ],
)
def test_else_all_stay(
    web: Member, db: Member, kept: tuple[str | None, str | None], why: str
) -> None:
    agreed = agree("shop", {"web": web, "db": db}).values()

    assert tuple(d.tag if d else None for d in agreed) == kept
    assert {(d.held if d.tag else d.why) for d in agreed if d and not d.pinned} == {why}


def test_a_member_that_was_never_listed_holds_the_others() -> None:
    web = _member(_WEB, _PLAIN, "1.0 1.1", "1.0")

    assert _agreed(web, _member(_DB, _PLAIN, None, "1.0")) == [
        ("1.0", _HELD),
        (None, "nothing to decide from"),
    ]


def test_a_member_alone_moves() -> None:
    decision = agree("shop", {"web": _member(_WEB, _PLAIN, "1.0 1.1", "1.0")})["web"]

    assert decision is not None
    assert (decision.tag, decision.why, decision.held) == ("1.1", _TOGETHER, "")


def test_each_member_names_its_own_digest() -> None:
    policy = Policy(group="shop", digest="tag@digest")
    members = {}
    for repository, digest in ((_WEB, DIGEST), (_DB, OTHER_DIGEST)):
        now = snapshot(Tag("1.0", day(1), digest), repository=repository)
        members[repository.path] = Member(policy, now, None, decide(policy, repository, now))

    decisions = agree("shop", members)

    assert [(d.tag, d.digest) for d in decisions.values() if d] == [
        ("1.0", DIGEST),
        ("1.0", OTHER_DIGEST),
    ]
