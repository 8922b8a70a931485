"""A whole Argo CD on loopback, with our plugin beside its repo-server."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tests.support import repo_server
from tests.support.api_server import api_server, is_ok
from tests.support.applications import API, Application
from tests.support.kubernetes import Kubernetes, Object
from tests.support.processes import Processes, free_ports
from tests.support.repo_server import RepoServer, processes
from tests.support.waiting import wait_for

NAMESPACE = "argocd"
TEAMS = "teams"
"""A namespace besides the control plane's that may hold Applications."""
BUILT = (
    "application-crd.yaml",
    "appproject-crd.yaml",
    "argocd-application-controller",
    "etcd",
    "kube-apiserver",
    *repo_server.BUILT,
)
FOUND = ("openssl", *repo_server.FOUND)
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def missing(tools: Path, built: Iterable[str] = BUILT, found: Iterable[str] = FOUND) -> list[str]:
    """Return the names of what an Argo CD needs and is not there."""
    return [
        *(name for name in built if not (tools / name).is_file()),
        *(name for name in found if shutil.which(name) is None),
    ]


class ArgoCD:
    """An API server, Redis, and of Argo CD repo-server, cmp-server and the controller.

    Its cluster has no other controllers: Deployments stay Progressing, Jobs never end (let a
    hook be a ConfigMap), a hook that has to be deleted first hangs (let it have a
    generateName), and so does pruning in the foreground (PrunePropagationPolicy=background).

    Example:
        with ArgoCD.running(tools=TOOLS, root=Path(folder)) as argocd:
            argocd.create_application(manifest).synced()

    Args:
        processes: where its servers are started, and ended.
        kubernetes: an administrator.
        tools: where `make setup-e2e` puts the programs.
        root: a folder of its own, with a short path: a socket's ends at 107 bytes.
        namespace: of its control plane.
        others: namespaces besides that which may hold Applications.
        has_plugin: whether our plugin is started beside it, or left to a test.
    """

    def __init__(
        self,
        processes: Processes,
        kubernetes: Kubernetes,
        *,
        tools: Path,
        root: Path,
        namespace: str,
        others: tuple[str, ...],
        has_plugin: bool = True,
    ) -> None:
        self.kubernetes = kubernetes
        self.namespace = namespace
        self.other_namespaces = others
        self.repo_server = RepoServer(processes, root, has_plugin=has_plugin)
        self.index = self.repo_server.index
        """What the plugin renders from: it is for the tests to fill."""
        self._processes = processes
        self._tools = tools
        self._root = root
        (self._controller_metrics,) = free_ports(1)

    @classmethod
    @contextmanager
    def running(cls, *, tools: Path, root: Path) -> Iterator[Self]:
        """Start all of it, wait until Applications can be created, and in the end kill it."""
        with (
            processes(tools, root) as started,
            api_server(started, root) as kubernetes,
        ):
            argocd = cls(
                started,
                kubernetes,
                tools=tools,
                root=root,
                namespace=NAMESPACE,
                others=(TEAMS,),
            )
            argocd._start(defines=True)
            yield argocd

    @classmethod
    @contextmanager
    def only_objects(cls, *, tools: Path, root: Path) -> Iterator[Self]:
        """Start an API server that has Argo CD's kinds of objects, and nobody who acts on them."""
        with (
            processes(tools, root) as started,
            api_server(started, root) as kubernetes,
        ):
            argocd = cls(
                started, kubernetes, tools=tools, root=root, namespace=NAMESPACE, others=()
            )
            started.wait("kube-apiserver", kubernetes.is_ready)
            argocd._create_definitions()
            argocd._create_settings()
            argocd._create_project()
            yield argocd

    @contextmanager
    def another(self, *, root: Path, namespace: str, has_plugin: bool = True) -> Iterator["ArgoCD"]:
        """Start one more Argo CD on the same API server, with its control plane elsewhere."""
        with processes(self._tools, root) as started:
            argocd = ArgoCD(
                started,
                self.kubernetes,
                tools=self._tools,
                root=root,
                namespace=namespace,
                others=(),
                has_plugin=has_plugin,
            )
            argocd._start(defines=False)
            yield argocd

    @property
    def logs(self) -> dict[str, str]:
        """The last lines of each of Argo CD's own, by its name."""
        names = (name for name in BUILT if name.startswith("argocd-"))
        return {name: self._processes.tail(name) for name in names}

    def restart(self, server: str) -> None:
        """Kill one of its servers, and start it again."""
        self._processes.restart(server)

    def create_application(self, manifest: Mapping[str, Any]) -> Application:
        """Create an Application, and the Namespace it deploys to."""
        destination = manifest["spec"]["destination"]["namespace"]
        self.kubernetes.create_namespace(destination)
        namespace = manifest["metadata"].get("namespace", self.namespace)
        self.kubernetes.post(f"{API}/namespaces/{namespace}/applications", manifest)
        return Application(
            self.kubernetes,
            namespace=namespace,
            name=manifest["metadata"]["name"],
            destination=destination,
        )

    def delete_applications(self) -> None:
        """Delete all Applications there are, and leave what they deployed."""
        for namespace in (self.namespace, *self.other_namespaces):
            folder = f"{API}/namespaces/{namespace}/applications"
            self.kubernetes.delete(folder)
            self.kubernetes.wait(folder, "no Applications", lambda found: not found["items"])

    def _start(self, *, defines: bool) -> None:
        # What has to wait for nobody comes first.
        self.repo_server.start()
        wait = self._processes.wait
        wait("kube-apiserver", self.kubernetes.is_ready)
        if defines:
            self._create_definitions()
        self._create_settings()
        self._start_controller()
        self._create_project()
        self.repo_server.wait()
        # It listens only when it knows what is in the cluster.
        controller = f"http://127.0.0.1:{self._controller_metrics}/healthz"
        wait("argocd-application-controller", lambda: is_ok(controller))

    def _start_controller(self) -> None:
        config = self._root / "kubeconfig"
        config.write_text(json.dumps(self.kubernetes.kubeconfig(self.namespace)))
        own = {
            # https://kubernetes.default.svc is then the API server of this file.
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "KUBECONFIG": str(config),
            "ARGOCD_SYNC_WAVE_DELAY": "0",
        }
        self._processes.spawn(
            "argocd-application-controller",
            f"--kubeconfig={config}",
            f"--namespace={self.namespace}",
            *(f"--application-namespaces={other}" for other in self.other_namespaces),
            f"--redis={self.repo_server.redis}",
            f"--repo-server={self.repo_server.address}",
            "--repo-server-plaintext",
            f"--metrics-port={self._controller_metrics}",  # on all interfaces: there is no flag
            env=self.repo_server.environment() | own,
        )

    def _create_definitions(self) -> None:
        """Create what has to be there before the controller starts."""
        for name in ("application", "appproject"):
            text = (self._tools / f"{name}-crd.yaml").read_bytes()
            self.kubernetes.post_yaml(_CRDS, text)
        for other in self.other_namespaces:
            self.kubernetes.create_namespace(other)
        for name in ("applications", "appprojects"):
            path = f"{_CRDS}/{name}.argoproj.io"
            self.kubernetes.wait(path, "Established", _is_established)

    def _create_settings(self) -> None:
        self.kubernetes.create_namespace(self.namespace)
        labels = {"app.kubernetes.io/part-of": "argocd"}  # without, it is not found
        settings = {"metadata": {"name": "argocd-cm", "labels": labels}}
        self.kubernetes.post(f"/api/v1/namespaces/{self.namespace}/configmaps", settings)

    def _create_project(self) -> None:
        """Create the project that allows everything, as argocd-server would.

        The API server takes two seconds for the first object of a kind.
        """
        projects = f"{API}/namespaces/{self.namespace}/appprojects"
        # Established is not served yet.
        wait_for("AppProjects are served", lambda: self.kubernetes.find(projects))
        self.create_project("default")

    @contextmanager
    def config_map(self, name: str, data: Mapping[str, str]) -> Iterator[str]:
        """Have a ConfigMap in the control plane's namespace; yield its path."""
        folder = f"/api/v1/namespaces/{self.namespace}/configmaps"
        self.kubernetes.post(folder, {"metadata": {"name": name}, "data": dict(data)})
        try:
            yield f"{folder}/{name}"
        finally:
            self.kubernetes.delete(f"{folder}/{name}")

    def create_project(self, name: str, **spec: Any) -> str:
        """Create a project that allows everything, with ``spec`` besides; return its path."""
        everything = {
            "sourceRepos": ["*"],
            "sourceNamespaces": ["*"],
            "destinations": [{"namespace": "*", "server": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        }
        project = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AppProject",
            "metadata": {"name": name},
            "spec": {**everything, **spec},
        }
        projects = f"{API}/namespaces/{self.namespace}/appprojects"
        self.kubernetes.post(projects, project)
        return f"{projects}/{name}"


def _is_established(definition: Object) -> bool:
    conditions = definition.get("status", {}).get("conditions") or ()
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)
