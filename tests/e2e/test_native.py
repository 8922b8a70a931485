"""Native Applications: their specs are written, and Argo CD renders and syncs them itself."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.e2e.test_ack_guide import HELM, SOURCE_FILE
from tests.support.applications import Application
from tests.support.cli import cmp
from tests.support.git_site import GitSite
from tests.support.kubernetes import Object
from tests.support.scene import HARD_REFRESH, Scene
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

WITHIN_S = 30
_UPDATER = "argocd-image-updater"
_BINDING = "image-cmp-refresher-native"
_GROUP = f"{_UPDATER}.argoproj.io"
_UPDATERS = f"/apis/{_GROUP}/v1alpha1"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"imageupdaters.{_GROUP}"},
    "spec": {
        "group": _GROUP,
        "scope": "Namespaced",
        "names": {"kind": "ImageUpdater", "plural": "imageupdaters"},
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": _ANYTHING},
            }
        ],
    },
}


def deployment(tag: str) -> Object:
    """Return an argocd-image-updater, as the manifests of all its versions have it."""
    labels = {"app.kubernetes.io/name": _UPDATER}
    container = {"name": _UPDATER, "image": f"quay.io/argoprojlabs/{_UPDATER}:{tag}"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": _UPDATER},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


@contextmanager
def there(scene: Scene, folder: str, manifest: Object) -> Iterator[None]:
    """Have an object in a collection for a while."""
    wait_for("it is served", lambda: scene.argocd.kubernetes.find(folder), within_s=30)
    scene.argocd.kubernetes.post(folder, manifest)
    try:
        yield
    finally:
        scene.argocd.kubernetes.delete(f"{folder}/{manifest['metadata']['name']}")


def beside(scene: Scene, tag: str) -> AbstractContextManager[None]:
    """Have an argocd-image-updater run beside Argo CD."""
    folder = f"/apis/apps/v1/namespaces/{scene.argocd.namespace}/deployments"
    return there(scene, folder, deployment(tag))


def refusal(scene: Scene) -> str:
    """Start the refresher, which does not; return why."""
    scene.refresher.start("--native", "on")
    assert scene.refresher.ended(within_s=20) == 2
    return scene.refresher.log.splitlines()[-1]


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
    several = scene.create(
        name=f"{book.namespace}-several",
        image=f"guestbook={book.image},web={book.image}",
        keys={"web.source": "kustomize-overlay"},
        native=HELM,
        more=[{"repoURL": book.repo_url, "path": "kustomize-overlay", "targetRevision": "main"}],
    )
    plain = scene.create(name=f"{book.namespace}-plain", native={}, path="kustomize")
    manual = scene.create(name=f"{book.namespace}-manual", native=HELM, policy={})
    plain.synced()
    several.synced()
    manual.is_out_of_sync()
    manual.sync()
    scene.settle()
    before = source_of(scene, app)
    assert before["helm"] == HELM["helm"]  # what runs is what is wanted
    recording = scene.record()

    book.push("v4")

    for one in (app, plain, several):
        scene.runs(one, "v4", WITHIN_S)
    scene.settle()
    timeline = recording.stop(app)[app.name]
    assert HARD_REFRESH not in timeline.steps
    assert timeline.steps[-3:] == ["hook v4", "frontend v4", "history"]
    assert source_of(scene, app) == {
        **before,
        "helm": {**HELM["helm"], "parameters": parameters(book.image, "v4")},
    }
    assert source_of(scene, plain)["kustomize"] == {"images": [f"{book.image}:v4"]}
    first, second = scene.argocd.kubernetes.get(several.path)["spec"]["sources"]
    assert first["helm"]["parameters"] == parameters(book.image, "v4")
    assert second["kustomize"] == {"images": [f"{book.image}:v4"]}
    assert several.images()["staging-frontend"] == f"{book.image}:v4"
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
    assert scene.refresher.metric("native_applications", state="current") == 3
    assert scene.refresher.metric("native_applications", state="left") == 1


def test_by_default_it_is_said_what_would_be_written(scene: Scene, tmp_path: Path) -> None:
    scene.create("x=127.0.0.1:1/nowhere", name=f"{scene.guestbook.namespace}-x", native=HELM)
    with beside(scene, "v0.18.0"):
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
    assert not scene.events(app, "ImageUpdated")
    explained = cmp("explain", app.name, "--index", f"file://{scene.argocd.index}", cwd=tmp_path)
    assert "chosen  v4 since" in explained.stdout
    # A registry that only a native Application names, and does not answer, is in nobody's way.
    scene.runs(scene.create(name=f"{app.name}-ours"), "v4", WITHIN_S)


def test_it_does_not_start_beside_an_image_updater(scene: Scene) -> None:
    kubernetes, namespace = scene.argocd.kubernetes, scene.argocd.namespace
    who = f"error: CMP_NATIVE=on: the argocd-image-updater {namespace}/{_UPDATER} runs, and "
    app = scene.create(native=HELM)
    with beside(scene, "v0.18.0"):
        assert refusal(scene).startswith(f"{who}serves all with an image-list; stop it")
        scene.refresher.start("--native", "on", "--native-beside-updater", "true")
        scene.refresher.wait_for_pass()
        scene.refresher.stop()

    updaters = f"{_UPDATERS}/namespaces/{namespace}/imageupdaters"
    with there(scene, _CRDS, _DEFINITION), beside(scene, "v1.3.0"):
        for pattern, is_refused in (("shop-*", False), (f"{app.name[:4]}*", True)):
            spec = {"applicationRefs": [{"namePattern": pattern, "useAnnotations": True}]}
            updater = {
                "apiVersion": f"{_GROUP}/v1alpha1",
                "kind": "ImageUpdater",
                "metadata": {"name": "all"},
                "spec": spec,
            }
            with there(scene, updaters, updater):
                if is_refused:
                    said = f"{who}its ImageUpdater all selects {namespace}/{app.name}"
                    assert refusal(scene).startswith(said)
                else:
                    scene.refresher.start("--native", "on")
                    scene.refresher.wait_for_pass()
                    scene.refresher.stop()

    kubernetes.delete(
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings/{_BINDING}"
    )
    wait_for("it may no longer look", lambda: "it cannot be told whether" in refusal(scene))
    assert "apply kustomize/native" in refusal(scene)


def test_an_image_updater_that_comes_later_stops_the_writing(scene: Scene) -> None:
    scene.refresher.start("--native", "on")
    app = scene.at_v1(native=HELM)
    with beside(scene, "v0.18.0"):
        scene.guestbook.push("v4")

        said = 'msg="native Applications not written"'
        wait_for("it is said", lambda: said in scene.refresher.log)
        scene.settle()
        assert scene.refresher.log.count(said) == 1
        assert source_of(scene, app)["helm"] == HELM["helm"]

    scene.runs(app, "v4", WITHIN_S)


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

        scene.runs(app, "v4", WITHIN_S)
        image = scene.guestbook.image
        assert site.bare.show(file) == SOURCE_FILE.format(image, "v4").encode()
        updated = f"'{image}:v1' to '{image}:v4', but pending spec update (dry run=false)"
        assert f"Successfully updated image {updated}" in scene.refresher.log

        scene.guestbook.push("v5")
        scene.runs(app, "v5", WITHIN_S)
        site.bare.revert()
        app.refresh()

        scene.runs(app, "v4", WITHIN_S)
        wait_for("it is held", lambda: scene.events(app, "ImageRolledBack"), within_s=30)
        scene.settle()
        assert site.bare.show(file) == SOURCE_FILE.format(image, "v4").encode()
        assert app.images()["frontend"] == f"{image}:v4"
        assert source_of(scene, app) == before
