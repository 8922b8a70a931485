"""What kustomize/ ships: copied beside a stand-in for Argo CD, built, and applied."""

import itertools
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.cli import PROJECT, TOOLS, run
from tests.support.kubernetes import Kubernetes, Object

SHIPPED = PROJECT / "kustomize"
ARGO_CD = PROJECT / "tests" / "cases" / "argo-cd"
EXAMPLES = sorted(folder.name for folder in (SHIPPED / "examples").iterdir())
COMPONENTS = sorted(folder.name for folder in (SHIPPED / "components").iterdir())
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_COLLECTIONS = {
    "ClusterRole": f"{_RBAC}/clusterroles",
    "ClusterRoleBinding": f"{_RBAC}/clusterrolebindings",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "Role": f"{_RBAC}/namespaces/{{}}/roles",
    "RoleBinding": f"{_RBAC}/namespaces/{{}}/rolebindings",
    "Service": "/api/v1/namespaces/{}/services",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
}
_INSTALL = re.compile(r"https://raw\.githubusercontent\.com/argoproj/argo-cd/v[0-9.]+/\S+")


class Manifests:
    """A copy of kustomize/, in which overlays are built as its users would.

    Args:
        root: a folder of its own.
        argo_cd: what stands for Argo CD's install.yaml, which examples name by its address.
    """

    def __init__(self, root: Path, argo_cd: Path = ARGO_CD) -> None:
        self._root = root
        self._numbers = itertools.count()
        shutil.copytree(SHIPPED, root / "kustomize")
        shutil.copytree(argo_cd, root / "argo-cd", copy_function=shutil.copyfile)
        for example in EXAMPLES:
            file = root / "kustomize" / "examples" / example / "kustomization.yaml"
            text, count = _INSTALL.subn("../../../argo-cd", file.read_text())
            assert count == 1, f"{example} has no Argo CD"
            file.write_text(text)

    def built(self, *folders: str, **more: Any) -> list[Object]:
        """Build an overlay of folders of kustomize/; ``../argo-cd`` is the stand-in."""
        overlay = self._root / f"overlay-{next(self._numbers)}"
        overlay.mkdir()
        kustomization: dict[str, Any] = {"resources": [], "components": [], **more}
        for folder in folders:
            kind = "components" if folder.startswith("components/") else "resources"
            kustomization[kind].append(f"../kustomize/{folder}")
        (overlay / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        argv = [str(TOOLS / "kustomize"), "build", str(overlay)]
        done = run(argv, self._root, measured=False)
        assert done.returncode == 0, done.stderr
        return list(yaml.safe_load_all(done.stdout))


def collection(manifest: Mapping[str, Any], namespace: str) -> str:
    """Return the path of the collection that an object is in."""
    return _COLLECTIONS[manifest["kind"]].format(namespace)


def apply(kubernetes: Kubernetes, manifests: Iterable[Object], namespace: str) -> None:
    """Apply on the server, which refuses each field that it does not know."""
    for manifest in manifests:
        name = manifest["metadata"]["name"]
        kubernetes.apply(f"{collection(manifest, namespace)}/{name}", manifest)


def containers(manifests: Iterable[Object]) -> Iterator[tuple[str, Object, Object]]:
    """Yield the name of each container with its Pod and its own part of the manifest."""
    for manifest in manifests:
        if manifest["kind"] in ("Deployment", "StatefulSet"):
            pod = manifest["spec"]["template"]["spec"]
            for container in (*pod.get("initContainers", ()), *pod["containers"]):
                yield f"{manifest['metadata']['name']}/{container['name']}", pod, container
