"""What an API server tells of an installation, as far as we may read it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from cmp.core import rival
from cmp.core.duration import parse_duration
from cmp.diagnosis.facts import INTERVAL, REFRESHER, Facts, Object, Right, Trigger, Unread
from cmp.diagnosis.permissions import needed, needed_by_people
from cmp.diagnosis.sidecar import CONFIGURATION
from cmp.diagnosis.workloads import CMP_SERVER, REPO_SERVER, containers, name_of, variable, workload
from cmp.errors import InvalidInput
from cmp.refresh.cluster import API, Cluster, ClusterFailed, Missing
from cmp.refresh.rights import account, may_account, may_we, user

FIELDS = (
    *("workloads", "settings", "argocd_cm", "ours", "plugins", "triggers", "applications"),
    *("updaters", "image_updaters", "lease", "rights", "own_rights"),
)
"""Of `Facts`: what only a cluster tells."""
_CONFIG_MAPS = {
    "settings": "argocd-cmd-params-cm",
    "argocd_cm": "argocd-cm",
    "ours": "image-cmp-config",
}
_NOTIFICATIONS = "argocd-notifications-cm"
_FORBIDDEN = (401, 403)
_LONG_AGO = datetime.fromtimestamp(0, UTC)


class ClusterFacts:
    """Reads one field after the other, and notes of which it cannot."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        """Prepare to look at the control plane in ``namespace``."""
        self.found: dict[str, Any] = {}
        self.unread: dict[str, Unread] = {}
        self._cluster = cluster
        self._namespace = namespace
        self._silence: Unread | None = None

    def read_all(self, namespaces: str) -> None:
        """Read all fields; ``namespaces`` are others with Applications, or as the refresher's."""
        self._read("workloads", "Deployments", self._workloads)
        for field, name in _CONFIG_MAPS.items():
            self._read(field, f"the ConfigMap {name}", partial(self._config_map, name))
        known = Facts(now=_LONG_AGO, unread=self.unread, **self.found)
        others = _names(namespaces or _setting(known, "CMP_APPLICATION_NAMESPACES"))
        spaces = (self._namespace, *others)
        self.found["interval"] = _interval(_setting(known, "CMP_INTERVAL"))
        self._read("plugins", "the ConfigMap with plugin.yaml", lambda: self._plugins(known))
        self._read("triggers", f"the ConfigMap {_NOTIFICATIONS}", self._triggers)
        self._read(
            "applications", "Applications", lambda: self._listed(API, "applications", spaces)
        )
        self._read("updaters", "Deployments", lambda: self._updaters(known))
        self._read("image_updaters", "ImageUpdaters", lambda: self._image_updaters(spaces))
        self._read("lease", f"the Lease {REFRESHER}", self._lease)
        self._read_rights(_account(known), others)

    def _read(self, field: str, what: str, read: Callable[[], object]) -> None:
        """Keep what is read; where that cannot be, note why."""
        if self._silence:  # it is not asked a dozen times, some seconds each
            self.unread[field] = self._silence
            return
        try:
            self.found[field] = read()
        except ClusterFailed as error:
            if error.status in _FORBIDDEN:
                self.unread[field] = Unread(f"you may not read {what} in {self._namespace}")
                return
            self.unread[field] = Unread(str(error), is_silence=True)
            if not error.status:
                self._silence = self.unread[field]

    def _workloads(self) -> tuple[Object, ...]:
        folder = f"/apis/apps/v1/namespaces/{self._namespace}"
        kinds = ("deployments", "statefulsets")
        return tuple(o for kind in kinds for o in self._cluster.list(f"{folder}/{kind}")[0])

    def _config_map(self, name: str) -> Mapping[str, str]:
        """Return what a ConfigMap has; nothing where there is none."""
        try:
            found = self._cluster.get(f"/api/v1/namespaces/{self._namespace}/configmaps/{name}")
        except Missing:
            return {}
        return found.get("data") or {}

    def _plugins(self, known: Facts) -> Mapping[str, Object]:
        """Return plugin.yaml of each ConfigMap that a container has as that."""
        repo_server = workload(known, REPO_SERVER)
        found: dict[str, Object] = {}
        for container in containers(repo_server) if repo_server else ():
            source = container.volume(CONFIGURATION).get("configMap") or {}
            if not container.runs(CMP_SERVER) or not source.get("name"):
                continue
            key = str(container.mounts[CONFIGURATION].get("subPath") or "plugin.yaml")
            key = next((i["key"] for i in source.get("items") or () if i.get("path") == key), key)
            manifest = _yaml(self._config_map(source["name"]).get(key, ""))
            if isinstance(manifest, dict):
                found[str(source["name"])] = manifest
        return found

    def _triggers(self) -> tuple[Trigger, ...]:
        triggers = []
        for key, text in sorted(self._config_map(_NOTIFICATIONS).items()):
            kind, _, name = key.partition(".")
            conditions = _yaml(text) if kind == "trigger" else None
            if isinstance(conditions, list):
                once = (c.get("oncePer") for c in conditions if isinstance(c, dict))
                triggers.append(Trigger(name, tuple(str(field) for field in once if field)))
        return tuple(triggers)

    def _listed(self, api: str, kind: str, namespaces: tuple[str, ...]) -> tuple[Object, ...]:
        paths = (f"{api}/namespaces/{namespace}/{kind}" for namespace in namespaces)
        return tuple(found for path in paths for found in self._cluster.list(path)[0])

    def _updaters(self, known: Facts) -> tuple[Object, ...]:
        """Return the Deployments of argocd-image-updater, wherever we may look."""
        here = {name_of(found): found for found in known.workloads if rival.is_updater(found)}
        labels = f"{rival.NAME_LABEL} in ({','.join(rival.NAMES)})"
        try:
            elsewhere, _ = self._cluster.list("/apis/apps/v1/deployments", labelled=labels)
        except ClusterFailed as error:
            if error.status not in _FORBIDDEN or "workloads" in self.unread:
                raise
            return tuple(here.values())
        labelled = (found for found in elsewhere if not self._is_here(found, here))
        return (*here.values(), *labelled)

    def _is_here(self, found: Object, here: Mapping[str, Object]) -> bool:
        return name_of(found) in here and found["metadata"]["namespace"] == self._namespace

    def _image_updaters(self, namespaces: tuple[str, ...]) -> tuple[Object, ...]:
        """Return its custom resources; each selects Applications of its own namespace."""
        try:
            return self._listed(rival.API, "imageupdaters", namespaces)
        except Missing:  # it was never installed
            return ()

    def _lease(self) -> Object | None:
        folder = f"/apis/coordination.k8s.io/v1/namespaces/{self._namespace}/leases"
        try:
            return self._cluster.get(f"{folder}/{REFRESHER}")
        except Missing:
            return None

    def _read_rights(self, name: str, others: tuple[str, ...]) -> None:
        """Ask what the refresher's account may do, and what we may."""
        cluster, namespace = self._cluster, self._namespace
        is_own = not self._silence and user(cluster) == account(namespace, name)

        def may(right: Right) -> bool:
            if is_own:
                return may_we(cluster, _attributes(right))
            return may_account(cluster, namespace, name, _attributes(right))

        def rights() -> tuple[Right, ...]:
            self.found["may_read_secrets"] = may(Right(namespace, "list", "", "secrets"))
            return tuple(r._replace(is_allowed=may(r)) for r in needed(namespace, others))

        self._read("rights", f"what the account {name} may do", rights)
        if is_own:
            self.unread["own_rights"] = Unread(f"you are the account {name}, and no person")
            return
        self._read(
            "own_rights",
            "what you may do",
            lambda: tuple(
                r._replace(is_allowed=may_we(cluster, _attributes(r)))
                for r in needed_by_people(namespace)
            ),
        )


def _setting(known: Facts, name: str) -> str:
    """Return a setting of the refresher's: of its Deployment, else of the ConfigMap."""
    found = workload(known, REFRESHER)
    values = (variable(known, c, name) for c in (containers(found) if found else ()))
    return next(filter(None, values), None) or str(known.ours.get(name, ""))


def _account(known: Facts) -> str:
    """Return the name of the refresher's service account."""
    spec = (workload(known, REFRESHER) or {}).get("spec") or {}
    pod = (spec.get("template") or {}).get("spec") or {}
    return str(pod.get("serviceAccountName") or REFRESHER)


def _attributes(right: Right) -> dict[str, str]:
    named = {"group": right.group, "name": right.name}
    return {
        "namespace": right.namespace,
        "verb": right.verb,
        "resource": right.resource,
        **{key: value for key, value in named.items() if value},
    }


def _yaml(text: str) -> Any:
    """Return what a text says; None where it is no YAML."""
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _interval(text: str) -> timedelta:
    try:
        return parse_duration(text) if text else INTERVAL
    except InvalidInput:
        return INTERVAL  # the refresher does not start, and says so
