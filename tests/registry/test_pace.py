"""When the next request may be sent, with a clock that the tests turn."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.registry.pace import Pace

T = 1_000.0
"""When each test begins."""

LOWEST = 0.5


def places(pace: Pace, count: int, now_s: float = T) -> list[float]:
    """Return when so many requests may be sent that all come now, from now on."""
    return [pace.slot(now_s) - now_s for _ in range(count)]


def rate(pace: Pace, now_s: float) -> float:
    """Return the requests a second that it allows."""
    one, other = (pace.slot(now_s) for _ in range(2))
    return 1 / (other - one)


def answers(pace: Pace, count: int, until_s: float) -> None:
    """Note so many answers in the second before ``until_s``."""
    for n in range(count):
        pace.answered(until_s - 0.9 + 0.9 * n / count)


def fall_silent(pace: Pace, now_s: float = T, count: int = 5) -> None:
    for _ in range(count):
        pace.unanswered(now_s, "connection refused")


def test_without_a_limit_nobody_waits() -> None:
    assert places(Pace(), 1000) == [0] * 1000


@pytest.mark.parametrize("limit", [1, 10, 0.5])
def test_a_limit_is_kept_from_the_first_request_on(limit: float) -> None:
    assert places(Pace(limit), 5) == pytest.approx([n / limit for n in range(5)])


def test_what_was_not_used_is_not_saved_up() -> None:
    pace = Pace(10)
    places(pace, 3)

    assert places(pace, 2, T + 60) == pytest.approx([0, 0.1])


@pytest.mark.parametrize(
    ("retry_after_s", "pause_s"),
    [
        pytest.param(None, 1, id="not-said"),
        pytest.param(7, 7, id="said"),
        pytest.param(0, 1, id="at-once-is-no-pause"),
        pytest.param(float("inf"), 3600, id="for-ever"),
        pytest.param(10**9, 3600, id="for-years"),
    ],
)
def test_a_refusal_pauses(retry_after_s: float | None, pause_s: float) -> None:
    pace = Pace()

    pace.refused(T, retry_after_s)

    assert pace.pause_s(T) == pause_s
    assert places(pace, 1) == [pause_s]
    assert pace.pause_s(T + pause_s) == 0


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    pace = Pace()
    pace.refused(T, 30)
    pace.refused(T + 2, 1)

    assert pace.pause_s(T + 2) == 28


def test_a_refusal_sets_the_rate_a_little_below_what_was_taken() -> None:
    pace = Pace()
    answers(pace, 50, T)

    pace.refused(T, 1)

    assert rate(pace, T + 1) == pytest.approx(40)


def test_what_was_taken_long_ago_does_not_count() -> None:
    pace = Pace()
    answers(pace, 500, T - 5)
    answers(pace, 20, T)

    pace.refused(T, 1)

    assert rate(pace, T + 1) == pytest.approx(16)


@pytest.mark.parametrize("begins_s", [0.0, 0.5, T], ids=["clock-starts", "just-started", "later"])
def test_a_burst_of_refusals_counts_once(begins_s: float) -> None:
    pace = Pace()
    answers(pace, 50, begins_s)

    for n in range(16):
        pace.refused(begins_s + n / 100, 3)  # sent before the first was known
    pace.refused(begins_s + 2, 3)  # a late one

    assert rate(pace, begins_s + 5) == pytest.approx(40)


def test_a_refusal_just_after_a_pause_does_not_end_in_a_crawl() -> None:
    # Nothing was taken in the last second, for nothing was sent.
    pace = Pace()
    answers(pace, 50, T)
    pace.refused(T, 1)

    pace.refused(T + 1.01, 1)

    assert rate(pace, T + 4) == pytest.approx(20)


def test_a_registry_that_only_refuses_is_asked_less_and_less() -> None:
    pace = Pace()
    pauses = []
    now_s = T
    for _ in range(14):
        pace.refused(now_s, None)
        pauses.append(pace.pause_s(now_s))
        now_s += pauses[-1]

    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]
    assert rate(pace, now_s) == pytest.approx(LOWEST)

    pace.answered(now_s)
    pace.refused(now_s + 10, None)
    assert pace.pause_s(now_s + 10) == 1


def test_the_rate_rises_slowly_while_answers_come() -> None:
    pace = Pace()
    answers(pace, 50, T)
    pace.refused(T, 1)
    rates = []

    for second in range(1, 61):
        for n in range(10):
            pace.answered(T + second + n / 10)
        rates.append(rate(pace, T + 1_000 + 10 * second))

    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(40 * 1.02**60, rel=0.05)


def test_a_pause_is_no_time_in_which_it_took_everything() -> None:
    pace = Pace()
    answers(pace, 50, T)
    pace.refused(T, None)

    pace.answered(T + 1_000)

    assert rate(pace, T + 1_000) <= 40 * 1.02 + 1e-6


@pytest.mark.parametrize("retry_after_s", [None, 30, 3600])
def test_an_answer_during_the_pause_changes_nothing(retry_after_s: float | None) -> None:
    # It was sent before the refusal came.
    pace = Pace()
    answers(pace, 50, T)
    pace.refused(T, retry_after_s)

    pace.answered(T + 0.5)

    assert rate(pace, T + 4_000) == pytest.approx(40)


_SECONDS = st.floats(0, 100, allow_subnormal=False)
_EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("answered"), _SECONDS, st.none()),
        st.tuples(st.just("refused"), _SECONDS, st.none() | st.floats(0, 1e6)),
        st.tuples(st.just("unanswered"), _SECONDS, st.none()),
        st.tuples(st.just("slot"), _SECONDS, st.none()),
    ),
    max_size=60,
)


@given(limit=st.sampled_from([0, 1, 10, 1000]), events=_EVENTS)
def test_whatever_happens_the_pace_is_one(
    limit: int, events: list[tuple[str, float, float | None]]
) -> None:
    pace = Pace(limit)
    now_s = T
    for what, after_s, retry_after_s in events:
        now_s += after_s
        if what == "answered":
            pace.answered(now_s)
        elif what == "refused":
            pace.refused(now_s, retry_after_s)
            assert pace.pause_s(now_s) > 0
            assert pace.pause_s(now_s) >= min(retry_after_s or 0, 3600) - 1e-6
        elif what == "unanswered":
            pace.unanswered(now_s, "x")
        else:
            pace.slot(now_s)

    later_s = now_s + 1e6
    found = places(pace, 3, later_s)
    assert found[0] == 0
    gaps = [after - before for before, after in pairwise(found)]
    assert all(gap >= (1 / limit - 1e-6 if limit else 0) for gap in gaps)
    assert all(gap <= 1 / LOWEST + 1e-6 for gap in gaps)


@given(
    limit=st.sampled_from([0, 5]),
    taken=st.integers(0, 200),
    bursts=st.lists(st.integers(1, 20), min_size=1, max_size=10),
)
def test_refusals_never_make_it_faster(limit: int, taken: int, bursts: list[int]) -> None:
    pace = Pace(limit)
    answers(pace, taken, T)
    now_s, before = T, float("inf")
    for burst in bursts:
        for n in range(burst):
            pace.refused(now_s + n / 1000, None)
        now_s += pace.pause_s(now_s)
        found = rate(pace, now_s + 100)
        assert max(before / 2, LOWEST) - 1e-6 <= found or before == float("inf")
        assert found <= max(before, LOWEST) + 1e-6
        now_s, before = now_s + 1_000, found


def test_five_requests_without_answer_and_it_is_left_alone() -> None:
    pace = Pace()
    fall_silent(pace, count=4)
    assert (pace.rest(T), pace.is_tried) == ("", False)

    pace.unanswered(T, "read timed out")

    assert pace.is_tried
    assert pace.rest(T).startswith(
        "not asked: 5 requests in a row had no answer, the last: read timed out; "
        "it is tried again in "
    )
    assert pace.rest(T + 9.9)
    assert pace.rest(T + 20) == ""


@pytest.mark.parametrize(
    "hear",
    [
        pytest.param(lambda pace: pace.answered(T), id="answer"),
        pytest.param(lambda pace: pace.refused(T, None), id="refusal"),
    ],
)
def test_any_answer_ends_the_silence(hear: Callable[[Pace], None]) -> None:
    pace = Pace()
    fall_silent(pace, count=4)
    hear(pace)
    fall_silent(pace, count=4)
    before = pace.is_tried
    fall_silent(pace, count=1)
    after = pace.is_tried

    hear(pace)

    assert (before, after, pace.is_tried) == (False, True, False)
    assert pace.rest(T) == ""


def test_one_tries_while_the_others_are_told() -> None:
    pace = Pace()
    fall_silent(pace)

    told = [pace.rest(T + 20) for _ in range(5)]

    assert [bool(reason) for reason in told] == [False, True, True, True, True]


def test_rests_grow_to_five_minutes_and_begin_anew() -> None:
    pace = Pace()

    def rests(now_s: float, count: int) -> list[tuple[bool, bool]]:
        """Let the trials fail; tell of each rest if it is half as long at least, and no longer."""
        found = []
        fall_silent(pace, now_s)
        for longest_s in [20, 40, 80, 160, 300, 300, 300][:count]:
            found.append((bool(pace.rest(now_s + longest_s / 2 - 0.1)), True))
            now_s += longest_s
            found.append((True, pace.rest(now_s) == ""))
            pace.unanswered(now_s, "again")
        return found

    assert rests(T, 7) == [(True, True)] * 14
    pace.answered(T + 5_000)
    assert rests(T + 5_000, 2) == [(True, True)] * 4


@pytest.mark.parametrize("limit", [0, 100])
def test_threads_share_one_pace(limit: int) -> None:
    pace = Pace(limit)
    if not limit:
        answers(pace, 125, T)
        pace.refused(T, 1)
    start = threading.Barrier(8)

    def take() -> list[float]:
        start.wait()
        return [pace.slot(T + 1) for _ in range(50)]

    with ThreadPoolExecutor(8) as threads:
        taken = sorted(s for f in [threads.submit(take) for _ in range(8)] for s in f.result())

    assert taken == pytest.approx([T + 1 + n / 100 for n in range(400)])


def test_of_several_threads_one_tries() -> None:
    pace = Pace()
    fall_silent(pace)
    start = threading.Barrier(8)

    def ask() -> bool:
        start.wait()
        return pace.rest(T + 20) == ""

    with ThreadPoolExecutor(8) as threads:
        allowed = [f.result() for f in [threads.submit(ask) for _ in range(8)]]

    assert allowed.count(True) == 1
