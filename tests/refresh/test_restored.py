"""A lost decision is found again in what Argo CD says it synced."""

import pytest

from cmp.core.image import Image
from cmp.core.image_list import ManagedImage, Target
from cmp.core.policy import Policy
from cmp.core.record import Recorded
from cmp.core.snapshot import Snapshot, Tag
from cmp.refresh.restored import restored
from tests.refresh.manifests import NOW
from tests.support.values import DIGEST, OTHER_DIGEST, REPOSITORY, built, day, snapshot

_SEMVER = Policy()
_NEWEST = Policy("newest-build")
_DIGEST = Policy("digest", "latest")
_ARM, _AMD = "linux/arm64", "linux/amd64"
_BUILDS = snapshot(built("old", {_AMD: 3}), built("new", {_AMD: 5, _ARM: 2}), built("unread", {}))
_FOLLOWED = snapshot(Tag("latest", day(1), digest=OTHER_DIGEST))


def found_again(policy: Policy, deployed: list[str], known: Snapshot | None) -> Recorded | None:
    image = ManagedImage("app", REPOSITORY, policy, Target())
    images = [Image.parse(f"{REPOSITORY}{suffix}") for suffix in deployed]
    return restored(image, images, known, "guestbook", NOW)


@pytest.mark.parametrize(
    ("policy", "deployed", "known", "tag"),
    [
        pytest.param(_SEMVER, [":1.0"], snapshot("1.0", "2.0"), "1.0", id="what-runs"),
        pytest.param(_SEMVER, [":1.9", ":1.10"], snapshot(), "1.10", id="highest"),
        pytest.param(_SEMVER, [":1.0"], snapshot("2.0"), "1.0", id="gone-from-the-registry"),
        pytest.param(_SEMVER, [":1.0"], None, "1.0", id="never-listed"),
        pytest.param(_SEMVER, [f":1.0@{DIGEST}"], None, "1.0", id="pinned-by-somebody"),
        pytest.param(_SEMVER, [], snapshot("1.0"), None, id="nothing-runs"),
        pytest.param(_SEMVER, ["", f"@{DIGEST}"], None, None, id="no-tag"),
        pytest.param(_SEMVER, [":main", ":1.0"], None, "1.0", id="one-is-no-version"),
        pytest.param(_SEMVER, [":main"], snapshot("main"), None, id="no-version"),
        pytest.param(Policy(constraint="^1"), [":2.0"], None, None, id="outside-the-constraint"),
        pytest.param(
            Policy(ignore_tags=("2.*",)), [":2.0", ":1.0"], None, "1.0", id="one-is-ignored"
        ),
        pytest.param(Policy(allow_tags="regexp:("), [":1.0"], None, None, id="policy-unreadable"),
        pytest.param(Policy("digest"), [":1.0"], None, None, id="policy-unusable"),
        pytest.param(Policy("alphabetical"), [":b", ":a"], None, "b", id="alphabetical"),
        pytest.param(_NEWEST, [":new", ":old"], _BUILDS, "new", id="newest-build"),
        pytest.param(
            Policy("newest-build", platforms=(_ARM,)), [":old"], _BUILDS, None, id="other-platform"
        ),
        pytest.param(_NEWEST, [":unread"], _BUILDS, None, id="build-time-unknown"),
        pytest.param(_NEWEST, [":new"], None, None, id="build-time-never-read"),
        pytest.param(_DIGEST, [f":latest@{DIGEST}"], _FOLLOWED, "latest", id="digest"),
        pytest.param(_DIGEST, [f":other@{DIGEST}"], _FOLLOWED, None, id="digest-of-another-tag"),
    ],
)
def test_the_floor(
    policy: Policy, deployed: list[str], known: Snapshot | None, tag: str | None
) -> None:
    found = found_again(policy, deployed, known)

    assert (found.tag if found else None) == tag


def test_it_is_a_decision_under_the_policy() -> None:
    found = found_again(Policy(constraint="^1"), [":1.0"], snapshot("1.0"))

    assert found is not None
    assert found.id.startswith("d-")
    assert found == Recorded(
        id=found.id,
        repository=REPOSITORY,
        tag="1.0",
        digest="",
        fingerprint="semver; constraint=^1",
        chosen_under="semver; constraint=^1",
        since=NOW,
        why="what Argo CD synced last",
    )


def test_a_build_time_is_kept() -> None:
    found = found_again(_NEWEST, [":old"], _BUILDS)

    assert found is not None
    assert found.created == day(3)


@pytest.mark.parametrize(
    ("policy", "digest"),
    [
        pytest.param(_DIGEST, DIGEST, id="pinned-where-the-strategy-pins"),
        pytest.param(Policy("alphabetical"), "", id="else-the-tag-alone"),
    ],
)
def test_the_digest_that_runs(policy: Policy, digest: str) -> None:
    found = found_again(policy, [f":latest@{DIGEST}"], _FOLLOWED)

    assert found is not None
    assert found.digest == digest
