"""What people say to the refresher, from the command to the record."""

import json

import pytest

from cmp.errors import IndexTorn, InvalidInput
from cmp.index import open_index
from tests.refresh.site import Site


@pytest.fixture
def at_v4(site: Site) -> Site:
    site.application()
    site.push("v1")
    site.refresh()
    site.push("v2", "v3")
    site.refresh()
    site.push("v4")
    site.refresh()
    assert site.tag() == "v4"
    return site


def after(site: Site, *tags: str) -> str:
    """Return what is chosen after these were pushed."""
    site.push(*tags)
    assert site.refresh() == 0
    return site.tag()


def test_a_pin_stays_until_it_is_released(at_v4: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert at_v4.say("pin", "app", "v2", "--reason", "v3 leaks") == 0
    assert capsys.readouterr().out == "guestbook: app: v2, pinned by alice: v3 leaks\n"
    assert [after(at_v4), after(at_v4, "v5"), at_v4.decision().by] == ["v2", "v2", "person"]

    at_v4.say("release", "app")

    assert "released; it was pinned by alice: v3 leaks" in capsys.readouterr().out
    assert (after(at_v4), at_v4.decision().by) == ("v5", "")


def test_a_hold_ends_by_itself_at_its_time(at_v4: Site) -> None:
    at_v4.say("hold", "--reason", "freeze", "--until", "2026-11-23T12:30:00Z")

    assert [after(at_v4, "v5"), after(at_v4)] == ["v4", "v4"]
    assert at_v4.decision().held.startswith("on hold by alice until 2026-11-23T12:30")
    assert after(at_v4) == "v5"
    assert open_index(at_v4.store_url).instructions("guestbook") == {}


def test_a_rollback_waits_for_something_newer(
    at_v4: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    at_v4.say("rollback")

    said = "rolled back from v4 by alice; until something newer than v4 is there, or `release`"
    assert capsys.readouterr().out == f"guestbook: app: v3, {said}\n"
    assert [after(at_v4), after(at_v4, "v3.1")] == ["v3", "v3"]
    assert after(at_v4, "v5") == "v5"
    at_v4.delete("v5")
    assert [after(at_v4), after(at_v4)] == ["v5", "v5"]  # over for good
    assert open_index(at_v4.store_url).instructions("guestbook") == {}


def test_one_goes_back_further_and_what_was_rejected_stays_so(at_v4: Site) -> None:
    at_v4.say("rollback")
    after(at_v4)
    at_v4.say("rollback")

    assert [after(at_v4), after(at_v4, "v3.1")] == ["v1", "v1"]
    assert after(at_v4, "v4.1") == "v4.1"


def test_a_decision_is_gone_back_to_by_its_id(at_v4: Site) -> None:
    first = at_v4.history()["app"][-1]
    assert first.tag == "v1"

    at_v4.say("rollback", first.id, "--reason", "v2 too")

    assert after(at_v4) == "v1"
    assert at_v4.decision().why == "rolled back from v4 by alice: v2 too"


def test_what_was_pinned_has_nothing_to_be_surpassed(
    at_v4: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    at_v4.say("pin", "app", "v2")
    after(at_v4)
    at_v4.say("rollback")

    assert capsys.readouterr().out.endswith("v4, rolled back by alice; until `release`\n")
    assert after(at_v4, "v5") == "v4"


def test_what_changed_together_goes_back_together(site: Site) -> None:
    site.application(f"app={site.image()},db={site.image('db')},old={site.image('old')}")
    site.push("v1")
    site.push("v1", to="db")
    site.push("v1", "v2", to="old")
    site.refresh()
    site.push("v2", to="db")
    after(site, "v2")

    site.say("rollback")
    site.refresh()

    assert {a: d.tag for a, d in site.decisions().items()} == {"app": "v1", "db": "v1", "old": "v2"}


def test_a_hold_of_what_was_never_chosen_keeps_a_render_from_choosing(site: Site) -> None:
    site.application()
    site.push("edge")
    site.refresh()
    site.say("hold", "--reason", "not yet")

    site.push("v1")
    site.refresh()

    assert (site.tag(), site.decision().by) == ("", "person")
    assert site.decision().held == "on hold by alice: not yet"


def test_what_cannot_be_read_stops_its_application_alone(at_v4: Site) -> None:
    at_v4.application(name="other")
    at_v4.say("hold", "--reason", "freeze")
    at_v4.file("instructions").write_text("{torn")
    at_v4.push("v5")

    assert at_v4.refresh() == 1
    assert (at_v4.tag(), at_v4.tag("other")) == ("v4", "v5")
    with pytest.raises(IndexTorn):
        at_v4.say("release", "app")
    at_v4.say("release")
    assert after(at_v4) == "v5"


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        pytest.param(
            ["pin", "ap", "v1"], "no image is called 'ap'; did you mean 'app'?", id="alias"
        ),
        pytest.param(["pin", "app", "^1"], "pin: not a tag: '^1'", id="tag"),
        pytest.param(
            ["hold", "--reason", "r", "--until", "Friday"], "not a time: 'Friday'", id="time"
        ),
        pytest.param(
            ["hold", "--reason", "r", "--until", "2026-11-01T00:00:00Z"], "is past", id="past"
        ),
        pytest.param(["rollback", "d-0"], "no decision 'd-0'", id="decision"),
        pytest.param(["release", "ap"], "did you mean 'app'?", id="release"),
    ],
)
def test_a_mistake_changes_nothing(at_v4: Site, command: list[str], complaint: str) -> None:
    before = at_v4.contents()

    with pytest.raises(InvalidInput) as caught:
        at_v4.say(*command)

    assert complaint in str(caught.value)
    assert at_v4.contents() == before


def test_there_may_be_nothing_to_go_back_to(site: Site) -> None:
    site.application()
    site.push("v1")
    site.refresh()

    with pytest.raises(InvalidInput, match="no decision before"):
        site.say("rollback")


def test_what_is_said_is_part_of_the_record(at_v4: Site) -> None:
    at_v4.say("hold", "app", "--reason", "freeze")
    after(at_v4)

    (source,) = json.loads(at_v4.file("applications").read_text())["sources"]
    assert source["instructions"]["app"]["by"] == "alice"
    assert source["decisions"]["app"]["by"] == "person"
