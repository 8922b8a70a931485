"""Our refresher beside an Argo CD, as a Pod with its service account would run it."""

import json
import os
import re
import shutil
import signal
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from cmp.index.file import FileIndex
from cmp.index.redis import RedisIndex
from cmp.refresh.leader import NAME as LEASE
from cmp.refresh.people import NAME as SAID
from cmp.refresh.state import SHARDS
from tests.support.argocd import ArgoCD
from tests.support.kubernetes import Object
from tests.support.metrics import sample
from tests.support.mirror import Mirror
from tests.support.program import Program
from tests.support.redis import RedisServer
from tests.support.shipped import Manifests, collection
from tests.support.waiting import NotYet, wait_for

if TYPE_CHECKING:
    from tests.support.clock import WallClock

_SECRET = "told-by-the-registry"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ACCOUNT = "image-cmp-refresher"
INTERVAL_S = 1


class Refresher(Program):
    """The refresher that works, and mirrors of two repo-servers; each may be ended and started.

    As of a Deployment with two replicas there is another, its `standby`. It is started when
    this one is seen to work, so that this one is who works, and ended before this one.

    Args:
        argocd: whose Applications it serves; its plugin renders from the first mirror.
        root: a folder of its own.
        store: between the refresher and the mirrors.
    """

    def __init__(self, argocd: ArgoCD, root: Path, store: RedisServer) -> None:
        super().__init__(root / "refresher.log", root)
        self._argocd = argocd
        self._root = root
        self.store = store
        self.standby: Refresher | None = None
        """Ended when this one is, with the same arguments; None where a test has only one."""
        self.url = argocd.kubernetes.url
        """Of the API server, or of what stands before it."""
        self.clock: WallClock | None = None
        """The machine's, where it is not the true one."""
        self._arguments: tuple[str, ...] = ()
        self.mirrors = [
            Mirror(store, directory=directory, log=root / f"{pod}.log", pod=pod)
            for pod, directory in (("pod-1", argocd.index), ("pod-2", root / "index"))
        ]
        apply_account(argocd, root)

    def another(self, root: Path) -> "Refresher":
        """Return one more of the same store, which has no mirrors of its own."""
        root.mkdir()
        other = Refresher(self._argocd, root, self.store)
        other.mirrors = []
        return other

    @property
    def states(self) -> list[Object]:
        """The ConfigMaps that it keeps its state in."""
        found = (self._argocd.kubernetes.find(path) for path in self._state_paths())
        return [state for state in found if state]

    def clean(self) -> None:
        """Forget all of it: the store, the state, what people said, and who had the Lease."""
        self.delete_store()
        self.delete_state()
        self._delete(f"/api/v1/namespaces/{self._argocd.namespace}/configmaps/{SAID}")
        self.give_up_lease()

    def give_up_lease(self) -> None:
        """Let another begin at once after a kill, where a test is not about that wait."""
        self._delete(self._lease)
        with self.store.administrator() as client:
            client.delete("image-cmp:writer")

    def _delete(self, path: str) -> None:
        if self._argocd.kubernetes.find(path):
            self._argocd.kubernetes.delete(path)

    def delete_store(self) -> None:
        """Forget the store and its copies, and begin to copy anew."""
        self.kill_mirrors()
        self.store.flush()
        for mirror in self.mirrors:
            shutil.rmtree(mirror.directory, ignore_errors=True)
            mirror.start()

    def kill_mirrors(self) -> None:
        for mirror in self.mirrors:
            mirror.kill()

    def delete_state(self) -> None:
        for path in self._state_paths():
            if self._argocd.kubernetes.find(path):
                self._argocd.kubernetes.delete(path)

    def start(self, *arguments: str) -> None:
        """Start it; it takes a second until it does anything."""
        command = ["refresh", "--kubeconfig", str(self._kubeconfig())]
        command += ["--store", self.store.tls_url, "--interval", f"{INTERVAL_S}s"]
        command += ["--application-namespaces", ",".join(self._argocd.other_namespaces)]
        command += ["--metrics-address", "127.0.0.1:0", "--webhook-address", "127.0.0.1:0"]
        own = {
            "PATH": os.defpath,
            "HOME": str(self._root),
            "CMP_GIT_DIRECTORY": str(self._root),
            "CMP_GIT_BATCH_WINDOW": "1s",
            **self.store.environment(),
            "CMP_WEBHOOK_SECRET": _SECRET,
        }
        if self.clock:
            own |= self.clock.environment
        self._arguments = arguments
        self.run([*command, *arguments], own)

    def stop(self) -> int:
        """End it as Kubernetes does, and nobody takes over; return its exit status."""
        if self.standby:
            # One that has just been started does not hear it yet.
            assert self.standby.stop() in {0, -signal.SIGTERM}
        return super().stop()

    def kill(self) -> None:
        """End it so that it can do no more, nor anybody else."""
        if self.standby:
            self.standby.kill()
        super().kill()

    def wait_for_pass(self) -> None:
        """Wait until it has made a whole pass since it was started last."""
        before = self.log.count("msg=refreshed")
        wait_for("a pass", lambda: self.log.count("msg=refreshed") > before)
        # The refresher waits for mirrors that it has heard of; a new one may not have copied.
        wait_for("a copy beside the plugin", self._is_copied)
        self._is_joined()

    def wait_until_ready(self, said: str = "at work") -> None:
        """Wait until it says that it is ready, and how."""
        wait_for("it is ready", lambda: self.ask("/readyz").text.startswith(said))
        self._is_joined()

    def _is_joined(self) -> None:
        """Start the standby where there is none yet; it is not waited for."""
        alone = {"--once", "--dry-run"}.intersection(self._arguments)
        if self.standby and self.is_running and not self.standby.is_running and not alone:
            self.standby.start(*self._arguments)

    def served(self, what: str) -> str:
        """Return the address where it serves ``webhook`` or ``metrics``, in its last run."""
        served = re.findall(rf"msg=serving what={what} address=(\S+)", self.log)
        if not served:
            raise NotYet(f"no {what} is served")
        return str(served[-1])

    def ask(self, path: str) -> requests.Response:
        """Ask what a kubelet and Prometheus ask."""
        return self._request("GET", "metrics", path)

    def metric(self, name: str, **labels: str) -> float:
        """Return what it measures."""
        return sample(self.ask("/metrics").text, f"image_cmp_{name}", **labels)

    def tell(self, image: str, tag: str) -> requests.Response:
        """Tell it of a push, as the registry would (distribution, notifications)."""
        host, _, repository = image.partition("/")
        target = {"mediaType": _MANIFEST, "repository": repository, "tag": tag}
        event = {"action": "push", "target": target, "request": {"host": host}}
        return self._request("POST", "webhook", "/webhook", {"events": [event]})

    def touch(self, **what: str) -> requests.Response:
        """Tell it to look at something now."""
        return self._request("POST", "webhook", "/touch", what)

    def _request(
        self, method: str, what: str, path: str, document: object = None
    ) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            headers = {"Authorization": f"Bearer {_SECRET}"}
            url = f"http://{self.served(what)}{path}"
            return session.request(method, url, json=document, headers=headers, timeout=5)

    def _is_copied(self) -> bool:
        published = RedisIndex(self.store.url, self.store.environment(tls=False)).manifest()
        if not self.mirrors or published is None or not published.complete:
            return True
        found = FileIndex(f"file://{self.mirrors[0].directory}").manifest()
        return found is not None and found.generation >= published.generation

    def _kubeconfig(self) -> Path:
        kubernetes, namespace = self._argocd.kubernetes, self._argocd.namespace
        with closing(kubernetes.as_service_account(namespace, ACCOUNT)) as account:
            config = account.kubeconfig(namespace)
        config["clusters"][0]["cluster"]["server"] = self.url
        file = self._root / "kubeconfig"
        file.write_text(json.dumps(config))
        return file

    @property
    def _lease(self) -> str:
        namespace = self._argocd.namespace
        return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{LEASE}"

    @property
    def leader(self) -> str:
        """Who has the Lease, or nobody."""
        found = self._argocd.kubernetes.find(self._lease) or {"spec": {}}
        return str(found["spec"].get("holderIdentity", ""))

    def _state_paths(self) -> list[str]:
        folder = f"/api/v1/namespaces/{self._argocd.namespace}/configmaps"
        return [f"{folder}/image-cmp-state-{number}" for number in range(SHARDS)]


def apply_account(argocd: ArgoCD, root: Path) -> None:
    """Create what kustomize/ ships: the account and all that it may do."""
    namespace = argocd.namespace
    others = argocd.other_namespaces
    wanted = [
        ("refresher", namespace),
        ("people", namespace),
        *(("application-namespace", other) for other in others),
        *(("pull-secrets", one) for one in (namespace, *others)),
        *(("native", one) for one in (namespace, *others)),
        ("components/git-write-back", namespace),
    ]
    shipped = root / "shipped"
    shipped.mkdir()
    manifests = Manifests(shipped)
    for folder, target in wanted:
        for manifest in manifests.built(folder, namespace=target):
            for subject in manifest.get("subjects", ()):
                subject["namespace"] = namespace
            path = collection(manifest, target)
            name = manifest["metadata"]["name"]
            if argocd.kubernetes.find(f"{path}/{name}"):
                argocd.kubernetes.delete(f"{path}/{name}")
            argocd.kubernetes.post(path, manifest)
