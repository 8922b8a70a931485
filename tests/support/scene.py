"""A guestbook in a real Argo CD, our refresher beside it, and what became of both."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.support.applications import API, REFRESH, REFRESH_TIMESTAMP, Application
from tests.support.argocd import ArgoCD
from tests.support.git import commit_all, git
from tests.support.guestbook import PREFIX, Guestbook
from tests.support.kubernetes import Kubernetes, Object
from tests.support.refresher import INTERVAL_S, Refresher
from tests.support.waiting import wait_for

WITHIN_S = INTERVAL_S + 20
"""From a push until the Deployment runs it, at the most."""
_SETTLED_S = 0.5
KEYS = {
    "guestbook.helm.image-name": "frontend.image.repository",
    "guestbook.helm.image-tag": "frontend.image.tag",
}
VALUES = [{"name": "helm.valueFiles", "array": ["values.yaml"]}]
HOOK = """\
apiVersion: v1
kind: ConfigMap
metadata:
  generateName: presync-
  annotations:
    argocd.argoproj.io/hook: PreSync
    argocd.argoproj.io/hook-delete-policy: HookFailed
data:
  image: "{{ .Values.frontend.image.repository }}:{{ .Values.frontend.image.tag }}"
"""
HARD_REFRESH = "hard refresh"
OURS = "operation of image-cmp"
HISTORY = "history"
_WATCHED = (f"{API}/applications", "/api/v1/configmaps", "/apis/apps/v1/deployments")


class Scene:
    """One guestbook, and all that happens to it."""

    def __init__(self, argocd: ArgoCD, guestbook: Guestbook, refresher: Refresher) -> None:
        self.argocd = argocd
        self.guestbook = guestbook
        self.refresher = refresher
        self._hook = guestbook.repository / "helm" / "templates" / "presync.yaml"
        self._hook.write_text(HOOK)
        commit_all(guestbook.repository, "A hook that says its image")

    def manifest(
        self,
        image: str = "",
        *,
        name: str = "",
        keys: Mapping[str, str] | None = None,
        project: str = "default",
        policy: Mapping[str, Any] | None = None,
        namespace: str = "",
        more: Sequence[Object] = (),
        **options: Any,
    ) -> Object:
        """Return an Application of the guestbook's chart; ``policy`` says how it syncs.

        ``more`` are sources besides.
        """
        name = name or self.guestbook.namespace
        annotations = {"image-list": image or f"guestbook={self.guestbook.image}", **KEYS}
        manifest = self.guestbook.manifest(
            annotations | dict(keys or {}),
            name=name,
            destination={"server": "https://kubernetes.default.svc", "namespace": name},
            syncPolicy={"automated": {}} if policy is None else dict(policy),
            project=project,
            **{"parameters": VALUES, **options},
        )
        manifest["metadata"]["namespace"] = namespace or self.argocd.namespace
        if more:
            manifest["spec"]["sources"] = [manifest["spec"].pop("source"), *more]
        return manifest

    def create(self, image: str = "", **options: Any) -> Application:
        """Create an Application as `manifest` returns it."""
        return self.argocd.create_application(self.manifest(image, **options))

    def at_v1(self, **options: Any) -> Application:
        """Create one with nothing newer than v1 there, and wait until nothing happens any more."""
        self.guestbook.push("v1")
        if not self.refresher.is_running:
            self.refresher.start()
            self.refresher.wait_for_pass()
        app = self.create(**options)
        app.synced()
        self.settle()
        return app

    def runs(self, app: Application, tag: str, within_s: float = WITHIN_S) -> None:
        """Wait until the frontend's Deployment has the guestbook's image at ``tag``."""
        image = f"{self.guestbook.image}:{tag}"
        wait_for(
            f"{app.name} runs {tag}",
            lambda: app.images().get("frontend") == image,
            within_s=within_s,
        )

    def settle(self) -> None:
        """Wait until the refresher has made two passes, and what came of them is over."""
        for _ in range(2):
            self.refresher.wait_for_pass()
        time.sleep(_SETTLED_S)

    @property
    def head(self) -> str:
        """The commit that Argo CD deploys."""
        return git(self.guestbook.repository, "rev-parse", "HEAD").strip()

    def annotate(self, app: Application, keys: Mapping[str, str | None]) -> None:
        """Change policy keys, as their owner would; None takes one away."""
        annotations = {f"{PREFIX}{key}": value for key, value in keys.items()}
        self.argocd.kubernetes.patch(app.path, {"metadata": {"annotations": annotations}})

    def record(self) -> "Recording":
        """Begin to record all that happens."""
        return Recording(self.argocd.kubernetes)

    def events(self, app: Application, reason: str) -> list[str]:
        """Return the messages of an Application's Events."""
        found = self.argocd.kubernetes.get(f"/api/v1/namespaces/{app.namespace}/events")["items"]
        return [
            event["message"]
            for event in found
            if event["involvedObject"]["name"] == app.name and event["reason"] == reason
        ]


class Recording:
    """All that the API server sees from a moment on, in its own order.

    Example:
        recording = Recording(kubernetes)
        ...
        assert recording.of(app).steps == ["hard refresh", "operation of image-cmp", "hook v4"]
    """

    def __init__(self, kubernetes: Kubernetes) -> None:
        self._kubernetes = kubernetes
        found = kubernetes.get("/api/v1/namespaces")
        self._versions = dict.fromkeys(_WATCHED, found["metadata"]["resourceVersion"])
        self._events: dict[str, list[tuple[str, Object]]] = {path: [] for path in _WATCHED}
        self._applications = {
            _name(manifest): manifest for manifest in kubernetes.get(f"{API}/applications")["items"]
        }

    def collect(self) -> None:
        """Take in what has happened; the API server forgets it after some minutes."""
        for path in _WATCHED:
            found = self._kubernetes.since(path, self._versions[path])
            self._events[path] += found
            if found:
                self._versions[path] = found[-1][1]["metadata"]["resourceVersion"]

    def stop(self, *apps: Application) -> dict[str, "Timeline"]:
        """Return what became of each Application, by its name."""
        self.collect()
        applications, configs, deployments = self._events.values()
        return {
            app.name: Timeline(
                [
                    *filter(None, [self._applications.get((app.namespace, app.name))]),
                    *(o for _, o in applications if _name(o) == (app.namespace, app.name)),
                ],
                [o for kind, o in configs if kind == "ADDED" and _name(o)[0] == app.destination],
                [o for _, o in deployments if _name(o)[0] == app.destination],
            )
            for app in apps
        }


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that one Application, its hooks and its Deployments were."""

    applications: list[Object]
    """The first is as it was in the beginning."""
    configs: list[Object]
    deployments: list[Object]

    @property
    def specs(self) -> list[Object]:
        """All specs that the Application had; no two that follow are the same."""
        specs = [manifest["spec"] for manifest in self.applications]
        return [spec for before, spec in zip([{}, *specs], specs, strict=False) if spec != before]

    @property
    def conditions(self) -> set[str]:
        """The types of all conditions that it ever had."""
        return {
            condition["type"]
            for manifest in self.applications
            for condition in manifest.get("status", {}).get("conditions") or ()
        }

    @property
    def steps(self) -> list[str]:
        """What was asked of Argo CD, and what it did."""
        found = [*self._asked(), *self._hooks(), *self._images()]
        return [step for _, step in sorted(found)]

    @property
    def operations(self) -> list[Object]:
        """All operations that were asked for."""
        asked = [manifest.get("operation") for manifest in self.applications]
        return [o for before, o in zip([None, *asked], asked, strict=False) if o and o != before]

    def _asked(self) -> Iterator[tuple[int, str]]:
        for before, manifest in pairwise(self.applications):
            version = int(manifest["metadata"]["resourceVersion"])
            if _refresh(manifest) and _refresh(manifest) != _refresh(before):
                yield version, HARD_REFRESH
            operation = manifest.get("operation")
            if operation and operation != before.get("operation"):
                yield version, f"operation of {operation['initiatedBy'].get('username', 'Argo CD')}"
            if _history(manifest) > _history(before):
                yield version, HISTORY

    def _hooks(self) -> Iterator[tuple[int, str]]:
        for config in self.configs:
            if config["metadata"]["name"].startswith("presync-"):
                tag = config["data"]["image"].rpartition(":")[2]
                yield int(config["metadata"]["resourceVersion"]), f"hook {tag}"

    def _images(self) -> Iterator[tuple[int, str]]:
        before: dict[str, str] = {}
        for deployment in self.deployments:
            name = deployment["metadata"]["name"]
            image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
            if image != before.get(name):
                tag = image.rpartition(":")[2]
                yield int(deployment["metadata"]["resourceVersion"]), f"{name} {tag}"
            before[name] = image


def _name(manifest: Object) -> tuple[str, str]:
    metadata = manifest["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _refresh(manifest: Object) -> str:
    annotations = manifest["metadata"].get("annotations", {})
    return str(annotations.get(REFRESH_TIMESTAMP, "")) if REFRESH in annotations else ""


def _history(manifest: Object) -> int:
    return len(manifest.get("status", {}).get("history") or ())
