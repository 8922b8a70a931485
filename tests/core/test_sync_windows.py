import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cmp.core.sync_windows import Destination, SyncWindow, parse_sync_windows, why_closed
from cmp.errors import InvalidInput
from tests.support.oracle import Oracle

_APP = Destination("guestbook", server="https://k8s.test", cluster="prod", namespace="web")
_NIGHT = "0 22 * * *"


def window(
    kind: str = "allow", schedule: str = _NIGHT, duration: str = "8h", **more: Any
) -> SyncWindow:
    (parsed,) = parse_sync_windows(
        {
            "spec": {
                "syncWindows": [
                    {
                        "kind": kind,
                        "schedule": schedule,
                        "duration": duration,
                        "applications": ["*"],
                        **more,
                    }
                ]
            }
        }
    )
    return parsed


def at(text: str) -> datetime:
    """Return a time of Tuesday 2026-11-24, or of another day where one is given."""
    day, _, time = text.rpartition(" ")
    return datetime.fromisoformat(f"{day or '2026-11-24'}T{time}+00:00")


@pytest.mark.parametrize(
    ("given", "any_matches", "all_match"),
    [
        pytest.param({}, False, False, id="nothing"),
        pytest.param({"applications": ["guestbook"]}, True, True, id="application"),
        pytest.param({"applications": ["other", "guest*"]}, True, True, id="one-of-two"),
        pytest.param({"applications": ["guest"]}, False, False, id="another-application"),
        pytest.param({"clusters": ["prod"]}, True, True, id="cluster-by-name"),
        pytest.param({"clusters": ["https://*"]}, True, True, id="cluster-by-server"),
        pytest.param({"clusters": ["test"]}, False, False, id="another-cluster"),
        pytest.param({"namespaces": ["web"]}, True, True, id="namespace"),
        pytest.param({"namespaces": ["api"]}, False, False, id="another-namespace"),
        pytest.param(
            {"applications": ["guestbook"], "clusters": ["test"]},
            True,
            False,
            id="application-only",
        ),
        pytest.param(
            {"applications": ["other"], "clusters": ["prod"]}, True, False, id="cluster-only"
        ),
        pytest.param(
            {"applications": ["other"], "namespaces": ["web"]}, True, False, id="namespace-only"
        ),
        pytest.param(
            {"clusters": ["prod"], "namespaces": ["api"]}, True, False, id="not-the-namespace"
        ),
        pytest.param(
            {"applications": ["*"], "clusters": ["*"], "namespaces": ["*"]}, True, True, id="all"
        ),
        pytest.param(
            {"applications": ["x"], "clusters": ["x"], "namespaces": ["x"]}, False, False, id="none"
        ),
    ],
)
def test_speaks_of(given: dict[str, list[str]], any_matches: bool, all_match: bool) -> None:  # noqa: FBT001 - of a table
    (by_any,) = parse_sync_windows({"spec": {"syncWindows": [given]}})
    by_all = by_any._replace(and_operator=True)

    assert by_any.applies_to(_APP) == any_matches
    assert by_all.applies_to(_APP) == all_match


def test_a_cluster_without_name_or_server_is_not_matched_by_a_star() -> None:
    assert not window(applications=[], clusters=["*"]).applies_to(Destination("guestbook"))


@pytest.mark.parametrize(
    ("windows", "time", "why"),
    [
        pytest.param([], "12:00", "", id="no-window"),
        pytest.param([window("allow")], "23:00", "", id="within-allow"),
        pytest.param(
            [window("allow")],
            "12:00",
            "outside the allow window '0 22 * * *' for 8h",
            id="outside-allow",
        ),
        pytest.param(
            [window("deny")],
            "23:00",
            "within the deny window '0 22 * * *' for 8h",
            id="within-deny",
        ),
        pytest.param([window("deny")], "12:00", "", id="outside-deny"),
        pytest.param(
            [window("allow"), window("deny")],
            "23:00",
            "within the deny window '0 22 * * *' for 8h",
            id="deny-wins",
        ),
        pytest.param(
            [window("allow"), window("allow", "0 11 * * *", "2h")], "12:00", "", id="any-allow"
        ),
        pytest.param(
            [window("allow"), window("deny", "0 1 * * *", "1h")],
            "12:00",
            "outside the allow window '0 22 * * *' for 8h",
            id="inactive-deny-opens-nothing",
        ),
        pytest.param(
            [window("deny", manualSync=True)],
            "23:00",
            "within the deny window '0 22 * * *' for 8h",
            id="manual-sync-is-for-people",
        ),
        pytest.param([window("deny", applications=["other"])], "23:00", "", id="window-of-another"),
        pytest.param(
            [window("allow", timeZone="Asia/Tokyo")],
            "12:00",
            "outside the allow window '0 22 * * *' Asia/Tokyo for 8h",
            id="says-its-time-zone",
        ),
        pytest.param(
            [window("allow", "* * * * *"), window("deny", "never")],
            "12:00",
            "a sync window cannot be read: 'never': a schedule has 5 fields",
            id="schedule-unreadable",
        ),
        pytest.param(
            [window("allow", "* * * * *", "1d")],
            "12:00",
            "a sync window cannot be read: not a duration: '1d'; write 90s, 2m, 1h30m",
            id="duration-in-days",
        ),
        pytest.param(
            [window("allow", "x", applications=["other"])], "12:00", "", id="unreadable-of-another"
        ),
    ],
)
def test_why_closed(windows: list[SyncWindow], time: str, why: str) -> None:
    assert why_closed(windows, _APP, at(time)) == why


@pytest.mark.parametrize(
    ("given", "times"),
    [
        pytest.param(
            window(),
            {"21:59": False, "22:00": False, "22:01": True, "05:59": True, "06:00": False},
            id="begins-after-its-minute-and-spans-midnight",
        ),
        pytest.param(
            window(schedule="0 0 1 * *", duration="48h"),
            {"2026-12-02 23:00": True, "2026-11-30 23:00": False},
            id="two-days",
        ),
        pytest.param(window(schedule="0 0 * * 2", duration="24h"), {"12:00": True}, id="weekday"),
        pytest.param(
            window(schedule="0 0 * * tue-Fri", duration="24h"), {"12:00": True}, id="names"
        ),
        pytest.param(
            window(schedule="? 12 ? ? ?", duration="1m"), {"12:30:30": True}, id="question"
        ),
        pytest.param(
            window(schedule="0 0 1 * 2", duration="24h"), {"12:00": True}, id="either-of-two-days"
        ),
        pytest.param(
            window(schedule="0 0 */2 * 1", duration="24h"),
            {"2026-11-25 12:00": True, "12:00": False, "2026-11-23 12:00": True},
            id="a-star-with-a-step-is-a-day-like-others",
        ),
        pytest.param(
            window(schedule="0 0 30 2 *", duration="1h"), {"12:00": True}, id="never-is-always"
        ),
        pytest.param(window(duration="0"), {"22:00:01": False}, id="no-duration"),
        pytest.param(
            window(timeZone="America/New_York"),
            {"02:30": False, "03:01": True, "10:59": True, "11:01": False},
            id="time-zone-west",
        ),
        pytest.param(
            window(timeZone="Asia/Kolkata"),
            {"16:29": False, "16:31": True, "00:29": True, "00:31": False},
            id="time-zone-of-half-an-hour",
        ),
        pytest.param(
            window(timeZone="America/New_York"), {"2026-07-24 02:30": True}, id="summer-time"
        ),
        pytest.param(window(timeZone="Nowhere/Atall"), {"22:01": True}, id="zone-unknown-is-utc"),
        pytest.param(window(timeZone="../../etc"), {"22:01": True}, id="no-zone-is-utc"),
    ],
)
def test_is_active(given: SyncWindow, times: dict[str, bool]) -> None:
    assert {time: given.is_active(at(time)) for time in times} == times


def test_the_operator_is_read() -> None:
    assert not window(clusters=["test"], andOperator=True).applies_to(_APP)


def test_the_time_may_be_told_by_any_clock() -> None:
    here = at("22:01").astimezone(datetime.fromisoformat("2026-11-24T00:00:00+05:30").tzinfo)

    assert window().is_active(here)


@pytest.mark.parametrize(
    ("schedule", "complaint"),
    [
        pytest.param("", "a schedule has 5 fields", id="empty"),
        pytest.param("0 0 22 * * *", "a schedule has 5 fields", id="seconds"),
        pytest.param("@daily", "a schedule has 5 fields", id="descriptor"),
        pytest.param("60 * * * *", "not a schedule: '60' is not within 0-59", id="minute"),
        pytest.param("* * 0 * *", "not a schedule: '0' is not within 1-31", id="day"),
        pytest.param("* * * * 7", "not a schedule: '7' is not within 0-6", id="sunday-is-0"),
        pytest.param("* * * * 5-1", "not a schedule: '5-1' is not within 0-6", id="backwards"),
        pytest.param("*/0 * * * *", "not a schedule: '*/0' is not within 0-59", id="step-0"),
        pytest.param("* * L * *", "not a schedule: 'L' is no number", id="last-day"),
        pytest.param("* * * * 1#2", "not a schedule: '1#2' is no number", id="second-monday"),
        pytest.param("* * * mon *", "not a schedule: 'mon' is no number", id="name-elsewhere"),
        pytest.param("٣ * * * *", "not a schedule: '٣' is no number", id="digits-of-others"),
        pytest.param("1/2/3 * * * *", "not a schedule: '2/3' is no number", id="two-slashes"),
    ],
)
def test_an_unreadable_schedule(schedule: str, complaint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        window(schedule=schedule).is_active(at("12:00"))

    assert str(caught.value) == f"{schedule!r}: {complaint}"


def test_a_project_without_windows() -> None:
    assert parse_sync_windows({"spec": {"syncWindows": None}}) == ()
    assert parse_sync_windows({}) == ()


def _field(low: int, high: int, *names: str) -> st.SearchStrategy[str]:
    number = st.integers(low, high).map(str)
    span = st.tuples(number, number).map("-".join)
    usual = st.sampled_from(["*", "*", "?", *names]) | number | span
    odd = st.sampled_from(["*/2", "*/1", "?/3", f"{high + 1}", "L", "", "1#1", "*-3", "a", "1-2-3"])
    stepped = st.tuples(number | span | st.just("*"), st.integers(0, 9)).map(
        lambda drawn: f"{drawn[0]}/{drawn[1]}"
    )
    part = st.sampled_from([usual, usual, usual, stepped, odd]).flatmap(lambda chosen: chosen)
    return st.lists(part, min_size=1, max_size=2).map(",".join)


_SCHEDULE = st.tuples(
    _field(0, 59),
    _field(0, 23),
    _field(1, 31),
    _field(1, 12, "jan", "Dec"),
    _field(0, 6, "sun", "MON", "fri"),
).map(" ".join)
_DURATION = st.sampled_from(
    [
        "1h",
        "10m",
        "90s",
        "24h",
        "72h",
        "1h30m",
        "0",
        "0.5h",
        ".5m",
        "800h",
        "1d",
        "x",
        " 1h",
        "9000h",
    ]
)
# To robfig a list of nothing is no error, and says of days what we do not care to find out.
_EMPTY = re.compile(r" ,+( |$)")
# Until 2090: robfig looks five years ahead, and 2100 has no February 29.
_TIMES = st.lists(
    st.datetimes(datetime(2024, 1, 1), datetime(2090, 1, 1)).map(  # noqa: DTZ001 - as Hypothesis has it
        lambda time: time.replace(second=time.second // 30 * 30, microsecond=0, tzinfo=UTC)
    ),
    min_size=1,
    max_size=20,
)


def _active(schedule: str, duration: str, times: list[datetime]) -> list[bool] | None:
    given = window(schedule=schedule, duration=duration)
    try:
        return [given.is_active(time) for time in times]
    except InvalidInput:
        return None


@pytest.mark.tools
@settings(max_examples=600)
@given(schedule=_SCHEDULE, duration=_DURATION, times=_TIMES)
@example("0 0 29 2 *", "24h", [at(f"{year}-02-29 12:00") for year in (2024, 2028)])
@example("0 0 31 4 *", "24h", [at("12:00")])
@example(", * * * *", "24h", [at("12:00")])
@example("0 0 */2 * mon", "1h", [at("00:30") + timedelta(days=day) for day in range(31)])
@example("0 0 * * 1/2", "1h", [at("00:30") + timedelta(days=day) for day in range(7)])
@example("0 0 * * 5-5/2", "1h", [at("00:30") + timedelta(days=day) for day in range(7)])
def test_windows_are_active_when_they_are_to_argo_cd(
    oracle: Oracle, schedule: str, duration: str, times: list[datetime]
) -> None:
    assume(not _EMPTY.search(schedule))

    assert _active(schedule, duration, times) == oracle.windows(schedule, duration, times)
