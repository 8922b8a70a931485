import pytest

from cmp.core.decide import decide, tags_to_describe
from cmp.core.policy import Policy
from cmp.core.snapshot import Tag
from cmp.core.strategies import STRATEGIES, strategy
from cmp.errors import InvalidPolicy
from tests.support.values import DIGEST, OTHER_DIGEST, REPOSITORY, built, day, snapshot

_AMD, _ARM = "linux/amd64", "linux/arm64"


@pytest.mark.parametrize(
    ("policy", "tags", "kept"),
    [
        pytest.param(
            Policy("semver"), "1.9.0 1.10.0 v1.2 1.9.0-rc", "1.10.0 1.9.0 v1.2", id="semver"
        ),
        pytest.param(
            Policy("semver"), "1 1.0 1.0.0 v1 v1.0 v1.0.0", "v1.0.0 v1.0 v1 1.0.0 1.0 1",
            id="semver-tie-is-bytewise",
        ),
        pytest.param(
            Policy("semver"), "1.0.0+b1 1.0.0 1.0.0+b2", "1.0.0+b2 1.0.0+b1 1.0.0",
            id="semver-tie-of-builds",
        ),
        pytest.param(
            Policy("semver", "^1"), "0.9 1.1 1.0 2.0", "1.1 1.0", id="semver-constraint"
        ),
        pytest.param(Policy("semver"), "latest a 1.2.3.4", "", id="semver-none"),
        pytest.param(
            Policy("alphabetical"), "a b Z 10 9 _ é", "é b a _ Z 9 10", id="alphabetical-bytewise"
        ),
        pytest.param(
            Policy("alphabetical", "^1"), "a 1", "a 1", id="alphabetical-ignores-constraint"
        ),
        pytest.param(
            Policy("alphabetical", ignore_tags=("b",)), "a b", "a", id="alphabetical-filtered"
        ),
    ],
)  # fmt: skip
def test_strategies_by_name(policy: Policy, tags: str, kept: str) -> None:
    assert decide(policy, REPOSITORY, snapshot(*tags.split())).kept == tuple(kept.split())


@pytest.mark.parametrize(
    ("platforms", "tags", "kept"),
    [
        pytest.param((), [built("a", {_AMD: 3}), built("b", {_AMD: 2})], ["a", "b"], id="newest"),
        pytest.param(
            (), [built("a", {_AMD: 2}), built("b", {_AMD: 2})], ["b", "a"], id="tie-is-bytewise"
        ),
        pytest.param(
            (),
            [built("a", {_AMD: 1, _ARM: 5}), built("b", {_AMD: 4})],
            ["a", "b"],
            id="newest-of-any-platform",
        ),
        pytest.param(
            (_AMD,),
            [built("a", {_AMD: 1, _ARM: 5}), built("b", {_AMD: 4})],
            ["b", "a"],
            id="newest-of-the-wanted-platform",
        ),
        pytest.param(
            (_AMD, _ARM),
            [built("a", {_AMD: 1, _ARM: 5}), built("b", {_AMD: 4})],
            ["a", "b"],
            id="newest-of-two-wanted-platforms",
        ),
        pytest.param(
            (_ARM,), [built("a", {_AMD: 9}), built("b", {_ARM: 1})], ["b"], id="other-platform"
        ),
        pytest.param(
            ("linux/arm",), [built("a", {"linux/arm/v7": 1})], ["a"], id="variant-of-the-wanted"
        ),
        pytest.param(("linux/arm/v7",), [built("a", {"linux/arm": 1})], [], id="no-variant"),
        pytest.param((), [built("a", {}), built("b", {_AMD: 1})], ["b"], id="time-unknown"),
    ],
)
def test_newest_build(platforms: tuple[str, ...], tags: list[Tag], kept: list[str]) -> None:
    policy = Policy("newest-build", platforms=platforms)

    assert decide(policy, REPOSITORY, snapshot(*tags)).kept == tuple(kept)


@pytest.mark.parametrize(
    ("tags", "chosen"),
    [
        pytest.param([Tag("latest", digest=DIGEST)], ("latest", DIGEST), id="found"),
        pytest.param(
            [Tag("latest", digest=DIGEST), Tag("z", digest=OTHER_DIGEST)],
            ("latest", DIGEST),
            id="no-other-tag",
        ),
        pytest.param([Tag("latest")], (None, None), id="digest-unknown"),
        pytest.param([Tag("LATEST", digest=DIGEST)], (None, None), id="absent"),
    ],
)
def test_digest(tags: list[Tag], chosen: tuple[str | None, str | None]) -> None:
    decision = decide(Policy("digest", "latest"), REPOSITORY, snapshot(*tags))

    assert (decision.tag, decision.digest) == chosen


@pytest.mark.parametrize("name", ["semver", "alphabetical", "newest-build"])
def test_only_digest_pins_a_digest(name: str) -> None:
    tag = Tag("1.0.0", digest=DIGEST, created={_AMD: day(1)})

    assert decide(Policy(name), REPOSITORY, snapshot(tag)).digest is None


@pytest.mark.parametrize(
    ("policy", "tag", "reason"),
    [
        pytest.param(Policy("semver"), Tag("a"), "not a semantic version", id="no-version"),
        pytest.param(Policy("semver"), Tag("1-rc"), "a prerelease", id="prerelease"),
        pytest.param(Policy("semver", "^2"), Tag("1"), "outside ^2", id="outside"),
        pytest.param(Policy("semver", "^1"), Tag("1.1-rc"), "outside ^1", id="prerelease-outside"),
        pytest.param(Policy("newest-build"), Tag("a"), "no creation time known", id="no-time"),
        pytest.param(
            Policy("newest-build"),
            Tag("a", kind="missing"),
            "its manifest is missing",
            id="missing",
        ),
        pytest.param(
            Policy("newest-build", platforms=(_ARM, "linux/arm/v7")),
            built("a", {_AMD: 1}),
            "not built for linux/arm64, linux/arm/v7",
            id="platform",
        ),
        pytest.param(Policy("digest", "edge"), Tag("a"), "not the tag edge", id="other-tag"),
        pytest.param(
            Policy("alphabetical", allow_tags="regexp:^v"),
            Tag("a"),
            "not matched by allow-tags ^v",
            id="filtered",
        ),
    ],
)
def test_says_why_a_tag_is_dropped(policy: Policy, tag: Tag, reason: str) -> None:
    assert decide(policy, REPOSITORY, snapshot(tag)).dropped == {tag.name: reason}


@pytest.mark.parametrize(
    ("policy", "tags", "why"),
    [
        pytest.param(Policy("semver"), [Tag("1")], "newest of 1 allowed tag", id="semver"),
        pytest.param(
            Policy("alphabetical"),
            [Tag("a"), Tag("b")],
            "last by name of 2 allowed tags",
            id="alphabetical",
        ),
        pytest.param(
            Policy("newest-build"),
            [built("a", {_AMD: 1}), built("b", {})],
            "newest build of 1 allowed tag",
            id="newest-build",
        ),
        pytest.param(
            Policy("digest", "a"), [Tag("a", digest=DIGEST)], "digest of the tag", id="digest"
        ),
    ],
)
def test_says_why_the_winner_is(policy: Policy, tags: list[Tag], why: str) -> None:
    assert decide(policy, REPOSITORY, snapshot(*tags)).why == why


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [
        pytest.param(Policy("digest"), "follows one tag, and none is given", id="digest-of-none"),
        pytest.param(
            Policy("digest", "^1"), "follows one tag, and '^1' is none", id="digest-of-a-range"
        ),
        pytest.param(
            Policy("semver", "latest"), "not a version constraint: 'latest'", id="semver-of-a-word"
        ),
    ],
)
def test_a_constraint_that_does_not_fit_the_strategy(policy: Policy, complaint: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        decide(policy, REPOSITORY, snapshot("1.0.0"))

    assert complaint in caught.value.message
    assert caught.value.where == "constraint"


@pytest.mark.parametrize(
    ("policy", "tags"),
    [
        pytest.param(Policy("semver"), (), id="semver"),
        pytest.param(Policy("alphabetical"), (), id="alphabetical"),
        pytest.param(Policy("first-seen"), (), id="first-seen"),
        pytest.param(Policy("digest", "b"), (), id="digest"),
        pytest.param(Policy("newest-build"), ("a", "b", "v1"), id="newest-build"),
        pytest.param(
            Policy("newest-build", allow_tags="regexp:^v", ignore_tags=("b",)),
            ("v1",),
            id="only-of-allowed-tags",
        ),
    ],
)
def test_whose_manifests_have_to_be_read(policy: Policy, tags: tuple[str, ...]) -> None:
    assert tags_to_describe(policy, snapshot("a", "b", "v1")) == tags


def test_every_strategy_says_what_it_is() -> None:
    for name in STRATEGIES:
        found = strategy(name)

        assert found.picks
