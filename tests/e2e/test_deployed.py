"""What kustomize/ deploys: applied to an API server, and its containers run as they stand there.

Nothing is told them besides the manifests, the Secrets that these ask for, and ports.
"""

import socket
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import yaml

from cmp import __version__
from cmp.index.redis import RedisIndex
from tests.e2e.conftest import guestbook_for
from tests.support.argocd import ArgoCD
from tests.support.guestbook import Guestbook
from tests.support.kubernetes import Object
from tests.support.pods import Pod
from tests.support.processes import Processes, free_ports
from tests.support.registry import RegistryServer
from tests.support.scene import KEYS, VALUES
from tests.support.shipped import EXAMPLES, Manifests, apply, collection
from tests.support.token_server import Authority
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

REDIS = "image-cmp-redis"
SECRETS = {
    REDIS: {"refresher": "pw-of-the-refresher", "mirror": "pw-of-the-mirror"},
    "argocd-redis": {"auth": "pw-of-argo-cd"},
    "image-cmp-config": {"CMP_WEBHOOK_SECRET": "told-by-the-registry"},
}


@dataclass(frozen=True, slots=True)
class Deployed:
    """An Argo CD of its own with all Pods of an example, none of which is started."""

    argocd: ArgoCD
    processes: Processes
    pods: Mapping[str, Pod]
    addresses: Mapping[str, str]
    authority: Path

    @property
    def settings(self) -> dict[str, str]:
        """What the refresher's container has in its environment."""
        return self.pods["image-cmp-refresher"].environment("image-cmp-refresher")

    def start_store(self) -> None:
        """Start Redis: as it is deployed, or as Argo CD deploys its own."""
        url = urlsplit(self.settings["CMP_STORE"])
        port = str(url.port)
        if REDIS in self.pods:
            option = "--tls-port" if url.scheme == "rediss" else "--port"
            self.pods[REDIS].start("redis", option, port)
            wait_for("Redis is ready", lambda: self.pods[REDIS].is_ready("redis"))
        else:
            password = SECRETS["argocd-redis"]["auth"]
            self.processes.spawn("redis-server", "--port", port, "--requirepass", password)

    def published(self) -> RedisIndex:
        """Return what the refresher has published, as it reads it itself."""
        ca = {"CMP_STORE_CA": str(self.authority)} if "CMP_STORE_CA" in self.settings else {}
        return RedisIndex(self.settings["CMP_STORE"], self.settings | ca)

    def url(self, port: int) -> str:
        return f"http://{self.addresses[f':{port}']}"


@pytest.fixture(params=EXAMPLES)
def deployed(request: pytest.FixtureRequest, argocd: ArgoCD, tmp_path: Path) -> Iterator[Deployed]:
    namespace = f"deployed-{request.param}"
    with (
        tempfile.TemporaryDirectory(prefix="cmp-dep-") as folder,
        argocd.another(root=Path(folder), namespace=namespace, has_plugin=False) as theirs,
        Processes(tmp_path, {"PATH": "/usr/bin:/bin"}) as processes,
    ):
        kubernetes = theirs.kubernetes
        authority = Authority(tmp_path / "authority")
        pair = authority.server("redis").read_text()
        tls = {"tls.crt": pair, "tls.key": pair, "ca.crt": authority.file.read_text()}
        for name, data in {**SECRETS, f"{REDIS}-tls": tls}.items():
            secret = {"metadata": {"name": name}, "stringData": data}
            kubernetes.post(f"/api/v1/namespaces/{namespace}/secrets", secret)
        copy = tmp_path / "manifests"
        copy.mkdir()
        built = Manifests(copy).built(f"examples/{request.param}", namespace=namespace)
        # No API server has that kind by itself.
        applied = [manifest for manifest in built if manifest["kind"] != "ServiceMonitor"]
        apply(kubernetes, applied, namespace)
        has_tls = any("--tls-port" in yaml.safe_dump(manifest) for manifest in applied)
        addresses = addressed(free_ports(3), "127.0.0.1" if has_tls else own_address())
        pods = {}
        for manifest in applied:
            if manifest["kind"] in {"Deployment", "StatefulSet"}:
                name = manifest["metadata"]["name"]
                pods[name] = Pod(
                    processes,
                    kubernetes,
                    kubernetes.get(f"{collection(manifest, namespace)}/{name}"),
                    root=tmp_path / name,
                    addresses=addresses,
                    volumes={"plugins": theirs.repo_server.sockets},
                )
        yield Deployed(theirs, processes, pods, addresses, authority.file)


def addressed(ports: list[int], machine: str) -> dict[str, str]:
    """Return where to find what the manifests have at these addresses."""
    store, metrics, webhook = ports
    return {
        "image-cmp-redis:6379": f"{machine}:{store}",
        "argocd-redis:6379": f"{machine}:{store}",
        "redis-cli ": f"redis-cli -p {store} ",
        ":8081": f"127.0.0.1:{metrics}",
        ":8082": f"127.0.0.1:{webhook}",
    }


def own_address() -> str:
    """Return this machine's: on loopback Redis lets in whom it refuses elsewhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return "127.0.0.1"  # it has no other
        return str(probe.getsockname()[0])


def test_what_is_deployed_deploys_the_newest_image(
    deployed: Deployed, registry: RegistryServer, tmp_path: Path
) -> None:
    argocd, repo_server = deployed.argocd, deployed.pods["argocd-repo-server"]
    refresher = deployed.pods["image-cmp-refresher"]
    book = guestbook_for(argocd, tmp_path / "book", registry)
    book.push("v1", "v2")
    deployed.start_store()

    # repo-server's Pod is not ready before there is an index.
    assert (repo_server.run("image-cmp-tools"), repo_server.run("copyutil")) == (0, 0)
    repo_server.start("image-cmp-mirror")
    repo_server.start("image-cmp")
    wait_for("it waits", lambda: "nothing was published" in repo_server.log("image-cmp"))
    assert not repo_server.is_ready("image-cmp")
    assert repo_server.run("image-cmp", ["touch", "/var/lib/image-cmp/index/x"]) != 0
    refresher.start("image-cmp-refresher")
    for probe in ("livenessProbe", "readinessProbe"):
        path = refresher.container("image-cmp-refresher")[probe]["httpGet"]["path"]
        wait_for(probe, partial(_is_well, f"{deployed.url(8081)}{path}"))
    wait_for("the plugin is ready", lambda: repo_server.is_ready("image-cmp"))

    app = argocd.create_application(application(book, argocd.namespace))
    wait_for("v2 is deployed", lambda: app.images().get("frontend") == f"{book.image}:v2")
    assert "warning" not in refresher.log("image-cmp-refresher")
    (mirror,) = deployed.published().mirrors()
    assert mirror.pod == repo_server.name
    assert f"cmp {__version__} helm v4" in mirror.tools
    assert " kustomize v5" in mirror.tools

    if "CMP_WEBHOOK_ADDRESS" in deployed.settings:
        book.push("v4")
        secret = {"Authorization": SECRETS["image-cmp-config"]["CMP_WEBHOOK_SECRET"]}
        told = ask("POST", f"{deployed.url(8082)}/touch", {"image": book.image}, secret)
        assert told.status_code == 202
        wait_for("v4 is deployed", lambda: app.images()["frontend"] == f"{book.image}:v4")
        events = f"/api/v1/namespaces/{argocd.namespace}/events"
        argocd.kubernetes.wait(events, "an Event", lambda found: "ImageUpdated" in str(found))


def _is_well(url: str) -> bool:
    return ask("GET", url).ok


def application(book: Guestbook, namespace: str) -> Object:
    annotations = {"image-list": f"guestbook={book.image}", **KEYS}
    manifest = book.manifest(
        annotations,
        parameters=VALUES,
        name=book.namespace,
        destination={"server": "https://kubernetes.default.svc", "namespace": book.namespace},
        syncPolicy={"automated": {}},
    )
    manifest["metadata"]["namespace"] = namespace
    return manifest


def ask(
    method: str, url: str, document: object = None, headers: dict[str, str] | None = None
) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, json=document, headers=headers, timeout=5)
