"""A container engine: the one that answers, or podman's service for as long as it is used.

Docker's API is spoken to either. With podman it takes runc, which works where crun does not
(cgroups in hybrid mode), and limits below those that a sandbox may set.
"""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.errors import DockerException

from cmp.settings import environment

_USUAL = "unix:///var/run/docker.sock"
_LIMITS = '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]\n'
_RUNC = '[engine]\nruntime = "runc"\n'
_STARTS_WITHIN_S = 20
_PAUSE_S = 0.1
_BUILD_WITHIN_S = 600


class NoEngine(Exception):
    """No engine answers, and none could be started; the message says why and what to do."""


@contextmanager
def engine() -> Iterator[docker.DockerClient]:
    """Yield a client of an engine; raise `NoEngine` where there is none."""
    told = environment().get("DOCKER_HOST", "")
    if client := _answering(told or _USUAL):
        with _closed(client):
            yield client
        return
    if told:
        raise NoEngine(f"no container engine answers at DOCKER_HOST, {told}")
    if shutil.which("podman") is None:
        raise NoEngine("no container engine answers, and there is no podman: run make setup-image")
    with (
        tempfile.TemporaryDirectory(prefix="image-cmp-engine-") as folder,
        _podman(Path(folder)) as client,
    ):
        yield client


@contextmanager
def _closed(client: docker.DockerClient) -> Iterator[None]:
    try:
        yield
    finally:
        client.close()


def _answering(address: str) -> docker.DockerClient | None:
    """Return a client of the engine at an address, if there is one."""
    if not _listens(address):
        return None
    try:
        # As everybody's client, with DOCKER_TLS_VERIFY and its like.
        env = {**environment(), "DOCKER_HOST": address}
        return docker.from_env(timeout=_BUILD_WITHIN_S, environment=env)
    except DockerException:  # it asks for the version at once
        return None


def _listens(address: str) -> bool:
    """Return whether a socket is listened on; docker's client would not close it if it is not."""
    if not address.startswith("unix://"):
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(address.removeprefix("unix://"))
        except OSError:
            return False
    return True


@contextmanager
def _podman(folder: Path) -> Iterator[docker.DockerClient]:
    configuration, log = folder / "containers.conf", folder / "podman.log"
    configuration.write_text(_LIMITS + (_RUNC if shutil.which("runc") else ""))
    address = f"unix://{folder}/podman.sock"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["podman", "system", "service", "--time=0", address],
            env={**environment(), "CONTAINERS_CONF": str(configuration)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as service,
    ):
        try:
            client = _started(address, service, log)
            with _closed(client):
                yield client
        finally:
            service.terminate()


def _started(address: str, service: "subprocess.Popen[bytes]", log: Path) -> docker.DockerClient:
    until = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < until and service.poll() is None:
        if client := _answering(address):
            return client
        time.sleep(_PAUSE_S)
    raise NoEngine(f"podman's service does not answer:\n{log.read_text(errors='replace')}")
