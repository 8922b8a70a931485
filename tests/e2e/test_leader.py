"""Two refreshers: one works, and the other when that one does not."""

import threading

import pytest

from tests.support.api_proxy import ApiProxy
from tests.support.refresher import Refresher
from tests.support.scene import HARD_REFRESH, HISTORY, OURS, Scene
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

EVERYTHING = [HARD_REFRESH, OURS, "hook v4", "frontend v4", HISTORY]
HANDED_OVER_S = 2 + 5
LEASE_S = 15 + 2 + 8


def wait_for_standby(standby: Refresher) -> None:
    standby.start()
    wait_for("it waits", lambda: "waiting for the lease" in standby.log)
    assert "msg=leading" not in standby.log


def wait_for_leader(refresher: Refresher, within_s: float) -> None:
    wait_for("it leads", lambda: "msg=leading" in refresher.log, within_s=within_s)


@pytest.mark.parametrize(
    ("end", "within_s"),
    [
        pytest.param("stop", HANDED_OVER_S, id="stopped"),
        pytest.param("kill", LEASE_S, id="killed"),
        pytest.param("pause", LEASE_S, id="stalled"),
    ],
)
def test_the_other_goes_on(scene: Scene, standby: Refresher, end: str, within_s: float) -> None:
    app = scene.at_v1()
    wait_for_standby(standby)
    recording = scene.record()

    getattr(scene.refresher, end)()
    scene.guestbook.push("v4")
    wait_for_leader(standby, within_s)
    if end == "pause":
        scene.refresher.resume()
        assert scene.refresher.ended(20) == 1

    scene.runs(app, "v4")
    standby.wait_for_pass()
    standby.wait_for_pass()
    (timeline,) = recording.stop(app).values()
    assert timeline.steps == EVERYTHING


def test_a_leader_that_is_cut_off_ends_before_the_other_begins(
    scene: Scene, proxy: ApiProxy, standby: Refresher
) -> None:
    app = scene.at_v1()
    wait_for_standby(standby)
    recording = scene.record()

    mended = threading.Event()
    for method in ("GET", "PATCH", "POST"):
        proxy.on(method, "", before=mended.wait)  # no answer, and no refusal
    proxy.break_watches()
    scene.guestbook.push("v4")

    assert scene.refresher.ended(LEASE_S) == 1
    mended.set()
    assert "msg=leading" not in standby.log
    assert "lease lost" in scene.refresher.log
    wait_for_leader(standby, LEASE_S)
    scene.runs(app, "v4")
    standby.wait_for_pass()
    (timeline,) = recording.stop(app).values()
    assert timeline.steps == EVERYTHING
