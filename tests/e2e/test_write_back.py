"""``write-back-method: argocd``: the images stand in the spec, and Argo CD does the rest."""

import pytest

from tests.support.applications import Application
from tests.support.kubernetes import Object
from tests.support.scene import HARD_REFRESH, HISTORY, Scene
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

IN_SPEC = {"write-back-method": "argocd"}
BY_ARGO_CD = "operation of Argo CD"


def locks(*sources: Object) -> list[Object]:
    parameters = [source["plugin"].get("parameters") or [] for source in sources]
    return [
        next((p["map"] for p in found if p["name"] == "image-lock"), {}) for found in parameters
    ]


def without_lock(spec: Object) -> Object:
    """Return a spec of one source without the parameter, in the order of what is left."""
    source = spec["source"]
    left = [p for p in source["plugin"]["parameters"] if p["name"] != "image-lock"]
    return {**spec, "source": {**source, "plugin": {**source["plugin"], "parameters": left}}}


def spec_of(scene: Scene, app: Application) -> Object:
    found: Object = scene.argocd.kubernetes.get(app.path)["spec"]
    return found


def test_one_sync_by_argo_cd_and_a_true_rollback(scene: Scene) -> None:
    book = scene.guestbook
    app = scene.at_v1(keys=IN_SPEC)
    healing = scene.create(
        name=f"{book.namespace}-healing",
        keys=IN_SPEC,
        policy={"automated": {"selfHeal": True}},
        more=[_overlay(scene)],
    )
    manual = scene.create(name=f"{book.namespace}-manual", keys=IN_SPEC, policy={})
    manual.is_out_of_sync()
    manual.sync()
    healing.synced()
    book.push("v3")
    for running in (app, healing):
        scene.runs(running, "v3")
    scene.settle()
    before = spec_of(scene, app)
    recording = scene.record()

    book.push("v4")

    scene.runs(app, "v4")
    scene.runs(healing, "v4")
    scene.settle()
    timelines = recording.stop(app, healing, manual)
    steps = [HARD_REFRESH, BY_ARGO_CD, "hook v4", "frontend v4", HISTORY]
    assert timelines[app.name].steps == steps
    of_two = timelines[healing.name].steps
    assert of_two[:3] == steps[:3]
    # With selfHeal Argo CD may sync what is left of it once more, with the same manifests.
    assert of_two.count(BY_ARGO_CD) <= 2
    rest = [step for step in of_two[3:] if step != BY_ARGO_CD]
    assert sorted(rest) == ["frontend v4", HISTORY, "staging-frontend v4"]
    assert timelines[manual.name].steps == [HARD_REFRESH]
    specs = timelines[app.name].specs
    assert [locks(spec["source"]) for spec in specs] == [
        [{"guestbook": "v3"}],
        [{"guestbook": "v4"}],
    ]
    assert without_lock(specs[1]) == without_lock(before)
    assert locks(*spec_of(scene, healing)["sources"]) == [{"guestbook": "v4"}, {"web": "v4"}]
    assert manual.images()["frontend"].endswith(":v1")
    history = app.status()["history"]
    assert [locks(entry["source"]) for entry in history[-2:]] == [
        [{"guestbook": "v3"}],
        [{"guestbook": "v4"}],
    ]
    updated = f"'{book.image}:v3' to '{book.image}:v4', but pending spec update (dry run=false)"
    assert f"Successfully updated image {updated}" in scene.refresher.log
    assert f"Committing 1 parameter update(s) for application {app.name}" in scene.refresher.log

    _roll_back(scene, app, history[-2])

    scene.runs(app, "v3")
    for _ in range(3):
        scene.refresher.wait_for_pass()
    assert app.images()["frontend"].endswith(":v3")
    manual.sync()
    assert manual.images()["frontend"].endswith(":v4")


def test_a_spec_that_somebody_else_owns_is_not_fought_over(scene: Scene) -> None:
    app = scene.at_v1(keys=IN_SPEC)
    taken = 0

    def take_out() -> bool:
        """As an ApplicationSet does that has no such parameter in its template."""
        nonlocal taken
        spec = spec_of(scene, app)
        if locks(spec["source"]) != [{}]:
            taken += 1
            body = {"spec": {"source": without_lock(spec)["source"]}}
            scene.argocd.kubernetes.patch(app.path, body)
        return bool(scene.events(app, "ImageLockReverted"))

    scene.guestbook.push("v4")
    wait_for("it is told who owns the spec", take_out, within_s=30)

    scene.runs(app, "v4")
    scene.settle()
    assert 2 <= taken <= 3  # v1 was written before
    assert locks(spec_of(scene, app)["source"]) == [{}]
    assert app.status()["sync"]["status"] == "Synced"
    scene.guestbook.push("v5")
    scene.runs(app, "v5")
    assert locks(spec_of(scene, app)["source"]) == [{}]


def _overlay(scene: Scene) -> Object:
    policy = [{"name": "image-list", "string": f"web={scene.guestbook.image}"}]
    return {
        "repoURL": scene.guestbook.repo_url,
        "path": "kustomize-overlay",
        "targetRevision": "main",
        "plugin": {"name": "image-cmp", "parameters": policy},
    }


def _roll_back(scene: Scene, app: Application, entry: Object) -> None:
    """Turn auto-sync off and roll back, as a person does in Argo CD (argo-cd, server Rollback)."""
    kubernetes = scene.argocd.kubernetes
    kubernetes.patch(app.path, {"spec": {"syncPolicy": None}})
    sync = {
        "revision": entry["revision"],
        "source": entry["source"],
        "syncStrategy": {"apply": {}},
    }
    operation = {"initiatedBy": {"username": "admin"}, "sync": sync}
    kubernetes.patch(app.path, {"operation": operation})
