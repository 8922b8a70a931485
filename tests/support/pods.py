"""Containers of a Pod as processes: what the API server has of it, run as a kubelet would.

Each has this machine's files for an image, read-only, and the Pod's volumes at their paths; no
capability and no way to one; the environment that the manifest gives and no other. Only the
network is the machine's: addresses are replaced by those where a test has something listen.
"""

import base64
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.cli import PROJECT, TOOLS
from tests.support.kubernetes import Kubernetes, Object
from tests.support.needs import lacks
from tests.support.processes import Processes

_TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount"
_REFERENCE = re.compile(r"\$\(([A-Z_]+)\)")
_TINI = '#!/bin/sh\n# Stands for the init of the image.\nshift\nexec "$@"\n'

# Arguments: a folder for what is mounted, then source, target and "ro" or "rw" of each mount, then
# -- and what is started. Targets are resolved inside, for /var/run is a link to /run.
_ENTER = r"""
set -e
PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t tmpfs tmpfs "$1"
root=$1/root
mkdir "$1/upper" "$1/work" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$root"
for place in /proc /dev /sys; do mount --rbind "$place" "$root$place"; done
shift
while [ "$1" != -- ]; do
  target=$root$(chroot "$root" realpath -m "$2")
  if [ -d "$1" ]; then mkdir -p "$target"; else mkdir -p "${target%/*}"; : >> "$target"; fi
  mount --bind "$1" "$target"
  if [ "$3" = ro ]; then mount -o remount,bind,ro "$target"; fi
  shift 3
done
shift
mount -o remount,ro "$root"
exec chroot "$root" setpriv --no-new-privs --inh-caps=-all --ambient-caps=-all \
  --bounding-set=-all env -i "$@"
"""


class Missing(Exception):
    """What a container names is not there, so a kubelet would not start it."""


class Pod:
    """One Pod of a Deployment or StatefulSet.

    Example:
        pod = Pod(processes, kubernetes, found, root=tmp_path, addresses={":8081": "127.0.0.1:1"})
        pod.start("image-cmp-refresher")

    Args:
        processes: where its containers are started, and ended.
        kubernetes: where ConfigMaps and Secrets are.
        workload: the Deployment or StatefulSet as the API server has it.
        root: a folder of its own, for its volumes.
        addresses: by what the manifests have, what is to be asked or served instead.
        volumes: folders that are there already, by the volumes' names.
    """

    def __init__(
        self,
        processes: Processes,
        kubernetes: Kubernetes,
        workload: Object,
        *,
        root: Path,
        addresses: Mapping[str, str],
        volumes: Mapping[str, Path] | None = None,
    ) -> None:
        self.name = f"{workload['metadata']['name']}-0"
        self._processes = processes
        self._kubernetes = kubernetes
        self._namespace = workload["metadata"]["namespace"]
        self._spec = workload["spec"]["template"]["spec"]
        self._root = root
        self._addresses = addresses
        self._volumes = dict(volumes or {})
        self._scratch = root / "scratch"
        self._scratch.mkdir(parents=True)
        if reason := _cannot_enter(self._scratch):
            lacks(f"containers cannot be run as processes: {reason}")
        (root / "tini").write_text(_TINI)
        (root / "tini").chmod(0o755)

    def start(self, name: str, *more: str) -> None:
        """Start a container; ``more`` are arguments besides the manifest's."""
        container = self.container(name)
        env = self.environment(name)
        argv = [*container.get("command", ()), *container.get("args", ())]
        argv = [_REFERENCE.sub(lambda found: env[found[1]], word) for word in argv]
        _, *entered = self._enter(container, env, [*map(self._reached, argv), *more])
        self._processes.spawn("unshare", *entered, called=name)

    def run(self, name: str, argv: list[str] | None = None) -> int:
        """Run an init container, or ``argv`` in one, to its end; return its exit status."""
        container = self.container(name)
        argv = argv or [*container["command"], *container.get("args", ())]
        entered = self._enter(container, self.environment(name), argv)
        return subprocess.run(entered, stdin=subprocess.DEVNULL, check=False, timeout=60).returncode

    def is_ready(self, name: str) -> bool:
        """Tell what the readiness probe of a container, which is a command, tells."""
        probe = self.container(name)["readinessProbe"]["exec"]["command"]
        return self.run(name, [self._reached(word) for word in probe]) == 0

    def log(self, name: str) -> str:
        return self._processes.tail(name)

    def container(self, name: str) -> Object:
        """Return what the manifest says of a container."""
        found: list[Object] = [*self._spec.get("initContainers", ()), *self._spec["containers"]]
        return next(each for each in found if each["name"] == name)

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables of a container; raise `Missing`."""
        container = self.container(name)
        env = {"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"}
        for source in container.get("envFrom", ()):
            ((kind, reference),) = source.items()
            env |= self._data(kind.removesuffix("Ref"), reference) or {}
        for variable in container.get("env", ()):
            value = variable.get("value")
            if value is None and "valueFrom" in variable:
                value = self._value(variable["valueFrom"])
            if value is not None:
                env[variable["name"]] = value
        api = urlsplit(self._kubernetes.url)
        return {name: self._reached(value) for name, value in env.items()} | {
            "KUBERNETES_SERVICE_HOST": str(api.hostname),
            "KUBERNETES_SERVICE_PORT": str(api.port),
        }

    # --- what the manifest says

    def _value(self, source: Object) -> str | None:
        ((kind, reference),) = source.items()
        if kind == "fieldRef":
            assert reference["fieldPath"] == "metadata.name"
            return self.name
        data = self._data(kind.removesuffix("KeyRef"), reference) or {}
        if reference["key"] not in data and not reference.get("optional"):
            raise Missing(f"{reference['name']} has no {reference['key']}")
        return data.get(reference["key"])

    def _data(self, kind: str, reference: Object) -> dict[str, str] | None:
        """Return what is in a ConfigMap or Secret, or None where it may be missing."""
        name = reference.get("name") or reference["secretName"]
        plural = {"configMap": "configmaps", "secret": "secrets"}[kind]
        found = self._kubernetes.find(f"/api/v1/namespaces/{self._namespace}/{plural}/{name}")
        if found is None:
            if reference.get("optional"):
                return None
            raise Missing(f"there is no {kind} {name}")
        data: dict[str, str] = found.get("data") or {}
        if kind == "secret":
            return {key: base64.b64decode(value).decode() for key, value in data.items()}
        return data

    def _reached(self, text: str) -> str:
        for address, instead in self._addresses.items():
            text = text.replace(address, instead)
        return text

    # --- what it is given

    def _enter(self, container: Object, env: Mapping[str, str], argv: list[str]) -> list[str]:
        mounts = [*self._image(container), *self._mounts(container), *_own()]
        words = [word for mount in mounts for word in map(str, mount)]
        variables = [f"{name}={value}" for name, value in env.items()]
        return [*_entering(self._scratch), *words, "--", *variables, *argv]

    def _image(self, container: Object) -> "Iterator[tuple[Path, str, str]]":
        """Yield what the image has and this machine may not have."""
        if "argoproj/argocd" in container["image"]:
            for tool in ("helm", "kustomize"):
                yield (TOOLS / tool).resolve(), f"/usr/local/bin/{tool}", "ro"
            yield (TOOLS / "argocd-cmp-server").resolve(), "/usr/local/bin/argocd", "ro"
        else:
            yield self._root / "tini", "/usr/bin/tini", "ro"

    def _mounts(self, container: Object) -> "Iterator[tuple[Path, str, str]]":
        for mount in container.get("volumeMounts", ()):
            source = self._volume(mount["name"]) / mount.get("subPath", "")
            if not source.exists():
                raise Missing(f"{mount['name']} has no {mount['subPath']}")
            yield source, mount["mountPath"], "ro" if mount.get("readOnly") else "rw"
        if self._spec.get("automountServiceAccountToken", True):
            yield self._token(), _TOKENS, "ro"

    def _volume(self, name: str) -> Path:
        if name not in self._volumes:
            folder = self._volumes[name] = self._root / name
            folder.mkdir()
            folder.chmod(0o777)
            found = [each for each in self._spec.get("volumes", ()) if each["name"] == name]
            for kind in ("configMap", "secret"):  # else it is empty, or a claim
                if found and kind in found[0]:
                    source = found[0][kind]
                    data = self._data(kind, source) or {}
                    paths = {item["key"]: item["path"] for item in source.get("items", ())}
                    for key, path in (paths or {key: key for key in data}).items():
                        (folder / path).write_text(data[key])
        return self._volumes[name]

    def _token(self) -> Path:
        """Return a folder as every Pod has it that speaks to the API server."""
        folder = self._root / "token"
        folder.mkdir(exist_ok=True)
        name = self._spec["serviceAccountName"]
        with closing(self._kubernetes.as_service_account(self._namespace, name)) as account:
            (folder / "token").write_text(account.token)
        (folder / "ca.crt").write_bytes(self._kubernetes.ca.read_bytes())
        (folder / "namespace").write_text(self._namespace)
        return folder


def _own() -> "Iterator[tuple[Path, Path, str]]":
    """Yield where Python and this program are: a volume may be mounted over them."""
    for path in {Path(sys.base_prefix), Path(sys.prefix), PROJECT}:
        yield path, path, "ro"


def _entering(scratch: Path) -> list[str]:
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", "--mount", *as_root, "sh", "-c", _ENTER, "enter", str(scratch)]


def _cannot_enter(scratch: Path) -> str:
    """Return why this machine lets nobody have a root of one's own, or nothing."""
    argv = [*_entering(scratch), "--", "PATH=/usr/bin:/bin", "true"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip()
