"""Somebody takes away what was written into a spec: once may be a mistake, twice is an owner."""

from datetime import timedelta

import pytest

from cmp.refresh.spec_writes import SpecWrites
from tests.refresh.manifests import NOW

WRITE, GONE = "write", "gone"


@pytest.mark.parametrize(
    ("happened", "is_contested"),
    [
        pytest.param([(0, WRITE, "a"), (1, GONE, "a")], False, id="once"),
        pytest.param(
            [(0, WRITE, "a"), (1, GONE, "a"), (1, WRITE, "a"), (2, GONE, "a")], True, id="twice"
        ),
        pytest.param(
            [(0, WRITE, "a"), (1, GONE, "a"), (1, WRITE, "a")], False, id="written-again-and-stays"
        ),
        pytest.param(
            [(0, WRITE, "a"), (11, GONE, "a"), (11, WRITE, "a"), (12, GONE, "a")],
            False,
            id="long-after-it-was-written",
        ),
        pytest.param(
            [(0, WRITE, "a"), (1, WRITE, "b"), (2, GONE, "c"), (2, WRITE, "c"), (3, GONE, "d")],
            False,
            id="other-decisions",
        ),
    ],
)
def test_is_contested(happened: list[tuple[int, str, str]], *, is_contested: bool) -> None:
    writes, now = SpecWrites(), NOW
    for minute, what, decisions in happened:
        now = NOW + timedelta(minutes=minute)
        seen = writes.after if what == WRITE else writes.found_without
        writes = seen(decisions, now)

    assert writes.is_contested(now) == is_contested


def test_it_is_tried_again_after_a_day() -> None:
    writes = SpecWrites().after("a", NOW).after("a", NOW).found_without("a", NOW)

    assert writes.is_contested(NOW + timedelta(hours=23))
    assert not writes.is_contested(NOW + timedelta(hours=24))
    assert not writes.after("a", NOW + timedelta(hours=24)).is_contested(NOW)
