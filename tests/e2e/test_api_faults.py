"""An API server that fails: nothing is lost, and it is not asked in haste."""

import time
from typing import Any

import pytest

from tests.support.api_proxy import ApiProxy, expired
from tests.support.faults import Answer
from tests.support.scene import HARD_REFRESH, HISTORY, OURS, Scene

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FAULTS: dict[str, dict[str, Any]] = {
    "conflict": {"method": "PATCH", "pattern": "/applications/", "answer": Answer(409), "times": 3},
    "throttled": {
        "method": "PATCH",
        "pattern": "/applications/",
        "answer": Answer(429, {"Retry-After": "1"}),
        "times": 2,
    },
    "failing": {"method": "PATCH", "pattern": "/applications/", "answer": Answer(500), "times": 7},
    "state-failing": {
        "method": "PATCH",
        "pattern": "/image-cmp-state-",
        "answer": Answer(500),
        "times": 7,
    },
    "events-failing": {"method": "POST", "pattern": "/events", "answer": Answer(500), "times": 9},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_api_server_that_fails_costs_time_and_nothing_else(
    scene: Scene, proxy: ApiProxy, fault: str
) -> None:
    app = scene.at_v1()
    recording = scene.record()
    asked = _asked(proxy)
    proxy.on(**FAULTS[fault])
    scene.guestbook.push("v4")

    scene.runs(app, "v4", within_s=30)
    scene.settle()

    (timeline,) = recording.stop(app).values()
    assert timeline.steps == [HARD_REFRESH, OURS, "hook v4", "frontend v4", HISTORY]
    # Two steps, the state three times, an Event; what failed, and as much again at the most.
    assert _asked(proxy) - asked <= 6 + 2 * FAULTS[fault]["times"]


def _asked(proxy: ApiProxy) -> int:
    """Count requests, but for those that are made all the time."""
    regular = ("argocd-image-updater-config", "/leases/")  # each pass, and each two seconds
    return len([r for r in proxy.requests if not any(path in r.path for path in regular)])


@pytest.mark.parametrize("fault", ["expired", "broken", "failing"])
def test_a_watch_that_ends_goes_on(scene: Scene, proxy: ApiProxy, fault: str) -> None:
    app = scene.at_v1()
    answer = {"expired": expired(), "broken": Answer(200), "failing": Answer(500)}[fault]
    asked = _asked(proxy)
    proxy.on("GET", "/applications.*watch=true", answer=answer, times=6)
    proxy.break_watches()
    time.sleep(2)
    scene.guestbook.push("v4")

    scene.runs(app, "v4", within_s=60)

    # Two namespaces' Applications and the projects: lists, watches, pauses in between.
    assert _asked(proxy) - asked < 30
    assert proxy.asked("GET", "/applications.*watch=true")


def test_one_that_does_not_answer_is_waited_for_without_haste(
    scene: Scene, proxy: ApiProxy
) -> None:
    app = scene.at_v1()
    proxy.on("GET", "", answer=Answer(503))
    proxy.on("PATCH", "", answer=Answer(503))
    proxy.break_watches()
    asked = _asked(proxy)
    scene.guestbook.push("v4")
    time.sleep(6)  # after ten it could not renew its lease, and would end
    busy = _asked(proxy) - asked
    proxy.mend()

    scene.runs(app, "v4", within_s=60)

    assert busy < 60
