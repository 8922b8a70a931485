"""The whole loop: v4 is pushed, and Deployments run it, each Application as it syncs.

All Applications live through the same push; each test looks at one of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.conftest import guestbook_for, refresher_for
from tests.support.applications import Application
from tests.support.argocd import TEAMS, ArgoCD
from tests.support.redis import RedisServer
from tests.support.registry import RegistryServer
from tests.support.scene import HARD_REFRESH, HISTORY, OURS, Scene, Timeline

pytestmark = pytest.mark.e2e

ALWAYS = {"schedule": "* * * * *", "duration": "1h", "namespaces": ["*"]}
NEVER = {"schedule": "0 0 1 1 *", "duration": "1s", "namespaces": ["*"]}
WINDOWS = {
    "denied": {"kind": "deny", **ALWAYS},
    "manual-only": {"kind": "deny", "manualSync": True, **ALWAYS},
    "outside-allow": {"kind": "allow", **NEVER},
}
INTERVAL_S = 2
SELF_HEAL = {"automated": {"selfHeal": True}}
ONE_SYNC = [HARD_REFRESH, OURS, "hook v4", "frontend v4", HISTORY]


@dataclass(frozen=True, slots=True)
class Push:
    """What came of pushing v4, for each Application by its short name."""

    scene: Scene
    apps: dict[str, Application]
    pushed: dict[str, Timeline]
    """Until nothing happened any more."""
    images: dict[str, dict[str, str]]
    """That ran then."""
    opened: dict[str, Timeline]
    """After that, when all windows were opened and a person had synced what needs one."""
    heads: tuple[str, str]
    """The commit before, and after."""

    def tag(self, name: str, deployment: str = "frontend") -> str:
        return self.images[name][deployment].rpartition(":")[2]


@pytest.fixture(scope="module")
def push(
    argocd: ArgoCD,
    registry: RegistryServer,
    redis_server: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Push]:
    folder = tmp_path_factory.mktemp("push")
    with refresher_for(argocd, folder, redis_server) as refresher:
        scene = Scene(argocd, guestbook_for(argocd, folder, registry), refresher)
        yield _push(scene)


def _push(scene: Scene) -> Push:
    book = scene.guestbook
    book.push("v1")
    book.push("6.0.9", repository="redis")
    projects = {name: scene.argocd.create_project(name, syncWindows=[]) for name in WINDOWS}
    scene.refresher.start("--interval", f"{INTERVAL_S}s")
    scene.refresher.wait_for_pass()
    apps = {
        name: scene.create(name=f"{book.namespace}-{name}", **options)
        for name, options in _applications(scene).items()
    }
    for name, app in apps.items():
        if name in ("no-policy", "not-enabled"):
            app.is_out_of_sync()
            app.sync()
        app.synced()
    for name, window in WINDOWS.items():
        scene.argocd.kubernetes.patch(projects[name], {"spec": {"syncWindows": [window]}})
    scene.settle()
    head, pushing = scene.head, scene.record()
    book.push("v4")
    book.push("6.2.0", repository="redis")
    scene.runs(apps["automated"], "v4", within_s=INTERVAL_S + 10)
    scene.settle()
    pushed = pushing.stop(*apps.values())
    images = {name: app.images() for name, app in apps.items()}
    opening = scene.record()
    for project in projects.values():
        scene.argocd.kubernetes.patch(project, {"spec": {"syncWindows": []}})
    for name in ("no-policy", "not-enabled"):
        apps[name].sync()
    scene.settle()
    opened = opening.stop(*apps.values())
    short = {app.name: name for name, app in apps.items()}
    return Push(
        scene,
        apps,
        {short[name]: timeline for name, timeline in pushed.items()},
        images,
        {short[name]: timeline for name, timeline in opened.items()},
        (head, scene.head),
    )


def _applications(scene: Scene) -> dict[str, dict[str, Any]]:
    book = scene.guestbook
    redis = {
        "redis.helm.image-name": "redis.master.image.repository",
        "redis.helm.image-tag": "redis.master.image.tag",
    }
    overlay = {
        "repoURL": book.repo_url,
        "path": "kustomize-overlay",
        "targetRevision": "main",
        "plugin": {
            "name": "image-cmp",
            "parameters": [{"name": "image-list", "string": f"web={book.image}"}],
        },
    }
    return {
        "automated": {},
        "self-heal": {"policy": SELF_HEAL},
        "no-policy": {"policy": {}},
        "not-enabled": {"policy": {"automated": {"enabled": False, "selfHeal": True}}},
        **{name: {"project": name} for name in WINDOWS},
        "denied-self-heal": {"project": "denied", "policy": SELF_HEAL},
        "kustomize": {"path": "kustomize", "parameters": []},
        "two-aliases": {
            "image": f"guestbook={book.image},redis={book.redis}:~6",
            "keys": redis,
        },
        "two-sources": {"more": [overlay]},
        "two-sources-self-heal": {"more": [overlay], "policy": SELF_HEAL},
        "elsewhere": {"namespace": TEAMS},
    }


def test_one_full_sync_and_nothing_else(push: Push) -> None:
    timeline = push.pushed["automated"]

    assert timeline.steps == ONE_SYNC
    assert len(timeline.specs) == 1
    assert push.heads[0] == push.heads[1]
    image = push.scene.guestbook.image
    events = push.scene.events(push.apps["automated"], "ImageUpdated")
    assert events == [f"{image}:v1 → {image}:v4"]


def test_the_sync_is_as_argo_cd_starts_it_and_says_what_for(push: Push) -> None:
    (operation,) = push.pushed["automated"].operations

    image = push.scene.guestbook.image
    assert operation["initiatedBy"] == {"username": "image-cmp", "automated": True}
    assert operation["retry"] == {"limit": 5}
    assert operation["sync"] == {}
    decisions, images = operation["info"]
    assert decisions["value"].startswith("d-")
    assert images == {"name": "images", "value": f"{image}:v1 → {image}:v4"}


@pytest.mark.parametrize("name", ["self-heal", "two-sources-self-heal"])
def test_with_self_heal_hooks_run_before_the_deployment_changes(push: Push, name: str) -> None:
    timeline = push.pushed[name]

    assert timeline.steps[:3] == [HARD_REFRESH, OURS, "hook v4"]
    assert timeline.steps[3] in {"frontend v4", "staging-frontend v4"}  # of two, either is first
    assert 1 <= timeline.steps.count("hook v4") == timeline.steps.count(HISTORY) <= 2
    assert timeline.steps.count(OURS) == 1
    assert not any(step.endswith("v1") for step in timeline.steps)
    assert len(timeline.specs) == 1


@pytest.mark.parametrize("name", ["no-policy", "not-enabled"])
def test_what_does_not_sync_by_itself_is_left_to_a_person(push: Push, name: str) -> None:
    before = push.pushed[name]

    assert before.steps == [HARD_REFRESH]
    assert before.applications[-1]["status"]["sync"]["status"] == "OutOfSync"
    assert push.opened[name].steps[1:] == ["hook v4", "frontend v4", HISTORY]
    image = push.scene.guestbook.image
    what = f"{image}:v1 → {image}:v4"
    app = push.apps[name]
    assert push.scene.events(app, "ImageAvailable") == [
        f"{what}: it does not sync by itself: sync it"
    ]
    assert push.scene.events(app, "ImageUpdated") == [what]


@pytest.mark.parametrize("name", list(WINDOWS))
def test_a_closed_window_is_waited_for(push: Push, name: str) -> None:
    assert push.pushed[name].steps == [HARD_REFRESH]
    assert push.tag(name) == "v1"
    assert push.opened[name].steps == [OURS, "hook v4", "frontend v4", HISTORY]
    (event,) = push.scene.events(push.apps[name], "ImageAvailable")
    assert f"no sync {'outside' if name == 'outside-allow' else 'within'} the " in event


def test_a_closed_window_is_waited_for_with_self_heal_too(push: Push) -> None:
    assert push.pushed["denied-self-heal"].steps == [HARD_REFRESH]
    assert push.opened["denied-self-heal"].steps[:4] == [
        HARD_REFRESH,
        OURS,
        "hook v4",
        "frontend v4",
    ]


def test_kustomize(push: Push) -> None:
    assert push.pushed["kustomize"].steps == [HARD_REFRESH, OURS, "frontend v4", HISTORY]


def test_two_aliases_are_one_change(push: Push) -> None:
    steps = push.pushed["two-aliases"].steps

    assert steps.count(OURS) == steps.count("hook v4") == steps.count(HISTORY) == 1
    assert (push.tag("two-aliases"), push.tag("two-aliases", "redis-master")) == ("v4", "6.2.0")
    assert push.tag("two-aliases", "redis-slave") == "6.0.9"


def test_each_plugin_source_has_its_own_policy(push: Push) -> None:
    steps = push.pushed["two-sources"].steps

    assert steps[:3] == [HARD_REFRESH, OURS, "hook v4"]
    assert sorted(steps[3:5]) == ["frontend v4", "staging-frontend v4"]
    assert steps[5:] == [HISTORY]
    assert push.tag("two-sources", "staging-redis-master") == "6.0.9"


def test_an_application_in_another_namespace(push: Push) -> None:
    assert push.apps["elsewhere"].namespace == TEAMS
    assert push.pushed["elsewhere"].steps == ONE_SYNC
    assert len(push.scene.events(push.apps["elsewhere"], "ImageUpdated")) == 1
