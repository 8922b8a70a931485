"""What a hostile review of whole passes found, each mended: no step back, nothing taken twice."""

import pytest

from tests.refresh.site import Site

pytestmark = pytest.mark.tools

JANUARY, MARCH = "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"
_NOON = "30 11 * * * 1h"
_NEVER_NOW = "30 3 * * * 1h"


@pytest.mark.parametrize("strategy", ["newest-build", "first-seen"])
def test_another_strategy_does_not_compare_times_with_versions(site: Site, strategy: str) -> None:
    site.push("main-4", "1.0.0")
    site.application(update_strategy=strategy, allow_tags="regexp:main")
    site.refresh()
    assert site.tag() == "main-4"

    site.application(min_age="3d")

    assert site.refresh() == 0
    assert site.tag() == "main-4"  # nothing is old enough yet


def test_a_pin_is_taken_whatever_its_group_and_window_say(site: Site) -> None:
    site.push("1.0.0", "2.0.0")
    site.push("1.0.0", "2.0.0", to="db")
    group = f"app={site.image()},db={site.image('db')}"
    site.application(group, group="shop", db_x="")
    site.refresh()
    assert site.tag() == "2.0.0"

    site.application(group, group="shop", pin="1.0.0", update_window=_NEVER_NOW)

    assert site.refresh() == 0
    assert (site.tag(), site.decision().held) == ("1.0.0", "")


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param({"hold": "incident until 2026-11-23T09:30:00Z"}, id="a-hold-that-ends"),
        pytest.param({"min_age": "1s"}, id="an-age"),
        pytest.param({"group": "shop"}, id="a-group-of-one"),
        pytest.param({"digest": "off"}, id="a-form"),
    ],
)
def test_what_does_not_choose_lifts_no_floor(site: Site, keys: dict[str, str]) -> None:
    site.push("1.0.0", "2.0.0")
    site.application()
    site.refresh()
    site.delete("2.0.0")
    site.application(**keys)

    for _ in range(3):
        site.refresh()
        assert site.tag() == "2.0.0"
    site.application()
    site.refresh()

    assert site.tag() == "2.0.0"
    assert "is no longer in the registry" in site.decision().held


def test_forming_a_group_is_no_step_back(site: Site) -> None:
    site.push("1.0.0", "2.0.0")
    site.push("1.0.0", to="db")
    images = f"app={site.image()},db={site.image('db')}"
    site.application(images)
    site.refresh()
    site.application(images)
    file = site.applications / "guestbook.yaml"
    prefix = "argocd-image-updater.argoproj.io"
    file.write_text(
        file.read_text().replace("annotations:", f"annotations:\n    {prefix}/group: x")
    )

    assert site.refresh() == 0

    assert (site.tag(), site.tag(alias="db")) == ("2.0.0", "1.0.0")
    assert "would be a step back from 2.0.0" in site.decision().held


def test_an_image_that_takes_the_place_of_a_chart_is_seen_within_two_days(site: Site) -> None:
    site.push("1.0.0")
    site.push_chart("2.0.0")
    site.application()
    site.refresh()
    assert site.tag() == "1.0.0"
    site.push("2.0.0", created=MARCH)

    for _ in range(49):
        assert site.refresh() == 0

    assert site.tag() == "2.0.0"


def test_two_aliases_that_are_renamed_are_not_mixed_up(site: Site) -> None:
    site.push("1.1.0", "2.0.0")
    ones = f"a={site.image()}:^1,b={site.image()}:^2"
    site.application(ones)
    site.refresh()
    site.delete("2.0.0")
    site.application(ones.replace("a=", "a2=").replace("b=", "b2="))

    site.refresh()

    assert (site.tag(alias="a2"), site.tag(alias="b2")) == ("1.1.0", "2.0.0")


def test_a_new_lane_does_not_inherit_from_one_that_was_removed(site: Site) -> None:
    site.push("2.0.0", "9.0.0")
    site.application(f"a={site.image()}:^2")
    site.refresh()
    site.application(f"canary={site.image()}:^9")

    site.refresh()

    assert site.tag(alias="canary") == "9.0.0"


def test_aliases_that_are_swapped_keep_their_repositories_floors(site: Site) -> None:
    site.push("1.0.0", "2.0.0")
    site.push("7.0.0", to="db")
    site.application(f"a={site.image()},b={site.image('db')}")
    site.refresh()
    site.delete("2.0.0")
    site.application(f"b={site.image()},a={site.image('db')}")

    site.refresh()

    assert (site.tag(alias="b"), site.tag(alias="a")) == ("2.0.0", "7.0.0")


def test_a_chart_is_not_chosen_because_another_image_asks_for_its_digest(site: Site) -> None:
    site.push("1.0.0", "2.0.0")
    images = f"a={site.image()},b={site.image()}"
    site.application(images)
    file = site.applications / "guestbook.yaml"
    prefix = "argocd-image-updater.argoproj.io"
    pinned = file.read_text().replace(
        "annotations:",
        f"annotations:\n    {prefix}/a.pin: 1.0.0\n    {prefix}/b.digest: tag@digest",
    )
    file.write_text(pinned)
    site.refresh()
    assert (site.tag(alias="a"), site.tag(alias="b")) == ("1.0.0", "2.0.0")
    site.push_chart("2.0.0")
    file.write_text(pinned.replace(f"    {prefix}/a.pin: 1.0.0\n", ""))

    site.refresh()

    assert site.tag(alias="a") == "1.0.0"
    assert site.snapshot().tags["2.0.0"].kind == "artifact"


def test_many_charts_cost_a_bounded_number_of_rounds(site: Site) -> None:
    site.push("0.1.0")
    for number in range(30):
        site.push_chart(f"1.0.{number}")
    site.application()

    assert site.refresh() == 1
    first = len([t for t in site.snapshot().tags.values() if t.kind == "artifact"])
    assert first == 20
    assert "no images; this one is looked at next time" in site.decision().held

    assert site.refresh() == 0
    assert site.tag() == "0.1.0"
