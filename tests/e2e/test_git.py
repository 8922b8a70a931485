"""``write-back-method: git``: the images stand in Git, and Argo CD syncs commits as ever."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.applications import Application
from tests.support.forge import Requests
from tests.support.forge_gitlab import GitlabServer
from tests.support.git_site import PASSWORD, USER, GitSite, secret
from tests.support.scene import Scene
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

IN_GIT = {"write-back-method": "git"}
WITHIN_S = 30
CREDENTIALS = "registry-credentials"
"""The name of the one Secret that kustomize/pull-secrets lets the refresher read."""


@pytest.fixture
def site(scene: Scene, tmp_path: Path) -> Iterator[GitSite]:
    with GitSite.serving(scene, tmp_path / "git") as site, site.known_to_argocd():
        yield site


def lock(app: Application, tag: str) -> bytes:
    """Return the lock file, to the letter (contract.md)."""
    return (
        f"# Written by argocd-image-cmp. The images of application {app.name}; "
        f"edit or revert to change them.\nschema: 1\nimages:\n  guestbook: {tag}\n"
    ).encode()


def test_a_commit_a_revert_and_a_lock_file_that_goes(site: GitSite) -> None:
    scene, book, bare = site.scene, site.scene.guestbook, site.bare
    app = scene.at_v1(keys=IN_GIT)
    file = f"helm/.image-lock-{app.name}.yaml"
    wait_for("v1 is written", lambda: bare.log()[0] != "first", within_s=WITHIN_S)
    wait_for("Argo CD has seen it", lambda: _compared(app) == bare.tip(), within_s=WITHIN_S)
    assert bare.show(file) == lock(app, "v1")
    recording = scene.record()

    book.push("v4")

    scene.runs(app, "v4", WITHIN_S)
    app.synced()
    assert bare.show(file) == lock(app, "v4")
    assert _history(app)[-1] == bare.tip()
    assert bare.log()[0] == f"build: automatic update of {app.name}"
    (timeline,) = recording.stop(app).values()
    assert timeline.steps.count("operation of image-cmp") == 0
    assert timeline.steps.count("hook v4") == 1
    updated = f"'{book.image}:v1' to '{book.image}:v4', but pending spec update (dry run=false)"
    assert f"Successfully updated image {updated}" in scene.refresher.log
    assert f"Committing 1 parameter update(s) for application {app.name}" in scene.refresher.log
    assert scene.events(app, "ImageUpdated")

    bare.revert()
    app.refresh()

    scene.runs(app, "v1", WITHIN_S)
    wait_for("it is held", lambda: scene.events(app, "ImageRolledBack"), within_s=WITHIN_S)
    scene.settle()
    assert bare.show(file) == lock(app, "v1")
    assert app.images()["frontend"].endswith(":v1")

    book.push("v5")

    scene.runs(app, "v5", WITHIN_S)
    assert bare.show(file) == lock(app, "v5")
    app.synced()
    recording = scene.record()

    bare.commit(file, None)
    app.refresh()

    wait_for("it is told", lambda: scene.events(app, "ImageRestored"), within_s=WITHIN_S)
    app.synced()
    assert bare.show(file) == lock(app, "v5")
    (timeline,) = recording.stop(app).values()
    assert "frontend v1" not in timeline.steps
    assert not any(step.startswith("frontend") for step in timeline.steps[1:])


def _reason(scene: Scene, app: Application) -> str:
    """Wait until it is told why nothing is written."""
    (text,) = wait_for(
        f"{app.name} is refused", lambda: scene.events(app, "ImageNotUpdated"), within_s=WITHIN_S
    )
    return text.removeprefix("not written to Git: ")


def _compared(app: Application) -> str:
    return str(app.status()["sync"]["revision"])


def _history(app: Application) -> list[str]:
    return [entry["revision"] for entry in app.status().get("history", [])]


def test_what_an_application_may_not_have(site: GitSite) -> None:
    """The refresher may read more than an Application's owner: it lends none of that."""
    scene, argocd = site.scene, site.scene.argocd
    elsewhere, other = f"{site.server.url}/team/other.git", argocd.other_namespaces[0]
    projects = [
        argocd.create_project("one-repository", sourceRepos=[site.url]),
        argocd.create_project("no-others", sourceNamespaces=[]),
    ]
    asked = {
        "another-repository": ({"git-repository": elsewhere}, "one-repository", ""),
        "argocds-secret": (
            {"write-back-method": f"git:secret:{argocd.namespace}/repository-guestbook"},
            "default",
            "",
        ),
        "secret-elsewhere": ({"write-back-method": f"git:secret:{other}/x"}, "default", ""),
        "project-of-others": ({}, "no-others", other),
    }
    scene.guestbook.push("v1")
    scene.refresher.start()
    scene.refresher.wait_for_pass()
    before = len(site.server.asked)

    apps = {
        name: scene.create(
            name=f"{scene.guestbook.namespace}-{name}",
            keys={**IN_GIT, **keys},
            project=project,
            namespace=namespace,
        )
        for name, (keys, project, namespace) in asked.items()
    }

    reasons = {name: _reason(scene, app) for name, app in apps.items()}
    for project in projects:
        argocd.kubernetes.delete(project)
    assert reasons == {
        "another-repository": (
            f"git-repository: the project one-repository does not permit the repository "
            f"{elsewhere}; add it to the AppProject's sourceRepos, or name another repository"
        ),
        "argocds-secret": (
            f"write-back-method: the Secret {argocd.namespace}/repository-guestbook belongs to "
            f"Argo CD (its label argocd.argoproj.io/secret-type); use git:repocreds, or a Secret "
            "without that label"
        ),
        "secret-elsewhere": (
            f"write-back-method: the Secret {other}/x is not in the Application's namespace "
            f"{argocd.namespace}; copy it there"
        ),
        "project-of-others": (
            f"write-back-method: the project no-others takes no Applications of the namespace "
            f"{other}; add it to the AppProject's sourceNamespaces"
        ),
    }
    pushed = [one for one in site.server.asked[before:] if "git-receive-pack" in one.path]
    assert pushed == []
    assert not any("other.git" in one.path for one in site.server.asked)
    assert PASSWORD not in scene.refresher.log


@pytest.mark.slow
def test_a_password_that_is_put_right(site: GitSite) -> None:
    scene, kubernetes = site.scene, site.scene.argocd.kubernetes
    wrong = {"username": USER, "password": "no-longer-it"}
    own = f"git:secret:{scene.argocd.namespace}/{CREDENTIALS}"
    with secret(scene.argocd, CREDENTIALS, wrong) as path:
        app = scene.at_v1(keys={"write-back-method": own})

        assert "authentication" in _reason(scene, app).lower()
        assert site.bare.log() == ["first"]

        kubernetes.patch(path, {"stringData": {"password": PASSWORD}})

        wait_for("it is written", lambda: site.bare.log() != ["first"], within_s=WITHIN_S)
        scene.guestbook.push("v4")
        scene.runs(app, "v4", WITHIN_S)
    assert "no-longer-it" not in scene.refresher.log
    assert PASSWORD not in scene.refresher.log


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["repository", "repo-creds"])
def test_over_ssh(scene: Scene, tmp_path: Path, kind: str) -> None:
    with GitSite.over_ssh(scene, tmp_path / "git") as site:
        url = site.url if kind == "repository" else site.url.rpartition("/")[0]
        with site.known_to_argocd(kind, url):
            app = scene.at_v1(keys={"write-back-method": "git:repocreds"})

            scene.guestbook.push("v4")

            scene.runs(app, "v4", WITHIN_S)
            assert site.bare.show(f"helm/.image-lock-{app.name}.yaml") == lock(app, "v4")


@pytest.mark.slow
def test_a_merge_request_that_people_merge(site: GitSite) -> None:
    scene, bare = site.scene, site.bare
    requests = Requests(bare, "team/guestbook", PASSWORD)
    GitlabServer(site.server, requests)
    keys = {**IN_GIT, "pull-request": "gitlab", "pull-request-labels": "images"}
    app = scene.at_v1(keys=keys)
    file = f"helm/.image-lock-{app.name}.yaml"

    scene.guestbook.push("v4")

    text = f"{scene.guestbook.image}:v1 → {scene.guestbook.image}:v4"
    wait_for("it is asked", lambda: _proposed(scene, app, text), within_s=WITHIN_S)
    scene.settle()
    (asked,) = requests.items
    assert asked.state == "open"
    assert "newest of 2 allowed tags" in asked.body
    assert bare.log() == ["first"]
    assert app.hard_refresh()["sync"]["status"] == "Synced"
    assert app.images()["frontend"].endswith(":v1")

    scene.guestbook.push("v5")

    text = f"{scene.guestbook.image}:v1 → {scene.guestbook.image}:v5"
    wait_for("it says v5", lambda: _proposed(scene, app, text), within_s=WITHIN_S)
    (same,) = requests.items
    assert same is asked
    requests.merge(asked)
    app.refresh()

    scene.runs(app, "v5", WITHIN_S)
    assert bare.show(file) == lock(app, "v5")
    scene.settle()
    assert len(requests.items) == 1


def _proposed(scene: Scene, app: Application, text: str) -> bool:
    return any(event.startswith(text) for event in scene.events(app, "ImageProposed"))
