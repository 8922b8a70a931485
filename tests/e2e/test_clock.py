"""The clock of the refreshers' machine jumps: nothing is lost, and no rule about time is broken.

The API server, Argo CD, Redis and the mirrors have the true time.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cmp.index.redis import RedisIndex
from tests.support.clock import WallClock
from tests.support.refresher import Refresher
from tests.support.scene import HARD_REFRESH, HISTORY, OURS, Scene
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

NOW = timedelta()
DAYS = timedelta(days=2)
HOURS = timedelta(hours=6)
LEASE_S = 15 + 2 + 8


@pytest.fixture
def clock(refresher: Refresher, tmp_path: Path) -> WallClock:
    """Return the clock of the machine that both refreshers are on."""
    clock = WallClock(tmp_path)
    refresher.clock = clock
    assert refresher.standby
    refresher.standby.clock = clock
    return clock


@pytest.mark.parametrize(
    ("begins", "jumps"),
    [
        pytest.param(NOW, DAYS, id="ahead-and-right-again"),
        pytest.param(HOURS, NOW, id="ahead-from-the-start-and-set-right"),
    ],
)
def test_a_jump_loses_nothing_and_breaks_no_rule(
    scene: Scene, clock: WallClock, begins: timedelta, jumps: timedelta
) -> None:
    clock.jump(begins)
    name, book = scene.guestbook.namespace, scene.guestbook
    app = scene.at_v1()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")  # noqa: TID251 - a person's
    bound = [
        scene.create(name=f"{name}-{rule}", keys={f"guestbook.{rule}": value})
        for rule, value in (
            ("min-age", "1d"),
            ("hold", f"frozen until {tomorrow}"),
            ("update-window", f"0 0 {(datetime.now(UTC) + DAYS).day} * * 24h"),  # noqa: TID251 - a person's
            ("update-strategy", "first-seen"),
        )
    ]
    by_seen = bound.pop()
    for one in (*bound, by_seen):
        one.synced()
    scene.settle()
    recording = scene.record()

    for tag, ahead in (("v4", jumps), ("v5", begins), ("v6", begins)):
        book.push(tag)
        for one in (app, by_seen):
            scene.runs(one, tag)
        scene.settle()
        clock.jump(ahead)
        scene.settle()

    timelines = recording.stop(app, by_seen, *bound)
    for one in (app, by_seen):
        assert timelines[one.name].steps == [
            step
            for tag in ("v4", "v5", "v6")
            for step in (HARD_REFRESH, OURS, f"hook {tag}", f"frontend {tag}", HISTORY)
        ]
    assert {one.name: timelines[one.name].steps for one in bound} == {one.name: [] for one in bound}
    assert 'msg="the clock has jumped"' in scene.refresher.log
    assert "lease lost" not in scene.refresher.log
    assert len(list(_store(scene).documents())) == 1 + 1 + len(bound) + 1


def test_who_waits_for_the_lease_is_not_led_astray(
    scene: Scene, clock: WallClock, standby: Refresher
) -> None:
    """By another machine's clock: ahead, it is no reason to take over; back, none to wait."""
    scene.refresher.clock = None
    clock.jump(DAYS)
    app = scene.at_v1()
    standby.start()
    wait_for("it waits", lambda: "waiting for the lease" in standby.log)
    scene.settle()

    clock.jump(2 * DAYS)
    scene.guestbook.push("v4")
    scene.runs(app, "v4")
    scene.settle()
    assert "msg=leading" not in standby.log
    assert scene.refresher.is_running

    scene.refresher.kill()
    clock.jump(NOW)
    scene.guestbook.push("v5")
    wait_for("it leads", lambda: "msg=leading" in standby.log, within_s=LEASE_S)
    scene.runs(app, "v5")


def _store(scene: Scene) -> RedisIndex:
    store = scene.refresher.store
    return RedisIndex(store.url, store.environment(tls=False))
