"""Native Applications: their specs are written, and Argo CD renders and syncs them itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.applications import Application
from tests.support.git_site import GitSite
from tests.support.kubernetes import Object
from tests.support.scene import HARD_REFRESH, Scene
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

HELM = {"helm": {"valueFiles": ["values.yaml"]}}
_UPDATER = "argocd-image-updater"
_SOURCE_FILE = """\
helm:
  parameters:
  - name: frontend.image.repository
    value: {}
    forcestring: true
  - name: frontend.image.tag
    value: {}
    forcestring: true
"""


@pytest.fixture
def updater(scene: Scene) -> Iterator[Object]:
    """An argocd-image-updater of before 1.0, as its manifests have it, beside Argo CD."""
    kubernetes = scene.argocd.kubernetes
    folder = f"/apis/apps/v1/namespaces/{scene.argocd.namespace}/deployments"
    labels = {"app.kubernetes.io/name": _UPDATER}
    container = {"name": _UPDATER, "image": f"quay.io/argoprojlabs/{_UPDATER}:v0.18.0"}
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": _UPDATER, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    yield kubernetes.post(folder, manifest)
    kubernetes.delete(f"{folder}/{_UPDATER}")


def source_of(scene: Scene, app: Application) -> Object:
    found: Object = scene.argocd.kubernetes.get(app.path)["spec"]["source"]
    return found


def parameters(image: str, tag: str) -> list[Object]:
    return [
        {"name": "frontend.image.repository", "value": image, "forceString": True},
        {"name": "frontend.image.tag", "value": tag, "forceString": True},
    ]


def test_the_spec_is_written_and_argo_cd_does_the_rest(scene: Scene) -> None:
    book = scene.guestbook
    scene.refresher.start("--native", "on")
    app = scene.at_v1(native=HELM)
    plain = scene.create(name=f"{book.namespace}-plain", native={}, path="kustomize")
    manual = scene.create(name=f"{book.namespace}-manual", native=HELM, policy={})
    plain.synced()
    manual.is_out_of_sync()
    manual.sync()
    scene.settle()
    before = source_of(scene, app)
    assert before["helm"] == HELM["helm"]  # what runs is what is wanted
    recording = scene.record()

    book.push("v4")

    scene.runs(app, "v4")
    scene.runs(plain, "v4")
    scene.settle()
    timeline = recording.stop(app)[app.name]
    assert HARD_REFRESH not in timeline.steps
    assert timeline.steps[-3:] == ["hook v4", "frontend v4", "history"]
    assert source_of(scene, app) == {
        **before,
        "helm": {**HELM["helm"], "parameters": parameters(book.image, "v4")},
    }
    assert source_of(scene, plain)["kustomize"] == {"images": [f"{book.image}:v4"]}
    assert source_of(scene, manual)["helm"] == HELM["helm"]
    assert manual.images()["frontend"].endswith(":v1")
    log = scene.refresher.log
    updated = f"'{book.image}:v1' to '{book.image}:v4', but pending spec update (dry run=false)"
    host, _, path = book.image.partition("/")
    assert (
        f'msg="Successfully updated image {updated}" alias=guestbook application={app.name} '
        f"image_name={path} image_tag=v1 registry={host}\n"
        f'level=info msg="Committing 1 parameter update(s) for application {app.name}"'
    ) in log
    left = f'application={scene.argocd.namespace}/{manual.name} reason="it does not sync by itself'
    assert log.count(left) == 1
    assert scene.events(app, "ImageUpdated") == [f"{book.image}:v1 → {book.image}:v4"]
    assert scene.refresher.metric("native_applications", state="current") == 2
    assert scene.refresher.metric("native_applications", state="left") == 1


def test_by_default_it_is_said_what_would_be_written(scene: Scene, updater: Object) -> None:
    app = scene.at_v1(native=HELM)
    before = source_of(scene, app)

    scene.guestbook.push("v4")

    image = scene.guestbook.image
    said = f"'{image}:v1' to '{image}:v4', but pending spec update (dry run=true)"
    wait_for("it is said", lambda: said in scene.refresher.log)
    scene.settle()
    assert scene.refresher.log.count(said) == 1
    assert source_of(scene, app) == before
    assert app.images()["frontend"].endswith(":v1")
    assert scene.refresher.metric("native_updates_total", result="reported") == 1
    assert scene.refresher.metric("native_applications", state="pending") == 1


def test_it_does_not_start_beside_an_image_updater(scene: Scene, updater: Object) -> None:
    scene.refresher.start("--native", "on")
    assert scene.refresher.ended(within_s=20) == 2

    said = (
        f"error: CMP_NATIVE=on: the argocd-image-updater {scene.argocd.namespace}/{_UPDATER} runs"
    )
    assert said in scene.refresher.log
    scene.refresher.start("--native", "on", "--native-beside-updater", "true")
    scene.refresher.wait_for_pass()


def test_a_spec_that_somebody_else_owns_is_not_fought_over(scene: Scene) -> None:
    scene.refresher.start("--native", "on")
    app = scene.at_v1(native=HELM)
    before = source_of(scene, app)
    written = 0

    def put_back() -> bool:
        """As an ApplicationSet does."""
        nonlocal written
        if source_of(scene, app) != before:
            written += 1
            body = {"spec": {"source": {"helm": {"parameters": None}}}}
            scene.argocd.kubernetes.patch(app.path, body)
        return bool(scene.events(app, "ImagesReverted"))

    scene.guestbook.push("v4")
    wait_for("it is told who owns the spec", put_back, within_s=60)

    scene.settle()
    assert written == 2
    assert source_of(scene, app) == before


def test_an_application_is_written_to_git_as_by_image_updater(scene: Scene, tmp_path: Path) -> None:
    scene.refresher.start("--native", "on")
    with GitSite.serving(scene, tmp_path / "git") as site, site.known_to_argocd():
        app = scene.at_v1(native=HELM, keys={"write-back-method": "git"})
        file = f"helm/.argocd-source-{app.name}.yaml"
        assert site.bare.log() == ["first"]  # what runs is what is wanted
        before = source_of(scene, app)

        scene.guestbook.push("v4")

        scene.runs(app, "v4", within_s=30)
        image = scene.guestbook.image
        assert site.bare.show(file) == _SOURCE_FILE.format(image, "v4").encode()
        updated = f"'{image}:v1' to '{image}:v4', but pending spec update (dry run=false)"
        assert f"Successfully updated image {updated}" in scene.refresher.log

        scene.guestbook.push("v5")
        scene.runs(app, "v5", within_s=30)
        site.bare.revert()
        app.refresh()

        scene.runs(app, "v4", within_s=30)
        wait_for("it is held", lambda: scene.events(app, "ImageRolledBack"), within_s=30)
        scene.settle()
        assert site.bare.show(file) == _SOURCE_FILE.format(image, "v4").encode()
        assert app.images()["frontend"] == f"{image}:v4"
        assert source_of(scene, app) == before
