"""What is lost is found again, and nothing moves back."""

import time

import pytest

from tests.support.guestbook import images
from tests.support.images import delete_manifest
from tests.support.kubernetes import Object
from tests.support.scene import HARD_REFRESH, HISTORY, OURS, VALUES, Scene

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize("policy", [None, {"automated": {"selfHeal": True}}])
def test_there_and_back_again(scene: Scene, policy: Object | None) -> None:
    app = scene.at_v1(policy=policy)
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
    assert timeline.steps[:5] == [HARD_REFRESH, OURS, "hook v4", "frontend v4", HISTORY]
    # Of these Argo CD may add one with selfHeal.
    assert timeline.steps.count("hook v4") <= (2 if policy else 1)


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
    manifest = scene.manifest()
    # What argocd-server has generated before it accepts the Application.
    validated = scene.guestbook.generate(name=manifest["metadata"]["name"], parameters=VALUES)
    recording = scene.record()

    app = scene.argocd.create_application(manifest)

    assert (validated.returncode, images(validated.stdout)["frontend"]) == (
        0,
        f"{scene.guestbook.image}:v1",
    )
    scene.runs(app, "v4", within_s=15)
    (timeline,) = recording.stop(app).values()
    assert timeline.conditions == set()


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
    assert {file.name for file in scene.argocd.index.iterdir()} <= {".lock"}  # a mirror's
    assert scene.events(app, "ImageUpdated") == []


def test_an_edit_that_is_undone_is_rendered_anew(scene: Scene) -> None:
    """Behind a closed window: what Argo CD would sync when it opens is Git's image else."""
    window = {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "namespaces": ["*"]}
    project = scene.argocd.create_project(scene.guestbook.namespace, syncWindows=[])
    app = scene.at_v1(project=scene.guestbook.namespace, policy={"automated": {"selfHeal": True}})
    scene.guestbook.push("v4")
    scene.runs(app, "v4")
    scene.settle()
    scene.argocd.kubernetes.patch(project, {"spec": {"syncWindows": [window]}})
    image_list = f"guestbook={scene.guestbook.image}"

    scene.annotate(app, {"image-list": None})
    app.is_out_of_sync()
    scene.annotate(app, {"image-list": image_list})
    scene.settle()
    recording = scene.record()
    scene.argocd.kubernetes.patch(project, {"spec": {"syncWindows": []}})
    app.refresh()
    scene.settle()

    assert app.status()["sync"]["status"] == "Synced"
    (timeline,) = recording.stop(app).values()
    assert not any(step.startswith("frontend") for step in timeline.steps)
    assert app.images()["frontend"] == f"{scene.guestbook.image}:v4"


@pytest.mark.parametrize("policy", [None, {"automated": {"selfHeal": True}}])
def test_an_owner_who_removes_the_policy_gets_gits_image_back(
    scene: Scene, policy: Object | None
) -> None:
    app = scene.at_v1(policy=policy)
    scene.guestbook.push("v4")
    scene.runs(app, "v4")
    scene.settle()
    recording = scene.record()

    scene.annotate(app, {"image-list": None})

    scene.runs(app, "v1")
    scene.settle()
    (timeline,) = recording.stop(app).values()
    assert timeline.steps[:4] == [HARD_REFRESH, OURS, "hook v1", "frontend v1"]
    image = scene.guestbook.image
    assert f"{image}:v4 → as in Git" in scene.events(app, "ImageUpdated")


def test_drift_that_is_nobodys_business_here_is_left_alone(scene: Scene) -> None:
    app = scene.at_v1()
    path = f"/apis/apps/v1/namespaces/{app.destination}/deployments/frontend"
    scene.argocd.kubernetes.patch(path, {"spec": {"replicas": 7}})
    app.is_out_of_sync()
    recording = scene.record()

    scene.annotate(app, {"guestbook.ignore-tags": "nightly-*"})
    scene.settle()

    (timeline,) = recording.stop(app).values()
    assert timeline.steps == [HARD_REFRESH]
    assert scene.argocd.kubernetes.get(path)["spec"]["replicas"] == 7


def test_a_namespace_that_is_refused_does_not_stop_the_others(scene: Scene) -> None:
    app = scene.at_v1()
    scene.refresher.stop()
    scene.guestbook.push("v4")

    scene.refresher.start("--application-namespaces", "nowhere")

    scene.runs(app, "v4", within_s=30)
    assert "403" in scene.refresher.log


def test_once_tells_all_and_ends(scene: Scene) -> None:
    app = scene.at_v1()
    scene.refresher.stop()
    scene.guestbook.push("v4")

    scene.refresher.start("--once")

    assert scene.refresher.ended(within_s=30) == 0
    assert app.images()["frontend"] == f"{scene.guestbook.image}:v4"
