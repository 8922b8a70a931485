"""When is written: windows, caps, loops and pauses, of values and the time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.writeback.git_schedule import (
    History,
    Limits,
    Write,
    due_at_s,
    push_pause_s,
    retry_pause_s,
)

LIMITS = Limits(window_s=5, commits=2, per_s=100, loop_s=60)


def history(*writes: tuple[float, str]) -> History:
    kept = History()
    for at_s, digest in writes:
        kept = kept.with_write(Write(at_s, {"values.yaml": digest}), LIMITS)
    return kept


@pytest.mark.parametrize(
    ("since_s", "before", "not_before_s", "due_s"),
    [
        pytest.param([10.0], history(), 0.0, 15.0, id="window"),
        pytest.param([12.0, 10.0, 14.0], history(), 0.0, 15.0, id="the-first-counts"),
        pytest.param([10.0], history(), 40.0, 40.0, id="after-a-failure"),
        pytest.param([10.0], history((1.0, "a")), 0.0, 15.0, id="under-the-cap"),
        pytest.param([10.0], history((1.0, "a"), (5.0, "b")), 0.0, 101.0, id="at-the-cap"),
        pytest.param([300.0], history((1.0, "a"), (5.0, "b")), 0.0, 305.0, id="long-after"),
    ],
)
def test_when_a_batch_is_due(
    since_s: list[float], before: History, not_before_s: float, due_s: float
) -> None:
    assert due_at_s(since_s, LIMITS, before, not_before_s) == due_s


@pytest.mark.parametrize(
    ("before", "present", "digest", "now_s", "loops"),
    [
        pytest.param([], "a", "b", 0.0, False, id="nothing-before"),
        pytest.param([(0.0, "b")], "b", "c", 1.0, False, id="onwards"),
        pytest.param([(0.0, "b")], "a", "b", 1.0, True, id="somebody-reverted-ours"),
        pytest.param([(0.0, "b"), (1.0, "a")], "a", "b", 2.0, False, id="a-rollback-and-its-end"),
        pytest.param(
            [(0.0, "b"), (1.0, "a"), (2.0, "b"), (3.0, "a")], "a", "b", 4.0, True, id="to-and-fro"
        ),
        pytest.param([(0.0, "b")], "b", "a", 1.0, False, id="a-rollback"),
        pytest.param([(0.0, "b")], "a", "b", 61.0, False, id="long-ago"),
        pytest.param([(0.0, "b")], "", "b", 1.0, False, id="gone"),
        pytest.param([(0.0, "b"), (1.0, "b")], "", "b", 2.0, True, id="gone-again"),
    ],
)
def test_what_is_a_loop(
    before: list[tuple[float, str]], present: str, digest: str, now_s: float, *, loops: bool
) -> None:
    path = "values.yaml"

    found = history(*before).loops_at({path: digest}, {path: present}, now_s, LIMITS)

    assert found == (path if loops else "")


@given(st.integers(min_value=1, max_value=5000))
def test_pauses_are_bounded_and_never_nothing(failures: int) -> None:
    assert 0 < retry_pause_s(failures, LIMITS) <= LIMITS.longest_retry_s
    assert 0 < push_pause_s(failures, LIMITS) <= LIMITS.longest_pause_s


@given(st.lists(st.floats(min_value=0, max_value=10_000), max_size=50))
def test_a_history_keeps_only_what_matters(times: list[float]) -> None:
    kept = history(*((at_s, "x") for at_s in sorted(times)))

    assert all(write.at_s > max(times) - LIMITS.per_s for write in kept.writes)
