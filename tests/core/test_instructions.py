"""``pin`` and ``hold`` as they are written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cmp.core.instructions import Hold, Pin, is_in_force
from cmp.errors import InvalidPolicy
from tests.support.values import DIGEST, day

_EVENING = datetime(2026, 11, 30, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        pytest.param("1.2.3", Pin("1.2.3", "", None), id="tag"),
        pytest.param(f"1.2.3@{DIGEST}", Pin("1.2.3", DIGEST, None), id="tag-and-digest"),
        pytest.param(
            "1.2.3 until 2026-11-30T18:00:00Z", Pin("1.2.3", "", _EVENING), id="until-a-time"
        ),
        pytest.param(
            f"1@{DIGEST}  until  2026-11-30T18:00:00+00:00", Pin("1", DIGEST, _EVENING), id="spaces"
        ),
        pytest.param(
            "1 until 2026-11-30T20:00:00+02:00", Pin("1", "", _EVENING), id="in-another-zone"
        ),
        pytest.param("1 until 2026-11-30T18:00", Pin("1", "", _EVENING), id="utc-without-a-zone"),
        pytest.param("until", Pin("until", "", None), id="a-tag-of-that-name"),
    ],
)
def test_reads_a_pin(text: str, pin: Pin) -> None:
    assert Pin.parse(text) == pin


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param(
            "^1",
            "pin: not a tag: '^1'; write tag, tag@digest, or either with until <time>",
            id="a-range",
        ),
        pytest.param(
            f"@{DIGEST}",
            "pin: not a tag: ''; write tag, tag@digest, or either with until <time>",
            id="a-digest-alone",
        ),
        pytest.param("1@sha256", "pin: not a digest: 'sha256'", id="no-digest"),
        pytest.param("1@", "pin: not a digest: ''", id="empty-digest"),
        pytest.param(
            "1 until Monday",
            "pin: not a time: 'Monday'; write it as 2026-11-30T18:00:00Z",
            id="no-time",
        ),
        pytest.param(
            "1 until",
            "pin: not a tag: '1 until'; write tag, tag@digest, or either with until <time>",
            id="until-nothing",
        ),
    ],
)
def test_refuses_a_pin(text: str, complaint: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        Pin.parse(text)

    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("text", "hold"),
    [
        pytest.param("release freeze", Hold("release freeze", None), id="reason"),
        pytest.param("freeze until 2026-11-30T18:00:00Z", Hold("freeze", _EVENING), id="until"),
        pytest.param(
            "wait until QA is done until 2026-11-30T18:00:00Z",
            Hold("wait until QA is done", _EVENING),
            id="the-last-until-counts",
        ),
    ],
)
def test_reads_a_hold(text: str, hold: Hold) -> None:
    assert Hold.parse(text) == hold


def test_refuses_a_hold_until_no_time() -> None:
    with pytest.raises(InvalidPolicy) as caught:
        Hold.parse("freeze until Christmas")

    assert str(caught.value) == ("hold: not a time: 'Christmas'; write it as 2026-11-30T18:00:00Z")


@pytest.mark.parametrize(
    ("until", "in_force"),
    [
        pytest.param(None, True, id="for-ever"),
        pytest.param(day(11), True, id="before"),
        pytest.param(day(10), False, id="at-that-moment"),
        pytest.param(day(9), False, id="after"),
        pytest.param(day(10).astimezone(timezone(timedelta(hours=5))), False, id="in-another-zone"),
    ],
)
def test_is_in_force(until: datetime | None, *, in_force: bool) -> None:
    assert is_in_force(until, day(10)) is in_force
