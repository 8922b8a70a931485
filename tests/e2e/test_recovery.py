"""What is lost is found again, and nothing moves back."""

import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.api_proxy import ApiProxy, expired
from tests.support.faults import Answer
from tests.support.images import delete_manifest
from tests.support.scene import HARD_REFRESH, HISTORY, OURS, Scene
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

SELF_HEAL = {"automated": {"selfHeal": True}}


@pytest.fixture
def proxy(scene: Scene) -> Iterator[ApiProxy]:
    kubernetes = scene.argocd.kubernetes
    with ApiProxy(kubernetes.url, kubernetes.ca) as proxy:
        scene.refresher.url = proxy.url
        yield proxy


def test_there_and_back_again(scene: Scene) -> None:
    app = scene.at_v1()
    scene.guestbook.push("v4")
    scene.runs(app, "v4")
    scene.guestbook.push("v5")
    scene.runs(app, "v5")
    scene.settle()
    recording = scene.record()

    scene.annotate(app, {"image-list": f"guestbook={scene.guestbook.image}:v4"})

    scene.runs(app, "v4")
    scene.settle()
    (timeline,) = recording.stop(app).values()
    assert timeline.steps == [HARD_REFRESH, OURS, "hook v4", "frontend v4", HISTORY]


def test_a_chosen_tag_that_is_gone_is_held(scene: Scene) -> None:
    app = scene.at_v1()
    scene.guestbook.push("v4")
    scene.runs(app, "v4")
    scene.settle()
    recording = scene.record()

    delete_manifest(scene.guestbook.registry.url, f"{scene.guestbook.namespace}/app", "v4")

    scene.settle()
    (timeline,) = recording.stop(app).values()
    assert timeline.steps == []
    (event,) = scene.events(app, "ImageHeld")
    image = scene.guestbook.image
    assert event == (
        f"{image}:v4 is held: v4 is no longer in the registry, and v1 would be a step back from v4"
    )


@pytest.mark.parametrize("lost", ["store", "state", "both"])
def test_what_is_lost_is_found_again(scene: Scene, lost: str) -> None:
    app = scene.at_v1()
    scene.guestbook.push("v4")
    scene.runs(app, "v4")
    scene.settle()
    # Without the floor v1 would be chosen now.
    delete_manifest(scene.guestbook.registry.url, f"{scene.guestbook.namespace}/app", "v4")
    scene.settle()
    recording = scene.record()

    assert scene.refresher.stop() == 0
    if lost != "state":
        scene.refresher.delete_store()
    if lost != "store":
        scene.refresher.delete_state()
    scene.refresher.start()
    scene.settle()

    app.hard_refresh()
    (timeline,) = recording.stop(app).values()
    assert timeline.steps == [HARD_REFRESH]  # ours, just now
    assert timeline.applications[-1]["status"]["sync"]["status"] == "Synced"
    assert app.images()["frontend"] == f"{scene.guestbook.image}:v4"
    (state,) = scene.refresher.states
    assert ":v4" in state["data"][app.name]


def test_a_store_that_goes_while_it_runs_is_written_anew(scene: Scene) -> None:
    app = scene.at_v1()

    scene.refresher.delete_store()
    scene.settle()
    app.hard_refresh()

    assert app.status()["sync"]["status"] == "Synced"
    assert app.images()["frontend"] == f"{scene.guestbook.image}:v1"


def test_a_new_application_runs_gits_image_and_then_the_chosen_one(scene: Scene) -> None:
    scene.guestbook.push("v1", "v4")
    scene.refresher.start()
    scene.refresher.wait_for_pass()
    scene.refresher.stop()

    # Nobody knows it, as when Argo CD validates what is to be created.
    app = scene.create()
    recording = scene.record()
    app.synced()
    assert app.images()["frontend"] == f"{scene.guestbook.image}:v1"
    begun = time.monotonic()
    scene.refresher.start()

    scene.runs(app, "v4", within_s=15)
    assert time.monotonic() - begun < 15
    (timeline,) = recording.stop(app).values()
    assert timeline.conditions == set()
    assert timeline.steps.count("hook v4") == 1


def test_one_created_while_it_runs_is_told_at_once(scene: Scene) -> None:
    scene.guestbook.push("v1", "v4")
    scene.refresher.start("--interval", "10m")
    scene.refresher.wait_for_pass()

    app = scene.create()

    scene.runs(app, "v4", within_s=15)
    assert "ComparisonError" not in str(app.status())


def test_a_dry_run_writes_nothing(scene: Scene) -> None:
    app = scene.at_v1()
    scene.refresher.stop()
    scene.refresher.clean()
    recording = scene.record()
    scene.guestbook.push("v4")

    scene.refresher.start("--dry-run")
    scene.settle()

    assert "to=v4" in scene.refresher.log
    (timeline,) = recording.stop(app).values()
    assert timeline.steps == []
    assert scene.refresher.states == []
    assert not scene.argocd.index.exists()
    assert scene.events(app, "ImageUpdated") == []


STEPS = {
    "checkpoint": ("PATCH", r"/configmaps/image-cmp-state-"),
    "publication": ("PATCH", r"/applications/.*refresh"),  # before it, for nothing is asked then
    "hard refresh": ("PATCH", r"/applications/.*refresh"),
    "operation": ("PATCH", r"/applications/.*\"operation\""),
    "event": ("POST", r"/events.*ImageUpdated"),
}
PUSHES = 20
KILLS = 10  # of each


def test_it_may_be_killed_after_any_step(scene: Scene, proxy: ApiProxy) -> None:
    """Ten times after each, dealt out at random over the pushes."""
    random_ = random.Random(4)  # the same order each time
    deal = [step for step in STEPS for _ in range(KILLS)]
    random_.shuffle(deal)
    order = list(STEPS)
    hands = [sorted(deal[i::PUSHES], key=order.index) for i in range(PUSHES)]
    apps = [
        scene.at_v1(name=f"{scene.guestbook.namespace}-{name}", policy=policy)
        for name, policy in (("automated", None), ("self-heal", SELF_HEAL))
    ]
    recording = scene.record()
    killed: Counter[str] = Counter()
    for number, hand in enumerate(hands):
        tag = f"v{number + 2}"
        scene.guestbook.push(tag)
        for step in hand:
            _kill_after(scene, proxy, step)
            killed[step] += 1
            scene.refresher.start()
        for app in apps:
            scene.runs(app, tag, within_s=30)
    scene.settle()

    assert killed == dict.fromkeys(STEPS, KILLS)
    tags = [f"v{number + 2}" for number in range(PUSHES)]
    automated, self_heal = recording.stop(*apps).values()
    assert [s for s in automated.steps if s.startswith("frontend")] == [f"frontend {t}" for t in tags]
    assert [s for s in automated.steps if s.startswith("hook")] == [f"hook {t}" for t in tags]
    assert [s for s in self_heal.steps if s.startswith("frontend")] == [f"frontend {t}" for t in tags]
    hooks = Counter(s for s in self_heal.steps if s.startswith("hook"))
    assert set(hooks) == {f"hook {t}" for t in tags}
    assert max(hooks.values()) <= 2


def _kill_after(scene: Scene, proxy: ApiProxy, step: str) -> None:
    method, pattern = STEPS[step]
    kill = scene.refresher.kill
    if step == "publication":
        proxy.on(method, pattern, before=kill, answer=Answer(503), times=1)
    else:
        proxy.on(method, pattern, after=kill, times=1)
    wait_for(f"killed after {step}", lambda: not scene.refresher.is_running, within_s=30)
    proxy.mend()


FAULTS = {
    "conflict": {"method": "PATCH", "pattern": "/applications/", "answer": Answer(409), "times": 3},
    "throttled": {
        "method": "PATCH",
        "pattern": "/applications/",
        "answer": Answer(429, {"Retry-After": "1"}),
        "times": 2,
    },
    "failing": {"method": "PATCH", "pattern": "/applications/", "answer": Answer(500), "times": 7},
    "state-failing": {"method": "PATCH", "pattern": "/image-cmp-", "answer": Answer(500), "times": 7},
    "events-failing": {"method": "POST", "pattern": "/events", "answer": Answer(500), "times": 9},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_api_server_that_fails_costs_time_and_nothing_else(
    scene: Scene, proxy: ApiProxy, fault: str
) -> None:
    app = scene.at_v1()
    recording = scene.record()
    asked = len(proxy.requests)
    proxy.on(**FAULTS[fault])
    scene.guestbook.push("v4")

    scene.runs(app, "v4", within_s=30)
    scene.settle()

    (timeline,) = recording.stop(app).values()
    assert timeline.steps == [HARD_REFRESH, OURS, "hook v4", "frontend v4", HISTORY]
    # Two steps, the state twice, an Event; and what failed.
    assert len(proxy.requests) - asked <= 5 + FAULTS[fault]["times"] + 1


@pytest.mark.parametrize("fault", ["expired", "broken", "failing"])
def test_a_watch_that_ends_goes_on(scene: Scene, proxy: ApiProxy, fault: str) -> None:
    app = scene.at_v1()
    answer = {"expired": expired(), "broken": Answer(200), "failing": Answer(500)}[fault]
    asked = len(proxy.requests)
    proxy.on("GET", "/applications.*watch=true", answer=answer, times=6)
    proxy.break_watches()
    time.sleep(2)
    scene.guestbook.push("v4")

    scene.runs(app, "v4", within_s=60)

    # Two namespaces' Applications and the projects: lists, watches, pauses in between.
    assert len(proxy.requests) - asked < 30
    assert proxy.asked("GET", "/applications.*watch=true")


def test_one_that_does_not_answer_is_waited_for_without_haste(
    scene: Scene, proxy: ApiProxy
) -> None:
    app = scene.at_v1()
    proxy.on("GET", "", answer=Answer(503))
    proxy.on("PATCH", "", answer=Answer(503))
    proxy.break_watches()
    asked = len(proxy.requests)
    scene.guestbook.push("v4")
    time.sleep(10)
    busy = len(proxy.requests) - asked
    proxy.mend()

    scene.runs(app, "v4", within_s=60)

    assert busy < 60
