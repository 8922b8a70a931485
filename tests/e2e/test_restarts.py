"""Servers of Argo CD and Kubernetes that are killed and come back: nothing is lost."""

import time

import pytest

from tests.support.scene import Scene
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize("when", ["before the push", "after the push"])
@pytest.mark.parametrize("server", ["kube-apiserver", "argocd-repo-server"])
def test_a_server_that_is_restarted(scene: Scene, server: str, when: str) -> None:
    app = scene.at_v1()
    if when == "before the push":
        scene.argocd.restart(server)
    scene.guestbook.push("v4")
    if when == "after the push":
        scene.argocd.restart(server)

    scene.runs(app, "v4", within_s=60)
    scene.settle()

    history = app.status()["history"]
    assert len(history) == 2, history
    assert app.status()["sync"]["status"] == "Synced"


def test_what_a_late_mirror_had_rendered_is_corrected(scene: Scene) -> None:
    scene.refresher.start("--ack-wait", "2s")
    scene.refresher.wait_for_pass()
    app = scene.at_v1()
    late = scene.refresher.mirrors[0]
    told = scene.refresher.log.count("told Argo CD")
    late.pause()
    scene.guestbook.push("v4")
    wait_for("it is late", lambda: "mirror is late" in scene.refresher.log)
    wait_for("Argo CD is told", lambda: scene.refresher.log.count("told Argo CD") > told)
    time.sleep(2)
    assert app.images()["frontend"] == f"{scene.guestbook.image}:v1"

    late.resume()

    scene.runs(app, "v4", within_s=30)
