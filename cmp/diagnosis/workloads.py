"""Deployments and their containers, as far as checks look at them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from cmp.diagnosis.facts import Facts, Object

REPO_SERVER = "argocd-repo-server"
CONTROLLER = "argocd-application-controller"
CMP_SERVER = "argocd-cmp-server"
_CONFIG_MAPS = {
    "argocd-cmd-params-cm": "settings",
    "argocd-cm": "argocd_cm",
    "image-cmp-config": "ours",
}


class Container(NamedTuple):
    """One container of a Pod template."""

    name: str
    image: str
    words: tuple[str, ...]
    """Command and arguments."""
    manifest: Object
    pod: Object

    @property
    def mounts(self) -> Mapping[str, Object]:
        """What is mounted, by path."""
        return {
            str(mount.get("mountPath")): mount for mount in _list(self.manifest, "volumeMounts")
        }

    @property
    def user(self) -> int | None:
        """The user it runs as, where that is said."""
        for owner in (self.manifest, self.pod):
            found = (owner.get("securityContext") or {}).get("runAsUser")
            if found is not None:
                return int(found)
        return None

    def runs(self, program: str) -> bool:
        """Tell whether its command line has a program, wherever that lies."""
        pattern = rf"(?:^|[\s/]){re.escape(program)}(?:\s|$)"
        return any(re.search(pattern, word) for word in self.words)

    def volume(self, path: str) -> Object:
        """Return the volume that is mounted at a path; empty where there is none."""
        name = self.mounts.get(path, {}).get("name")
        return next((v for v in _list(self.pod, "volumes") if name and v.get("name") == name), {})


def workload(facts: Facts, name: str) -> Object | None:
    """Return what runs a component of Argo CD, by its name or the labels that charts give it."""
    for found in facts.workloads:
        metadata = found.get("metadata") or {}
        labels = metadata.get("labels") or {}
        if metadata.get("name") == name:
            return found
        if labels.get("app.kubernetes.io/part-of") == "argocd" and name in (
            labels.get("app.kubernetes.io/name"),
            f"argocd-{labels.get('app.kubernetes.io/component')}",
        ):
            return found
        if str(metadata.get("name", "")).endswith(f"-{name}"):
            return found  # of a Helm release
    return None


def containers(found: Object) -> tuple[Container, ...]:
    """Return the containers that a workload runs."""
    return tuple(_containers(found, "containers"))


def first_containers(found: Object) -> tuple[Container, ...]:
    """Return those that run, and end, before them."""
    return tuple(_containers(found, "initContainers"))


def main_container(found: Object, name: str) -> Container | None:
    """Return the container of Argo CD's own component among all of its Pod."""
    all_of_them = containers(found)
    named = [c for c in all_of_them if c.name in (name, name.removeprefix("argocd-"))]
    running = [c for c in all_of_them if c.runs(name)]
    return next(iter((*named, *running, *all_of_them)), None)


def variable(facts: Facts, container: Container, name: str) -> str | None:
    """Return the value of a variable, empty where it is not set; None where we cannot know."""
    for entry in _list(container.manifest, "env"):
        if entry.get("name") != name:
            continue
        if "valueFrom" not in entry:
            return str(entry.get("value", ""))
        reference = (entry["valueFrom"] or {}).get("configMapKeyRef") or {}
        data = _config_map(facts, reference.get("name"))
        return None if data is None else str(data.get(str(reference.get("key")), ""))
    for source in _list(container.manifest, "envFrom"):
        reference = source.get("configMapRef") or {}
        data = _config_map(facts, reference.get("name"))
        key = name.removeprefix(source.get("prefix") or "")
        if data and key in data:
            return str(data[key])
    return ""


def flag(container: Container, name: str) -> tuple[str, ...]:
    """Return the values that a command line gives a flag, ``--name=value`` or in two words."""
    words = [word for line in container.words for word in _split(line)]
    found = [w.partition("=")[2] for w in words if w.startswith(f"{name}=")]
    found += [after for word, after in pairwise(words) if word == name]
    return tuple(found)


def ready(found: Object) -> tuple[int, int]:
    """Return how many Pods are ready, and how many there should be."""
    wanted = (found.get("spec") or {}).get("replicas")
    there = (found.get("status") or {}).get("readyReplicas")
    return int(there or 0), 1 if wanted is None else int(wanted)


def name_of(found: Object) -> str:
    """Return the name of an object."""
    return str((found.get("metadata") or {}).get("name", ""))


def _split(line: str) -> Iterable[str]:
    return line.split() if " " in line else (line,)  # `sh -c` has them all in one


def _containers(found: Object, kind: str) -> Iterator[Container]:
    pod = ((found.get("spec") or {}).get("template") or {}).get("spec") or {}
    for manifest in _list(pod, kind):
        words = (*(manifest.get("command") or ()), *(manifest.get("args") or ()))
        yield Container(
            name=str(manifest.get("name", "")),
            image=str(manifest.get("image", "")),
            words=tuple(map(str, words)),
            manifest=manifest,
            pod=pod,
        )


def _config_map(facts: Facts, name: Any) -> Mapping[str, str] | None:
    field = _CONFIG_MAPS.get(str(name))
    if field is None or field in facts.unread:
        return None
    data: Mapping[str, str] = getattr(facts, field)
    return data


def _list(owner: Object, key: str) -> list[Any]:
    return owner.get(key) or []
