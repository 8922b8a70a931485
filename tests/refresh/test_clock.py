"""A clock that jumps is doubted for a while, and believed when it stays where it is."""

from datetime import UTC, datetime, timedelta

import pytest

from cmp.refresh.clock import BELIEVED_AFTER_S, Clock

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR_S = 3600.0


class Machine:
    """Its time of day, and how long it has been on."""

    def __init__(self) -> None:
        self.wrong_s = 0.0
        self.on_s = 5000.0

    @property
    def true(self) -> datetime:
        return NOON + timedelta(seconds=self.on_s - 5000)

    def time_of_day(self) -> float:
        return self.true.timestamp() + self.wrong_s

    def steady(self) -> float:
        return self.on_s


@pytest.mark.parametrize(
    ("by_s", "after_s", "believed_s"),
    [
        pytest.param(48 * HOUR_S, 0, 0, id="ahead"),
        pytest.param(-6 * HOUR_S, 0, 0, id="back"),
        pytest.param(48 * HOUR_S, BELIEVED_AFTER_S - 1, 0, id="ahead-for-a-while"),
        pytest.param(48 * HOUR_S, BELIEVED_AFTER_S, 48 * HOUR_S, id="ahead-for-long"),
        pytest.param(-6 * HOUR_S, BELIEVED_AFTER_S, -6 * HOUR_S, id="back-for-long"),
        pytest.param(2, 0, 2, id="set-by-a-little"),
        pytest.param(-2, 0, -2, id="set-back-by-a-little"),
    ],
)
def test_a_jump_counts_when_it_has_lasted(by_s: float, after_s: float, believed_s: float) -> None:
    machine = Machine()
    clock = Clock(machine.time_of_day, machine.steady)

    machine.wrong_s = by_s
    clock.now()
    machine.on_s += after_s

    assert clock.now() == machine.true + timedelta(seconds=believed_s)


def test_one_that_is_set_right_again_was_never_believed() -> None:
    machine = Machine()
    clock = Clock(machine.time_of_day, machine.steady)

    for wrong_s in (48 * HOUR_S, 0, 48 * HOUR_S, -6 * HOUR_S, 48 * HOUR_S):
        machine.wrong_s = wrong_s
        for _ in range(9):
            assert clock.now() == machine.true
            machine.on_s += BELIEVED_AFTER_S / 10


def test_it_says_so(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    clock = Clock(machine.time_of_day, machine.steady)

    machine.wrong_s = -6 * HOUR_S
    for _ in range(4):
        clock.now()
        machine.on_s += BELIEVED_AFTER_S / 2

    jumped, believed = caplog.records
    assert (jumped.message, vars(jumped)["by"]) == ("the clock has jumped", "-21600 s")
    assert (believed.message, vars(believed)["by"]) == ("the clock is believed", "-21600 s")
