"""What no Application uses any more goes: from the store, from the copies, and from the state."""

import pytest

from cmp.core.image import Repository
from cmp.index.file import FileIndex
from tests.support.scene import Scene
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_what_nobody_uses_is_forgotten(scene: Scene) -> None:
    scene.refresher.start("--forget-after", "3s")
    scene.refresher.wait_for_pass()
    app = scene.at_v1()
    stays = scene.create(name=f"{app.name}-stays", image=f"redis={scene.guestbook.redis}")
    scene.guestbook.push("6.0.9", repository="redis")
    scene.settle()
    copies = [FileIndex(f"file://{mirror.directory}") for mirror in scene.refresher.mirrors]
    own, other = map(Repository.parse, (scene.guestbook.image, scene.guestbook.redis))
    assert all(copy.application(app.name) and copy.snapshot(own) for copy in copies)

    scene.argocd.kubernetes.delete(app.path)

    gone = {("application", app.name), ("repository", str(own))}
    wait_for(
        "it is forgotten",
        lambda: not any(gone.intersection(copy.documents()) for copy in copies),
        within_s=20,
    )
    assert all(copy.application(stays.name) and copy.snapshot(other) for copy in copies)
    wait_for(
        "its past is forgotten",
        lambda: not any(app.name in state["data"] for state in scene.refresher.states),
    )
