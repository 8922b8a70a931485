from datetime import timedelta

import pytest

from cmp.core.duration import parse_duration
from cmp.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("90s", 90, id="seconds"),
        pytest.param("2m", 120, id="minutes"),
        pytest.param("1h30m", 5400, id="hours-and-minutes"),
        pytest.param("30m1h", 5400, id="in-whatever-order"),
        pytest.param("3d", 3 * 86400, id="days"),
        pytest.param("1d12h", 36 * 3600, id="days-and-hours"),
        pytest.param("1.5h", 5400, id="fraction"),
        pytest.param(".5h", 1800, id="fraction-alone"),
        pytest.param("2.s", 2, id="fraction-empty"),
        pytest.param("1500ms", 1.5, id="milliseconds"),
        pytest.param("1m1ms", 60.001, id="m-is-not-ms"),
        pytest.param("250us", 0.00025, id="microseconds"),
        pytest.param("250µs250μs", 0.0005, id="microseconds-by-two-letters"),
        pytest.param("1500000000ns", 1.5, id="nanoseconds"),
        pytest.param("0", 0, id="zero"),
        pytest.param("0s", 0, id="zero-seconds"),
        pytest.param(" 2m\n", 120, id="spaces-around"),
        pytest.param("2562047h", 2562047 * 3600, id="292-years"),
    ],
)
def test_reads(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("90", id="no-unit"),
        pytest.param("h", id="no-number"),
        pytest.param(".h", id="point-alone"),
        pytest.param("1w", id="weeks"),
        pytest.param("2M", id="capital"),
        pytest.param("-1h", id="negative"),
        pytest.param("1h 30m", id="space-within"),
        pytest.param("1h30", id="rest"),
        pytest.param("1,5h", id="comma"),
        pytest.param("٣h", id="digits-of-others"),
        pytest.param("1e3s", id="exponent"),
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_duration(text)

    assert str(caught.value) == f"not a duration: {text!r}; write 90s, 2m, 1h30m or 3d"


@pytest.mark.parametrize("text", ["2562048h", "999999999d", "9999999999999999999h"])
def test_refuses_what_go_cannot_count(text: str) -> None:
    with pytest.raises(InvalidInput, match="too long a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("3d", id="days"),
        pytest.param(" 2m", id="space-before"),
        pytest.param("2m\n", id="line-end"),
    ],
)
def test_as_go_refuses_what_go_does(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_duration(text, as_go=True)

    assert str(caught.value) == f"not a duration: {text!r}; write 90s, 2m, 1h30m"
