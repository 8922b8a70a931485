"""Another version of what renders: all Applications are rendered anew, and none is synced."""

import pytest

from tests.support.scene import HARD_REFRESH, Scene
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_all_are_rendered_anew_once_all_mirrors_say_so(scene: Scene) -> None:
    app = scene.at_v1()
    refresher = scene.refresher
    wait_for("the versions are remembered", lambda: "_tools" in _state(scene), within_s=20)
    recording = scene.record()
    one, other = refresher.mirrors

    for mirror in (one, other):
        mirror.kill()
        mirror.tools = "helm of tomorrow"
        mirror.start()
        if mirror is one:
            scene.settle()
            assert "all is rendered anew" not in refresher.log

    wait_for("it was rendered", lambda: "all was rendered anew" in refresher.log, within_s=30)
    scene.settle()
    (timeline,) = recording.stop(app).values()
    assert timeline.steps == [HARD_REFRESH]
    wait_for("it is remembered", lambda: "of tomorrow" in _state(scene).get("_tools", ""))


def _state(scene: Scene) -> dict[str, str]:
    return {name: text for state in scene.refresher.states for name, text in state["data"].items()}
