"""Images that move only together, only at certain times, or only until then, pass after pass."""

import pytest

from tests.refresh.site import Site
from tests.support import faults

pytestmark = pytest.mark.tools

# Passes are made at full hours, from 08:00 on.
_NOW = "30 * * * * 59m"
_NOON = "30 11 * * * 1h"


def _group(site: Site, **keys: str) -> None:
    site.application(f"app={site.image()},db={site.image('db')}", group="shop", **keys)
    file = site.applications / "guestbook.yaml"
    file.write_text(file.read_text().replace("/app.group: ", "/group: "))


def _tags(site: Site) -> list[str]:
    return [site.tag(alias="app"), site.tag(alias="db")]


def test_two_images_move_only_together(site: Site) -> None:
    site.push("v1")
    site.push("v1", to="db")
    _group(site)
    site.refresh()
    assert _tags(site) == ["v1", "v1"]

    site.push("v2")
    assert site.refresh() == 0
    assert _tags(site) == ["v1", "v1"]
    assert site.decision(alias="app").why == "newest that group shop offers together"

    site.push("v2", "v3", to="db")
    assert site.refresh() == 0
    assert _tags(site) == ["v2", "v2"]

    site.push("v4")
    site.delete("v2", of="db")
    assert site.refresh() == 0
    assert _tags(site) == ["v2", "v2"]
    assert site.decision(alias="app").held == (
        "group shop: app: v1 would be a step back from v2; "
        "db: v2 is no longer in the registry, and v1 would be a step back from v2"
    )


def test_a_member_that_cannot_be_listed_holds_the_others(site: Site) -> None:
    site.push("v1")
    _group(site)

    assert site.refresh() == 1
    assert site.decisions() == {}

    site.push("v1", to="db")
    assert site.refresh() == 0
    assert _tags(site) == ["v1", "v1"]


def test_two_lanes_move_together_by_what_version_takes_of_them(site: Site) -> None:
    site.push("1.0.0-alpine", "1.1.0-alpine")
    site.push("1.0.0", "1.1.0", "1.2.0", to="db")
    _group(site, version=r"^(?P<version>[\d.]+)-alpine$")

    site.refresh()

    assert _tags(site) == ["1.1.0-alpine", "1.1.0"]


def test_outside_its_window_nothing_changes(site: Site) -> None:
    site.push("v1")
    site.application(update_window=_NOW)
    site.refresh()
    before = site.decision()
    site.push("v2")
    site.application(update_window=_NOON)

    assert site.refresh() == 0
    assert site.decision() == before._replace(held=f"outside the update-window {_NOON}")
    site.refresh()
    site.refresh()
    assert site.tag() == "v1"

    assert site.refresh() == 0  # 12:00
    assert (site.tag(), site.decision().held) == ("v2", "")
    site.push("v3")
    site.refresh()
    assert site.tag() == "v2"


def test_a_first_decision_waits_for_its_window(site: Site) -> None:
    site.push("v1")
    site.application(update_window=_NOON)

    assert site.refresh() == 0
    found = site.decision()
    assert (found.id, found.tag, found.held) == ("", "", f"outside the update-window {_NOON}")

    for _ in range(4):
        site.refresh()
    assert (site.tag(), site.decision().held) == ("v1", "")


@pytest.mark.parametrize("news", [True, False], ids=["with-news", "without"])
def test_a_window_that_cannot_be_read_changes_nothing_and_is_status_2(
    site: Site, capsys: pytest.CaptureFixture[str], *, news: bool
) -> None:
    site.push("v1")
    site.application()
    site.refresh()
    before = site.decision()
    if news:
        site.push("v2")
    site.application(update_window="at night")

    assert site.refresh() == 2

    assert site.decision() == before
    assert "update-window: not a window: 'at night'" in capsys.readouterr().err


@pytest.mark.parametrize("pin", ["edge", "v1", "v9"], ids=["no-version", "lower", "absent"])
def test_a_pin_that_has_ended_is_no_floor(site: Site, pin: str) -> None:
    site.push("v1", "v2", "edge")
    if pin == "v9":
        site.push(pin)
    site.application(pin=f"{pin} until 2026-11-23T08:30:00Z")
    site.refresh()
    assert site.tag() == pin
    if pin == "v9":
        site.delete(pin)

    assert site.refresh() == 0

    assert (site.tag(), site.decision().held) == ("v2", "")


def test_one_member_outside_its_window_holds_the_others(site: Site) -> None:
    site.push("v1")
    site.push("v1", to="db")
    _group(site)
    site.refresh()
    site.push("v2")
    site.push("v2", to="db")
    _group(site, update_window=_NOON)  # app's own

    assert site.refresh() == 0
    assert _tags(site) == ["v1", "v1"]
    assert site.decision(alias="db").held == (f"group shop: app: outside the update-window {_NOON}")

    site.refresh()
    site.refresh()
    assert site.refresh() == 0  # 12:00
    assert _tags(site) == ["v2", "v2"]
    assert site.decision(alias="db").held == ""


def test_one_member_that_cannot_be_pulled_holds_the_others(site: Site) -> None:
    site.push("v1")
    site.push("v1", to="db")
    _group(site)
    site.refresh()
    site.push("v2")
    site.push("v2", to="db")
    for method in ("HEAD", "GET"):
        site.faulty.on(method, f"{site.path('db')}/manifests/v2", faults.failing(500))

    assert site.refresh() == 1
    assert _tags(site) == ["v1", "v1"]
    assert site.decision(alias="app").held.startswith("group shop: db: v2 cannot be pulled: ")

    site.faulty.mend()
    assert site.refresh() == 0
    assert _tags(site) == ["v2", "v2"]


def test_a_group_with_digests_moves_to_a_version_that_is_not_the_newest_of_one(site: Site) -> None:
    site.push("1.0", "1.1", "1.2")
    site.push("1.0", "1.1", to="db")
    _group(site, digest="tag@digest")

    assert site.refresh() == 0

    assert _tags(site) == ["1.1", "1.1"]
    assert site.decision(alias="app").digest == site.snapshot().tags["1.1"].digest
    site.push("1.2", to="db")
    assert site.refresh() == 0
    assert _tags(site) == ["1.2", "1.2"]
