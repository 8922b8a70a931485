"""``doctor`` of an installation: a real API server, a real store, and one thing after the other.

The installation has a namespace of its own, and nobody acts on its objects: what Argo CD would
say of itself, as how many Pods are ready, is written there by the tests.
"""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, NamedTuple

import pytest
import yaml

from cmp.core.keys import PREFIX
from cmp.index import Acknowledged, Manifest
from cmp.index.redis import RedisIndex
from tests.support import images
from tests.support.argocd import ArgoCD
from tests.support.cli import PROJECT, cmp
from tests.support.git import commit_all
from tests.support.guestbook import Guestbook
from tests.support.installation import application, objects
from tests.support.kubernetes import Kubernetes
from tests.support.processes import free_ports
from tests.support.redis import RedisServer
from tests.support.registry import RegistryServer
from tests.support.scene import Scene

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

    def doctor(self, *arguments: str, who: Kubernetes | None = None) -> CompletedProcess[str]:
        """Call the command as somebody, by default as one who may do everything."""
        config = self.folder / "kubeconfig"
        config.write_text(json.dumps((who or self.kubernetes).kubeconfig(NAMESPACE)))
        return cmp(
            *("doctor", "--kubeconfig", str(config), *arguments),
            cwd=self.folder,
            env=self.store.environment(),
        )

    def ask(self, *arguments: str, who: Kubernetes | None = None) -> tuple[int, str]:
        """Return the exit status, and what was said of the installation and its store."""
        told = self.doctor("--store", self.store.tls_url, *arguments, who=who)
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


def test_an_application_is_looked_at_with_its_images(
    clinic: Clinic, registry: RegistryServer
) -> None:
    images.push_image(registry.url, "clinic/app", "1.0.0", salt="clinic")
    keys = {
        "image-list": f"app={registry.host}/clinic/app,db={registry.host}/clinic/none",
        "app.pull-secret": f"pullsecret:{NAMESPACE}/registry",
        "db.pull-secret": "env:HOME",
    }
    manifest = application(
        metadata__name="shop",
        metadata__namespace=NAMESPACE,
        metadata__annotations={f"{PREFIX}{key}": value for key, value in keys.items()},
    )
    clinic.kubernetes.post(path("Application"), manifest)
    try:
        told = clinic.doctor("shop")
        image = clinic.doctor("library/shop", "--registries", "none")
    finally:
        clinic.kubernetes.delete(path("Application", "shop"))

    assert told.returncode == 1
    assert "ok         policies" in told.stdout
    app, db = told.stdout.split("\n\n")[1:]
    assert app.startswith(f"app\nimage        {registry.host}/clinic/app\n")
    assert f"credentials  pullsecret:{NAMESPACE}/registry, as pull-secret says" in app
    assert "note         pull-secret: " in app  # there is no such Secret
    assert app.endswith("result       all is well")
    assert "note         pull-secret: env: is for registries.conf only" in db
    assert "failed       registry" in db
    assert (image.returncode, image.stdout) == (2, "")
    assert image.stderr.startswith("error: none: ")  # registries.conf: it is an image's


def test_argo_cd_refuses_what_a_write_back_left(
    argocd: ArgoCD, guestbook: Guestbook, redis_server: RedisServer, tmp_path: Path
) -> None:
    name = guestbook.namespace
    left = guestbook.repository / "helm" / f".argocd-source-{name}.yaml"
    left.write_text("helm:\n  parameters:\n    - {name: a, value: b}\n")
    commit_all(guestbook.repository, "As argocd-image-updater leaves it")
    destination = {"server": "https://kubernetes.default.svc", "namespace": name}
    keys = {"image-list": f"guestbook={guestbook.image}"}
    manifest = guestbook.manifest(keys, name=name, destination=destination)
    manifest["metadata"]["namespace"] = argocd.namespace

    said = argocd.create_application(manifest).condition("ComparisonError")

    clinic = Clinic(argocd.kubernetes, redis_server, tmp_path)
    here = ("--argocd-namespace", argocd.namespace, "--checkout", str(guestbook.repository))
    found = [f for f in clinic.findings(*here) if f["verdict"] == "wrong"]
    told = {f["check"]: f["what"] for f in found}
    assert "multiple application sources defined" in said
    assert told["left-over files"].endswith(
        f"helm/.argocd-source[-{name}].yaml has helm or kustomize"
    )
    assert f"the plugin renders {argocd.namespace}/{name} there" in told["checkout"]


def test_a_running_refresher_its_mirrors_and_a_hook_beside_self_heal_are_seen(
    scene: Scene, redis_server: RedisServer, tmp_path: Path
) -> None:
    scene.at_v1(policy={"automated": {"selfHeal": True}})
    clinic = Clinic(scene.argocd.kubernetes, redis_server, tmp_path)

    found = clinic.findings("--argocd-namespace", scene.argocd.namespace)

    told = {(f["check"], f["verdict"]): f["what"] for f in found}
    assert told["refresher", "ok"].endswith(" works")
    assert told["index", "ok"].startswith("generation ")
    assert told["mirrors", "ok"].startswith("all 2 mirrors have generation ")
    assert told["sync hooks", "advice"].endswith(" ConfigMap presync-…")
    # It has what Git write-back needs, and no Application here has that.
    assert "may read all Secrets" in told["refresher's rights", "advice"]
