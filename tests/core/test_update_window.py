"""``update-window``: when a decision may change."""

from datetime import UTC, datetime

import pytest

from cmp.core.update_window import is_open
from cmp.errors import InvalidPolicy

_NIGHTS = "0 22 * * MON-FRI 4h"


@pytest.mark.parametrize(
    ("text", "now", "opened"),
    [
        pytest.param(_NIGHTS, "2026-11-23T21:59", False, id="before"),
        pytest.param(_NIGHTS, "2026-11-23T22:01", True, id="just-after-it-began"),
        pytest.param(_NIGHTS, "2026-11-24T01:59", True, id="past-midnight"),
        pytest.param(_NIGHTS, "2026-11-24T02:00", False, id="at-its-end"),
        pytest.param(_NIGHTS, "2026-11-28T23:00", False, id="on-another-weekday"),
        pytest.param(_NIGHTS, "2026-11-28T01:00", True, id="begun-on-friday"),
        pytest.param("* * * * * 1m", "2026-11-28T01:00:30", True, id="always"),
        pytest.param("0 0 1 * * 3d", "2026-11-03T12:00", True, id="days"),
        pytest.param(f"{_NIGHTS} UTC", "2026-11-23T22:30", True, id="utc-named"),
        pytest.param(f"{_NIGHTS} Europe/Berlin", "2026-11-23T21:30", True, id="winter-in-berlin"),
        pytest.param(f"{_NIGHTS} Europe/Berlin", "2026-07-20T20:30", True, id="summer-in-berlin"),
        pytest.param(f"{_NIGHTS} Europe/Berlin", "2026-11-23T20:30", False, id="an-hour-early"),
        pytest.param(f"{_NIGHTS} Asia/Tokyo", "2026-11-23T13:30", True, id="tokyo"),
        pytest.param(
            f"{_NIGHTS}; 0 12 * * SAT 1h", "2026-11-28T12:30", True, id="the-second-of-two"
        ),
        pytest.param(f"{_NIGHTS};0 12 * * SAT 1h;", "2026-11-28T14:30", False, id="none-of-two"),
    ],
)
def test_is_open(text: str, now: str, *, opened: bool) -> None:
    assert is_open(text, datetime.fromisoformat(now).replace(tzinfo=UTC)) is opened


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("0 22 * * *", "not a window: '0 22 * * *'; write <cron", id="no-duration"),
        pytest.param("22:00-02:00", "not a window: '22:00-02:00'; write <cron", id="hours"),
        pytest.param(f"{_NIGHTS} UTC x", f"not a window: '{_NIGHTS} UTC x'", id="too-many"),
        pytest.param(" ; ", "not a window: ' ; '; write <cron", id="only-a-semicolon"),
        pytest.param("0 22 * * * 4", "not a duration: '4'", id="duration-without-unit"),
        pytest.param("0 0 30 2 * 1h", "'0 0 30 2 *' never begins", id="february-30"),
        pytest.param("0 25 * * * 4h", "'25' is not within 0-23", id="hour-of-25"),
        pytest.param("0 22 * * FUN 4h", "'FUN' is no number", id="no-weekday"),
        pytest.param(f"{_NIGHTS} Berlin", "no time zone 'Berlin'; write a name", id="no-zone"),
        pytest.param(f"{_NIGHTS}; 0 25 * * * 4h", "'25' is not within", id="the-second-of-two"),
        pytest.param("* * * * * 1h; x", "not a window: 'x'", id="though-the-first-is-open"),
        pytest.param("* * * * * 1h; 0 25 * * * 1h", "'25' is not", id="hour-though-first-is-open"),
    ],
)
def test_refuses(text: str, complaint: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        is_open(text, datetime(2026, 11, 23, 12, tzinfo=UTC))

    assert complaint in caught.value.message
    assert caught.value.where == "update-window"
