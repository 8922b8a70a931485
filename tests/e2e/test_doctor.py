"""``doctor`` of an installation: a real API server, a real store, and one thing after the other.

The installation has a namespace of its own, and nobody acts on its objects: what Argo CD would
say of itself, as how many Pods are ready, is written there by the tests.
"""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from cmp.index import Acknowledged, Manifest
from cmp.index.redis import RedisIndex
from tests.support.argocd import ArgoCD
from tests.support.cli import PROJECT, cmp
from tests.support.installation import objects
from tests.support.kubernetes import Kubernetes
from tests.support.processes import free_ports
from tests.support.redis import RedisServer

pytestmark = pytest.mark.e2e

NAMESPACE = "clinic"
ACCOUNT = "image-cmp-refresher"
_FOLDERS = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Lease": "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
    "Application": "/apis/argoproj.io/v1alpha1/namespaces/{}/applications",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
}


def path(kind: str, name: str = "") -> str:
    folder = _FOLDERS[kind].format(NAMESPACE)
    return f"{folder}/{name}" if name else folder


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the command has the real clock, too


class Clinic(NamedTuple):
    """An installation, and who asks what is wrong with it."""

    kubernetes: Kubernetes
    store: RedisServer
    folder: Path

    def create(self) -> None:
        """Apply the installation, and what is kept in kustomize/."""
        self.kubernetes.create_namespace(NAMESPACE)
        for manifest in [*objects(), *_account()]:
            manifest["metadata"]["namespace"] = NAMESPACE
            if manifest["kind"] == "Lease":
                manifest["spec"]["renewTime"] = now().isoformat(timespec="microseconds")
            status = manifest.pop("status", None)
            made = self.kubernetes.post(path(manifest["kind"]), manifest)
            if status:
                self.kubernetes.patch(
                    f"{path(manifest['kind'], made['metadata']['name'])}/status", {"status": status}
                )

    def publish(self, *, generation: int = 7) -> None:
        """Have an index in the store that two mirrors have."""
        index = RedisIndex(self.store.tls_url, self.store.environment())
        self.store.flush()
        index.put_manifest(Manifest("e", 7, now().replace(microsecond=0), complete=True))
        for pod in ("repo-server-a", "repo-server-b"):
            index.acknowledge(Acknowledged(pod, "e", generation, 2, "helm v4.3.1"))

    def ask(self, *arguments: str, who: Kubernetes | None = None) -> tuple[int, str]:
        """Return the exit status, and what was said."""
        config = self.folder / "kubeconfig"
        config.write_text(json.dumps((who or self.kubernetes).kubeconfig(NAMESPACE)))
        told = cmp(
            *("doctor", "--kubeconfig", str(config), "--store", self.store.tls_url, *arguments),
            cwd=self.folder,
            env=self.store.environment(),
        )
        assert told.stderr == ""
        return told.returncode, told.stdout

    def findings(self, *arguments: str, who: Kubernetes | None = None) -> list[dict[str, Any]]:
        """Return what was found, as JSON has it."""
        status, text = self.ask("-o", "json", *arguments, who=who)
        document = json.loads(text)
        assert document["status"] == status
        found: list[dict[str, Any]] = document["findings"]
        return found


def _account() -> list[dict[str, Any]]:
    files = ("service-account", "role", "role-binding")
    found = [
        yaml.safe_load((PROJECT / "kustomize" / "refresher" / f"{file}.yaml").read_text())
        for file in files
    ]
    found[-1]["subjects"][0]["namespace"] = NAMESPACE
    return found


@pytest.fixture(scope="module")
def installed(argocd: ArgoCD, redis_server: RedisServer, tmp_path_factory: Any) -> Clinic:
    clinic = Clinic(argocd.kubernetes, redis_server, tmp_path_factory.mktemp("clinic"))
    clinic.create()
    return clinic


@pytest.fixture
def clinic(installed: Clinic) -> Clinic:
    installed.publish()
    renewed = {"spec": {"renewTime": now().isoformat(timespec="microseconds")}}
    installed.kubernetes.patch(path("Lease", ACCOUNT), renewed)
    return installed


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "helm").mkdir()
    return tmp_path


def test_nothing_is_wrong(clinic: Clinic, checkout: Path) -> None:
    found = clinic.findings("--checkout", str(checkout))

    assert [finding for finding in found if finding["verdict"] != "ok"] == []
    assert len(found) >= 18


def test_says_what_is_wrong_and_the_way_out(clinic: Clinic, checkout: Path) -> None:
    (checkout / "helm" / ".argocd-source-guestbook.yaml").write_text("helm:\n  parameters: []\n")
    clinic.publish(generation=6)
    role = clinic.kubernetes.get(path("Role", ACCOUNT))
    notifications = clinic.kubernetes.get(path("ConfigMap", "argocd-notifications-cm"))
    clinic.kubernetes.delete(path("Role", ACCOUNT))
    once = "- oncePer: app.status.sync.revision\n"
    clinic.kubernetes.patch(
        path("ConfigMap", "argocd-notifications-cm"), {"data": {"trigger.on-deployed": once}}
    )
    try:
        status, text = clinic.ask("--checkout", str(checkout))
    finally:
        clinic.kubernetes.post(path("Role"), {**role, "metadata": {"name": ACCOUNT}})
        clinic.kubernetes.patch(
            path("ConfigMap", "argocd-notifications-cm"), {"data": notifications["data"]}
        )

    assert status == 2
    assert "behind generation 7: repo-server-a (generation 6), repo-server-b" in text
    assert f"may not list applications in {NAMESPACE}, watch applications" in text
    assert f"next: apply kustomize/refresher in the namespace {NAMESPACE}\n" in text
    assert "fire once for each Git revision, so not for a new image: on-deployed\n" in text
    assert "helm/.argocd-source-guestbook.yaml has helm, and the plugin renders" in text
    assert text.endswith(" ok, 1 advice, 3 wrong, 0 unchecked\n")


def test_the_refresher_itself_sees_what_it_may(clinic: Clinic) -> None:
    with closing(clinic.kubernetes.as_service_account(NAMESPACE, ACCOUNT)) as account:
        found = clinic.findings(who=account)

    said = {finding["check"]: finding for finding in found}
    assert {check for check, finding in said.items() if finding["verdict"] == "ok"} == {
        *("refresher's rights", "index", "mirrors", "policies", "sync hooks", "owners"),
        "left-over files",
    }
    assert said["sidecar"] == {
        "check": "sidecar",
        "verdict": "unchecked",
        "what": f"you may not read Deployments in {NAMESPACE}",
        "next": "",
    }


def test_an_api_server_that_does_not_answer_is_asked_once(clinic: Clinic) -> None:
    (port,) = free_ports(1)
    nobody = Kubernetes(f"https://127.0.0.1:{port}", ca=clinic.kubernetes.ca, token="none")

    with closing(nobody):
        status, text = clinic.ask(who=nobody)

    assert status == 1
    assert "unchecked  sidecar, plugin.yaml, refresher, refresher's rights, your rights, " in text
    assert text.count("does not answer") == 1
    assert "ok         index" in text
