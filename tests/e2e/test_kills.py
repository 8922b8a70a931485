"""A refresher that is killed between any two steps finishes when it returns."""

import random
from collections import Counter

import pytest

from tests.support.api_proxy import ApiProxy
from tests.support.faults import Answer
from tests.support.scene import Scene
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SELF_HEAL = {"automated": {"selfHeal": True}}
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
    random_ = random.Random(4)  # noqa: S311 - the same order each time
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
            scene.refresher.give_up_lease()
            scene.refresher.start()
        for app in apps:
            scene.runs(app, tag, within_s=30)
        recording.collect()
    scene.settle()

    assert killed == dict.fromkeys(STEPS, KILLS)
    tags = [f"v{number + 2}" for number in range(PUSHES)]
    automated, self_heal = recording.stop(*apps).values()
    assert [s for s in automated.steps if s.startswith("frontend")] == [
        f"frontend {t}" for t in tags
    ]
    assert [s for s in automated.steps if s.startswith("hook")] == [f"hook {t}" for t in tags]
    assert [s for s in self_heal.steps if s.startswith("frontend")] == [
        f"frontend {t}" for t in tags
    ]
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
