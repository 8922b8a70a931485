"""A control plane in a namespace of another name: nothing is called argocd by itself."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import guestbook_for, refresher_for
from tests.e2e.test_ack_guide import SOURCE_FILE, guide_for
from tests.support.argocd import ArgoCD
from tests.support.git_site import GitSite
from tests.support.redis import RedisServer
from tests.support.registry import RegistryServer
from tests.support.scene import HARD_REFRESH, HISTORY, OURS, Scene

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def appcenter(argocd: ArgoCD) -> Iterator[ArgoCD]:
    """Yield one more Argo CD, on the same API server."""
    with (
        tempfile.TemporaryDirectory(prefix="cmp-app-") as folder,
        argocd.another(root=Path(folder), namespace="appcenter") as appcenter,
    ):
        yield appcenter


def test_a_control_plane_called_appcenter(
    appcenter: ArgoCD, registry: RegistryServer, redis_server: RedisServer, tmp_path: Path
) -> None:
    with refresher_for(appcenter, tmp_path, redis_server) as refresher:
        scene = Scene(appcenter, guestbook_for(appcenter, tmp_path, registry), refresher)
        app = scene.at_v1()
        recording = scene.record()

        scene.guestbook.push("v4")

        scene.runs(app, "v4")
        scene.settle()
        (timeline,) = recording.stop(app).values()
        assert app.namespace == "appcenter"
        assert timeline.steps == [HARD_REFRESH, OURS, "hook v4", "frontend v4", HISTORY]
        (state,) = refresher.states
        assert state["metadata"]["namespace"] == "appcenter"


@pytest.mark.slow
def test_the_guide_there(
    appcenter: ArgoCD, registry: RegistryServer, redis_server: RedisServer, tmp_path: Path
) -> None:
    with refresher_for(appcenter, tmp_path, redis_server) as refresher:
        scene = Scene(appcenter, guestbook_for(appcenter, tmp_path, registry), refresher)
        for guide in guide_for(scene, registry):
            scene.guestbook.push("v1")
            with GitSite.over_https(scene, tmp_path / "git") as site, site.known_to_argocd():
                refresher.start("--native", "on")
                app = guide.create("git", {"write-back-method": "git"})
                app.synced()
                scene.settle()

                scene.guestbook.push("v4")

                guide.runs(app, "v4")
                file = f"helm/.argocd-source-{app.name}.yaml"
                assert site.bare.show(file).decode() == SOURCE_FILE.format(guide.image, "v4")
                assert app.namespace == "appcenter"
