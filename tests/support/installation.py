"""An installation in which nothing is wrong: as objects, and as what `doctor` knows of it."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cmp.diagnosis.facts import Facts, Trigger
from cmp.diagnosis.permissions import needed, needed_by_people
from cmp.index import Acknowledged, Manifest
from tests.index.examples import NOW
from tests.support.cli import PROJECT

CONTROL_PLANE = "argocd"
MANIFEST = Manifest("an-epoch", 41, NOW, complete=True)
_FILE = Path(__file__).with_suffix(".yaml")


@cache
def _objects() -> list[dict[str, Any]]:
    plugin = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "image-cmp-plugin"},
        "data": {"plugin.yaml": (PROJECT / "plugin.yaml").read_text()},
    }
    return [*yaml.safe_load_all(_FILE.read_text()), plugin]


@cache
def _plugin() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PROJECT / "plugin.yaml").read_text())
    return found


def objects() -> list[dict[str, Any]]:
    """Return them all, that with plugin.yaml too."""
    return deepcopy(_objects())


def find(name: str, kind: str = "Deployment") -> dict[str, Any]:
    """Return one of them."""
    (found,) = (o for o in objects() if (o["kind"], o["metadata"]["name"]) == (kind, name))
    return found


def application(**changes: Any) -> dict[str, Any]:
    """Return the Application with changes: ``spec__syncPolicy={…}``, and annotations by key."""
    return changed(find("guestbook", "Application"), **changes)


def changed(manifest: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a copy where ``a__b=value`` is what stands under a and b; None: nothing does."""
    manifest = deepcopy(manifest)
    for path, value in changes.items():
        *parents, last = path.split("__")
        owner: Any = manifest
        for parent in parents:
            owner = owner[int(parent)] if parent.isdecimal() else owner.setdefault(parent, {})
        key: Any = int(last) if last.isdecimal() else last
        if value is None:
            del owner[key]
        else:
            owner[key] = value
    return manifest


def facts(**changes: Any) -> Facts:
    """Return what is known of it, with other values of some fields of `Facts`."""
    kinds = ("Deployment", "StatefulSet")
    good = Facts(
        now=NOW,
        control_plane=CONTROL_PLANE,
        workloads=tuple(o for o in objects() if o["kind"] in kinds),
        settings=find("argocd-cmd-params-cm", "ConfigMap")["data"],
        ours=find("image-cmp-config", "ConfigMap")["data"],
        plugins={"image-cmp-plugin": _plugin()},
        triggers=(Trigger("on-deployed", ("app.status?.operationState?.startedAt",)),),
        applications=(application(),),
        lease=find("image-cmp-refresher", "Lease"),
        rights=tuple(r._replace(is_allowed=True) for r in needed(CONTROL_PLANE, ("teams",))),
        own_rights=tuple(r._replace(is_allowed=True) for r in needed_by_people(CONTROL_PLANE)),
        manifest=MANIFEST,
        mirrors=tuple(Acknowledged(pod, "an-epoch", 41, 2, "helm v4") for pod in ("a", "b")),
    )
    return good._replace(**changes)


def with_workload(name: str, **changes: Any) -> tuple[dict[str, Any], ...]:
    """Return all workloads, one of them changed."""
    return tuple(
        changed(o, **changes) if o["metadata"]["name"] == name else o
        for o in objects()
        if o["kind"] in ("Deployment", "StatefulSet")
    )


def without_workload(name: str) -> tuple[dict[str, Any], ...]:
    """Return all workloads but one."""
    return tuple(o for o in with_workload("") if o["metadata"]["name"] != name)
