"""People pin, hold, roll back and release, and what they said stays said."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cmp.core.people import HOLD, Instruction
from cmp.refresh.cluster import connect
from cmp.refresh.people import ConfigMapPeople, parse_people
from tests.support.applications import Application
from tests.support.argocd import ArgoCD
from tests.support.cli import cmp
from tests.support.kubernetes import Object
from tests.support.people import Person
from tests.support.scene import OURS, Scene
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

HEAL = {"automated": {"selfHeal": True}}


@pytest.fixture
def alice(scene: Scene, tmp_path: Path) -> Person:
    return Person(scene.argocd, tmp_path)


def explained(scene: Scene, app: Application) -> Object:
    """Return what `explain` says of the only image, from Redis, as in the refresher's Pod."""
    store = scene.refresher.store
    words = ["explain", f"{app.namespace}/{app.name}", "--index", store.tls_url, "-o", "json"]
    done = cmp(*words, cwd=scene.guestbook.root, env=store.environment())
    assert done.returncode == 0, done.stderr
    (source,) = json.loads(done.stdout)["sources"]
    (image,) = source["images"]
    found: Object = image
    return found


def test_by_command(scene: Scene, alice: Person) -> None:
    app, book = scene.at_v1(), scene.guestbook
    book.push("v4")
    scene.runs(app, "v4")
    scene.settle()

    said = alice.say("rollback", app, "--reason", "it leaks")
    scene.runs(app, "v1", within_s=10)
    assert f"guestbook: v1, rolled back from v4 by {alice.name}: it leaks; until" in said
    scene.settle()
    recording = scene.record()
    book.push("v3")
    scene.settle()
    assert recording.stop(app)[app.name].steps == []
    image = explained(scene, app)
    assert image["chosen"]["why"] == image["told"]["why"]
    assert [past["tag"] for past in image["history"]] == ["v1", "v4", "v1"]

    misspelt = alice.run("release", app.name[:-1])
    assert (misspelt.returncode, misspelt.stdout) == (2, "")
    assert f"no Application '{app.name[:-1]}' in the namespace argocd; did you mean" in (
        misspelt.stderr
    )

    alice.say("release", app)
    scene.runs(app, "v4", within_s=10)
    alice.say("pin", app, "guestbook", "v3")
    scene.runs(app, "v3", within_s=10)
    alice.say("hold", app, "--reason", "freeze", "--until", _after(timedelta(hours=1)))
    book.push("v5")
    scene.settle()
    assert app.images()["frontend"].endswith(":v3")
    assert scene.refresher.stop() == 0
    scene.refresher.start()  # another one knows what was said
    scene.settle()
    assert app.images()["frontend"].endswith(":v3")

    alice.say("hold", app, "--reason", "nearly", "--until", _after(timedelta(seconds=3)))
    scene.runs(app, "v5")
    assert explained(scene, app)["told"] is None


def test_in_argo_cd(scene: Scene) -> None:
    book = scene.guestbook
    book.push("v0")
    scene.refresher.start()
    scene.refresher.wait_for_pass()
    app = scene.create(policy=HEAL)
    scene.runs(app, "v0")  # Git has v1
    scene.refresher.wait_for_pass()
    app.synced()
    for tag in ("v1", "v4"):
        book.push(tag)
        scene.runs(app, tag)
        scene.refresher.wait_for_pass()
        app.synced()
    entry = next(e for e in app.status()["history"] if _lock(e) == {"guestbook": "v1"})
    # Argo CD refuses to roll back what is synced by itself.
    scene.argocd.kubernetes.patch(app.path, {"spec": {"syncPolicy": {"automated": None}}})

    _roll_back(scene, app, entry)

    scene.runs(app, "v1", within_s=10)
    event = wait_for("an Event", lambda: scene.events(app, "ImageRolledBack"))
    assert "rolled back from v4 by admin: rolled back in Argo CD" in event[0]
    app.synced()
    for _ in range(3):
        scene.refresher.wait_for_pass()
    app.hard_refresh()
    assert app.images()["frontend"].endswith(":v1")
    assert app.synced()["sync"]["status"] == "Synced"
    assert explained(scene, app)["chosen"]["tag"] == "v1"

    book.push("v5")
    app.is_out_of_sync()
    app.sync()
    scene.runs(app, "v5")
    assert explained(scene, app)["told"] is None


def test_a_tag_has_to_be_old_enough_and_a_window_open(scene: Scene) -> None:
    name = scene.guestbook.namespace
    windowed = scene.at_v1()
    aged = scene.create(name=f"{name}-aged", keys={"guestbook.min-age": "5s"})
    aged.synced()
    scene.annotate(windowed, {"guestbook.update-window": "0 0 1 1 * 1s"})
    scene.settle()
    recording = scene.record()

    scene.guestbook.push("v4")
    pushed = time.monotonic()
    scene.runs(aged, "v4", within_s=20)

    assert time.monotonic() - pushed > 4
    assert windowed.images()["frontend"].endswith(":v1")
    (held,) = scene.events(windowed, "ImageHeld")
    assert "outside the update-window 0 0 1 1 * 1s" in held
    scene.annotate(windowed, {"guestbook.update-window": "* * * * * 1h"})
    scene.runs(windowed, "v4")
    scene.settle()
    assert all(t.steps.count(OURS) == 1 for t in recording.stop(windowed, aged).values())


def test_nobodys_word_is_lost(argocd: ArgoCD, tmp_path: Path) -> None:
    name = f"people-{tmp_path.name.replace('_', '-')}"
    argocd.kubernetes.create_namespace(name)
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(argocd.kubernetes.kubeconfig(name)))
    told = Instruction(HOLD, "alice", datetime(2026, 11, 23, tzinfo=UTC), reason="r")

    def say(number: int) -> None:
        people = ConfigMapPeople(connect(str(file))[0], name)
        people.change(f"app-{number % 3}", lambda before: {**before, f"image-{number}": told})

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(say, range(12)))

    path = f"/api/v1/namespaces/{name}/configmaps/image-cmp-instructions"
    found = parse_people(argocd.kubernetes.get(path)).told
    assert {n: set(images) for n, images in found.items()} == {
        f"app-{n}": {f"image-{i}" for i in range(n, 12, 3)} for n in range(3)
    }


def _after(time_to_come: timedelta) -> str:
    return (datetime.now(UTC) + time_to_come).isoformat()  # noqa: TID251 - as a person would


def _lock(entry: Object) -> Object:
    parameters = entry["source"]["plugin"].get("parameters", ())
    return next((p["map"] for p in parameters if p["name"] == "image-lock"), {})


def _roll_back(scene: Scene, app: Application, entry: Object) -> None:
    """Ask for what argocd-server asks for (argo-cd, application.go Rollback)."""
    sync = {
        "revision": entry["revision"],
        "source": entry["source"],
        "syncStrategy": {"apply": {}},
    }
    operation = {"initiatedBy": {"username": "admin"}, "sync": sync}
    scene.argocd.kubernetes.patch(app.path, {"operation": operation})
