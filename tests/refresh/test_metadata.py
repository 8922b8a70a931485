"""What a pass reads besides names: digests, build times, platforms, and no more than needed."""

from datetime import datetime

import pytest

from tests.refresh.site import Site
from tests.support import faults

pytestmark = pytest.mark.tools

JANUARY, FEBRUARY, MARCH = (f"2026-0{month}-01T00:00:00Z" for month in (1, 2, 3))
AMD64, ARM64 = "linux/amd64", "linux/arm64"


def read(site: Site) -> int:
    """Return how many manifests were read so far, besides being asked for by HEAD."""
    return len(site.faulty.asked("GET", "/manifests/"))


def test_newest_build(site: Site) -> None:
    site.push("zulu", created=JANUARY)
    site.push("alpha", created=MARCH)
    site.push("mike", created=FEBRUARY)
    site.application(update_strategy="newest-build")

    assert site.refresh() == 0

    assert (site.tag(), site.decision().why) == ("alpha", "newest build of 3 allowed tags")
    tag = site.snapshot().tags["mike"]
    assert {p: f"{time:%Y-%m-%dT%H:%M:%SZ}" for p, time in tag.created.items()} == {AMD64: FEBRUARY}
    assert tag.kind == "image"
    assert str(tag.digest).startswith("sha256:")


def test_newest_build_reads_each_manifest_once(site: Site) -> None:
    site.push("a", "b", created=JANUARY)
    site.application(update_strategy="newest-build")
    site.refresh()
    assert read(site) == 2

    site.refresh()
    assert read(site) == 2
    assert site.manifest.generation == 1

    site.push("b", created=MARCH)  # what is chosen is something else now
    site.push("c", created=FEBRUARY)
    assert site.refresh() == 0
    assert read(site) == 4
    assert (site.tag(), site.snapshot().tags["b"].created) == (
        "b",
        {AMD64: datetime.fromisoformat(MARCH)},
    )


def test_a_tag_that_is_not_chosen_and_was_pushed_again_is_noticed_within_two_days(
    site: Site,
) -> None:
    site.push("a", "b", created=JANUARY)
    site.application(update_strategy="newest-build")
    site.refresh()
    site.push("a", created=MARCH)
    asked = len(site.faulty.asked("HEAD", "/manifests/a"))

    for _ in range(49):
        assert site.refresh() == 0

    assert site.tag() == "a"
    assert read(site) == 3
    assert len(site.faulty.asked("HEAD", "/manifests/a")) < asked + 49


def test_newest_build_reads_only_what_is_allowed(site: Site) -> None:
    site.push("a", "b", "nightly")
    site.application(update_strategy="newest-build", ignore_tags="night*")

    site.refresh()

    assert read(site) == 2
    assert site.snapshot().tags["nightly"].digest is None


def test_other_strategies_read_the_winners_manifest(site: Site) -> None:
    """A chart has the media type of an image's: only its manifest tells."""
    site.push("v1", "v2")
    site.application()

    site.refresh()
    site.refresh()

    assert [r.path.rpartition("/")[2] for r in site.faulty.asked("GET", "/manifests/")] == [
        site.snapshot().tags["v2"].digest
    ]


@pytest.mark.parametrize("strategy", ["semver", "alphabetical", "first-seen", "pep440"])
def test_a_chart_is_never_chosen(site: Site, strategy: str) -> None:
    site.push("1.0.0")
    site.push_chart("9.0.0")
    site.application(update_strategy=strategy)

    assert site.refresh() == 0

    assert (site.tag(), site.decision().held) == ("1.0.0", "")
    assert site.snapshot().tags["9.0.0"].kind == "artifact"
    before = len(site.faulty.asked("", "/manifests/"))
    site.refresh()
    assert len(site.faulty.asked("", "/manifests/")) == before


def test_a_listed_tag_without_a_manifest_is_no_candidate(site: Site) -> None:
    site.push("a", created=JANUARY)
    site.push("b", created=FEBRUARY)
    site.faulty.on("GET", "/manifests/b", faults.failing(404))
    site.faulty.on("HEAD", "/manifests/b", faults.failing(404))
    site.application(update_strategy="newest-build")

    assert site.refresh() == 0
    assert site.tag() == "a"

    site.faulty.mend()
    site.refresh()
    assert site.tag() == "b"


def test_a_manifest_that_cannot_be_read_is_asked_for_again(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.push("a", created=JANUARY)
    site.push("b", created=FEBRUARY)
    site.application(update_strategy="newest-build")
    site.refresh()
    site.push("c", created=MARCH)
    site.faulty.on("GET", "/manifests/c", faults.failing(500))

    assert site.refresh() == 1
    assert site.tag() == "b"
    assert f'msg="not refreshed" repository={site.image()} tag=c' in capsys.readouterr().err

    site.faulty.mend()
    assert site.refresh() == 0
    assert site.tag() == "c"


@pytest.mark.parametrize(
    "created",
    [
        pytest.param("", id="missing"),
        pytest.param("yesterday", id="unreadable"),
        pytest.param("0001-01-01T00:00:00+09:00", id="out-of-range"),
    ],
)
def test_a_build_without_a_time_is_no_candidate(site: Site, created: str) -> None:
    site.push("a", created=JANUARY)
    site.push("b", created=created)
    site.application(update_strategy="newest-build")

    assert site.refresh() == 0

    assert site.tag() == "a"
    assert site.snapshot().tags["b"].created == {}


def test_builds_for_the_wanted_platform(site: Site) -> None:
    site.push_index("old", {AMD64: MARCH, ARM64: JANUARY})
    site.push_index("new", {AMD64: JANUARY, ARM64: FEBRUARY})
    site.push("amd64-only", created=MARCH)
    site.application(update_strategy="newest-build", platforms=ARM64)

    assert site.refresh() == 0

    assert site.tag() == "new"
    assert set(site.snapshot().tags["new"].created) == {ARM64}


def test_another_policy_reads_the_other_platforms(site: Site) -> None:
    site.push_index("a", {AMD64: JANUARY, ARM64: MARCH})
    site.push_index("b", {AMD64: FEBRUARY, ARM64: JANUARY})
    site.application(name="one", update_strategy="newest-build", platforms=AMD64)
    site.refresh()
    assert site.tag("one") == "b"

    site.application(name="any", update_strategy="newest-build")
    assert site.refresh() == 0
    assert (site.tag("one"), site.tag("any")) == ("b", "a")
    assert set(site.snapshot().tags["a"].created) == {AMD64, ARM64}

    before = read(site)
    site.refresh()
    assert read(site) == before


def test_a_winner_that_is_not_built_for_the_platform_is_not_chosen(site: Site) -> None:
    site.push_index("v1", {AMD64: JANUARY, ARM64: JANUARY})
    site.application(platforms=ARM64)
    site.refresh()
    site.push("v2")

    assert site.refresh() == 1

    assert site.tag() == "v1"
    assert site.decision().held == "v2 cannot be pulled: v2: not built for linux/arm64"


def test_a_chart_is_not_the_newest_build(site: Site) -> None:
    site.push("a")
    site.push_chart("1.0.0")
    site.application(update_strategy="newest-build")

    assert site.refresh() == 0

    assert site.tag() == "a"
    assert site.snapshot().tags["1.0.0"].kind == "artifact"
    before = read(site)
    site.refresh()
    assert read(site) == before


def test_digest(site: Site) -> None:
    site.push("latest", "other")
    site.application(f"app={site.image()}:latest", update_strategy="digest")

    assert site.refresh() == 0

    before = site.decision()
    assert (before.tag, before.digest) == ("latest", site.snapshot().tags["latest"].digest)
    assert site.snapshot().tags["other"].digest is None

    site.push("latest", created=MARCH)
    assert site.refresh() == 0

    after = site.decision()
    assert (after.tag, after.digest) == ("latest", site.snapshot().tags["latest"].digest)
    assert after.digest != before.digest
    assert after.since == site.now
    assert read(site) == 2  # that each is an image


def test_digest_and_build_time_of_one_tag(site: Site) -> None:
    site.push("latest", created=JANUARY)
    site.application(f"app={site.image()}:latest", update_strategy="digest", name="digest")
    site.application(update_strategy="newest-build", name="newest")

    for _ in range(2):
        assert site.refresh() == 0

    assert set(site.snapshot().tags["latest"].created) == {AMD64}
    assert site.manifest.generation == 1
    assert read(site) == 1
