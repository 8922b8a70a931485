"""Argo CD's repo-server on loopback, our plugin beside it, and what the others ask of it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

import grpc
from google.protobuf.json_format import ParseDict

from cmp.settings import environment
from tests.support.api_server import is_ok
from tests.support.cli import plugin_configuration
from tests.support.processes import Processes, free_ports

BUILT = ("argocd-cmp-server", "argocd-repo-server", "git-verify-wrapper.sh", "helm", "kustomize")
FOUND = ("git", "redis-server")
_MESSAGES, _SERVICES = grpc.protos_and_services("tests/support/repo_server.proto")
_TIMEOUT_S = 60
"""What the controller and the API server give it by default."""
_SCHEMES = ("https", "http")  # helm.valuesFileSchemes by default


class Refused(Exception):
    """What repo-server answers in place of manifests: the text that an Application shows."""


class Generated(NamedTuple):
    """The manifests of a source, each as JSON, and the commands that made them, if native."""

    manifests: tuple[str, ...]
    source_type: str
    commands: tuple[str, ...]


class RepoServer:
    """Redis, repo-server and cmp-server, each a process of ``processes``.

    Example:
        with RepoServer.running(tools=TOOLS, root=Path(folder)) as repo_server:
            repo_server.generate({"repoURL": url, "path": "chart", "helm": {}})

    Args:
        processes: where they are started, and ended.
        root: a folder of its own, with a short path: a socket's ends at 107 bytes.
        settings: the sidecar's, besides where its index is.
        has_plugin: whether to start our plugin, or to leave that to a test.
    """

    def __init__(
        self,
        processes: Processes,
        root: Path,
        settings: Mapping[str, str] | None = None,
        *,
        has_plugin: bool = True,
    ) -> None:
        self.index = root / "index"
        """What the plugin renders from: it is for the tests to fill."""
        self.unpacked = root / "image-cmp" / "work" / "_cmp_server"
        """Where cmp-server unpacks what it is sent, one folder a request."""
        self.sockets = root / "plugins"
        """Where plugins listen."""
        self.temporary = root / "tmp"
        self.certificates = root / "tls"
        """The authorities that it trusts, a file for each host."""
        self.known_hosts = root / "ssh" / "ssh_known_hosts"
        """The host keys that it trusts, for SSH."""
        self._processes = processes
        self._root = root
        self._settings = dict(settings or {})
        self._has_plugin = has_plugin
        self._ports = [str(port) for port in free_ports(3)]

    @classmethod
    @contextmanager
    def running(
        cls, *, tools: Path, root: Path, settings: Mapping[str, str] | None = None
    ) -> Iterator[Self]:
        """Start all three without the rest of an Argo CD, and in the end kill them."""
        with processes(tools, root) as started:
            server = cls(started, root, settings)
            server.start()
            server.wait()
            yield server

    @property
    def address(self) -> str:
        """Of repo-server."""
        return f"127.0.0.1:{self._ports[1]}"

    @property
    def redis(self) -> str:
        """The address of Redis."""
        return f"127.0.0.1:{self._ports[0]}"

    def start(self) -> None:
        """Start the three, and wait for none."""
        redis, repo_server, metrics = self._ports
        spawn = self._processes.spawn
        spawn(
            "redis-server",
            *("--bind", "127.0.0.1", "--port", redis),
            *("--save", "", "--appendonly", "no"),
        )
        spawn(
            "argocd-repo-server",
            "--address=127.0.0.1",
            f"--port={repo_server}",
            "--metrics-address=127.0.0.1",
            f"--metrics-port={metrics}",
            "--disable-tls",
            "--client-ca-path=",  # its default is refused beside --disable-tls
            f"--redis={self.redis}",
            env=self.environment(),
        )
        if self._has_plugin:
            self.start_plugin(plugin_configuration())

    def start_plugin(self, configuration: Mapping[str, Any]) -> None:
        """Start a cmp-server with a plugin.yaml: ours, or another to compare with."""
        name = configuration["metadata"]["name"]
        folder = self._root / name
        folder.mkdir()
        (folder / "plugin.yaml").write_text(json.dumps(configuration))
        own = {"ARGOCD_CMP_WORKDIR": str(folder / "work"), "CMP_INDEX": f"file://{self.index}"}
        self._processes.spawn(
            "argocd-cmp-server",
            f"--config-dir-path={folder}",
            env=self.environment() | own | self._settings,
            called=_called(name),
        )

    def wait(self, plugin: str = "image-cmp") -> None:
        """Wait until both of Argo CD's serve."""
        if self._has_plugin:
            socket = self.sockets / f"{plugin}.sock"
            self._processes.wait(_called(plugin), socket.is_socket)
        health = f"http://127.0.0.1:{self._ports[2]}/healthz?full=true"  # also its gRPC
        self._processes.wait("argocd-repo-server", lambda: is_ok(health))

    def environment(self) -> dict[str, str]:
        """Return what every program of this Argo CD is given."""
        return {
            "ARGOCD_PLUGINSOCKFILEPATH": str(self.sockets),
            "ARGOCD_TLS_DATA_PATH": str(self._root / "tls"),
            "ARGOCD_SSH_DATA_PATH": str(self._root / "ssh"),
            "ARGOCD_ASK_PASS_SOCK": str(self._root / "askpass.sock"),
            "ARGOCD_GPG_ENABLED": "false",
        }

    def generate(
        self, source: Mapping[str, Any], *, within_s: float = _TIMEOUT_S, **request: Any
    ) -> Generated:
        """Have ``source`` (as in an Application's spec) rendered, never from a cache.

        ``request`` has fields of the request besides, by their names in Argo CD. Raises
        `Refused` with the text of the error.
        """
        asked = {
            "repo": {"repo": source["repoURL"]},
            "revision": source.get("targetRevision", "HEAD"),
            "noCache": True,
            "appName": "guestbook",
            "namespace": "default",
            "kubeVersion": "1.37.0",
            "apiVersions": ["apps/v1", "apps/v1/Deployment", "v1", "v1/Service"],
            "projectName": "default",
            "projectSourceRepos": ["*"],
            "helmOptions": {"valuesFileSchemes": _SCHEMES},
            "applicationSource": _as_message(source),
            **request,
        }
        answer = self._call("GenerateManifest", _MESSAGES.ManifestRequest, asked, within_s)
        return Generated(tuple(answer.manifests), answer.sourceType, tuple(answer.commands))

    def announcements(self, source: Mapping[str, Any], **query: Any) -> list[Any]:
        """Return what the Parameters tab is told of a plugin's source; raise `Refused`."""
        asked = {
            "repo": {"repo": source["repoURL"]},
            "source": _as_message(source),
            "appName": "guestbook",
            "noCache": True,
            **query,
        }
        answer = self._call("GetAppDetails", _MESSAGES.DetailsRequest, asked, _TIMEOUT_S)
        return list(answer.plugin.parametersAnnouncement)

    def _call(self, name: str, message: Any, asked: dict[str, Any], within_s: float) -> Any:
        with grpc.insecure_channel(self.address) as channel:
            stub = _SERVICES.RepoServerServiceStub(channel)
            try:
                return getattr(stub, name)(ParseDict(asked, message()), timeout=within_s)
            except grpc.RpcError as error:
                raise Refused(error.details()) from None


def _called(plugin: str) -> str:
    return "argocd-cmp-server" if plugin == "image-cmp" else f"argocd-cmp-server-{plugin}"


def processes(tools: Path, root: Path) -> Processes:
    """Return what will run an Argo CD's servers in ``root``, with the folders they need."""
    for folder in ("home", "tmp", "plugins", "tls", "ssh"):
        (root / folder).mkdir(parents=True)
    clean = {
        "PATH": f"{tools}:{environment()['PATH']}",
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
        "LANG": "C.UTF-8",
    }
    return Processes(root, clean)


def _as_message(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return an Application's source in the shape of the message, where that is another."""
    message = dict(source)
    if "helm" in message:
        message["helm"] = _helm(message["helm"])
    if "kustomize" in message:
        message["kustomize"] = _kustomize(message["kustomize"])
    if "plugin" in message:
        parameters = [_parameter(item) for item in message["plugin"].get("parameters", ())]
        message["plugin"] = {**message["plugin"], "parameters": parameters}
    return message


def _helm(helm: Mapping[str, Any]) -> dict[str, Any]:
    message = dict(helm)
    if "valuesObject" in message:
        from base64 import b64encode

        # As a cluster's API server writes JSON (Go's encoding/json).
        written = json.dumps(message["valuesObject"], ensure_ascii=False)
        written = written.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        raw = b64encode(written.encode()).decode()
        message["valuesObject"] = {"raw": raw}
    return message


def _kustomize(kustomize: Mapping[str, Any]) -> dict[str, Any]:
    message = dict(kustomize)
    if "replicas" in message:
        message["replicas"] = [
            {"name": r["name"], "count": _int_or_string(r["count"])} for r in message["replicas"]
        ]
    if "patches" in message:
        message["patches"] = [_patch(patch) for patch in message["patches"]]
    return message


def _int_or_string(value: int | str) -> dict[str, Any]:
    return {"type": 0, "intVal": value} if isinstance(value, int) else {"type": 1, "strVal": value}


def _patch(patch: Mapping[str, Any]) -> dict[str, Any]:
    if "target" not in patch:
        return dict(patch)
    target = patch["target"]
    gvk = {name: target[name] for name in ("group", "version", "kind") if name in target}
    identity = {name: target[name] for name in ("name", "namespace") if name in target}
    selectors = {name: value for name, value in target.items() if name.endswith("Selector")}
    return {**patch, "target": {"resId": {"gvk": gvk, **identity}, **selectors}}


def _parameter(item: Mapping[str, Any]) -> dict[str, Any]:
    message = dict(item)
    for kind in ("map", "array"):
        if kind in message:
            message[kind] = {kind: message[kind]}
    return message
