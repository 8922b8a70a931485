"""A real container registry (CNCF distribution) on a free loopback port."""

import atexit
import json
import socket
import subprocess
import time
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import requests

START_WITHIN_S = 30
STOP_WITHIN_S = 5
PORTS_TRIED = 5
WHO_HEADER = "X-Registry-Server"


class Tls(NamedTuple):
    """What a server speaks TLS with, and what its clients have to trust; files in PEM."""

    certificate: Path
    """With its key."""
    authority: Path


class RegistryServer:
    """One registry process, keeping its content in a folder; deleting is allowed.

    Example:
        with RegistryServer(binary=Path(".tools/bin/registry"), root=tmp_path) as server:
            push_image(server.url, "team/app", "v1")

    It may be stopped and started again: the content and the port stay the same.

    Args:
        binary: the registry program, distribution 3.
        root: a folder of its own: configuration, content and log go there.
        htpasswd: the one user and password it accepts; None lets everyone in.
        token: whose tokens it accepts, as ``auth.token`` of its configuration.
        tls: what it speaks TLS with; None for plain HTTP.
        content: another's folder of content, to be a second door to the same.
    """

    def __init__(
        self,
        *,
        binary: Path,
        root: Path,
        htpasswd: tuple[str, str] | None = None,
        token: Mapping[str, str] | None = None,
        tls: Tls | None = None,
        content: Path | None = None,
    ) -> None:
        self._binary = binary
        self._root = root
        self._auth = htpasswd
        self._token = token
        self._tls = tls
        self._content = content or root / "content"
        self._who = str(uuid.uuid4())
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """``127.0.0.1:PORT``, as in an image's name."""
        return f"127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``, or ``https://``."""
        return f"{'https' if self._tls else 'http'}://{self.host}"

    @property
    def content(self) -> Path:
        """Where it keeps its content; see `tests.support.storage`."""
        return self._content

    @property
    def log(self) -> str:
        """What the process has written so far, in all its runs."""
        path = self._root / "registry.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers; raise RuntimeError with its log if it dies."""
        self._root.mkdir(parents=True, exist_ok=True)
        if self._auth:
            (self._root / "htpasswd").write_text(_htpasswd_line(*self._auth))
        ports = [self._port] if self._port else [_free_port() for _ in range(PORTS_TRIED)]
        for port in ports:
            self._port = port
            before = len(self.log)
            self._spawn()
            if self._answers():
                return
            self.stop()
            said = self.log[before:]
            # Between _free_port and now another process may have taken it.
            if "address already in use" not in said:
                raise RuntimeError(f"{self._binary} died or never answered:\n{said}")
        raise RuntimeError(f"no port for {self._binary}: {ports} are taken")

    def stop(self) -> None:
        """End the process; nothing to do if there is none."""
        process, self._process = self._process, None
        if process is None:
            return
        atexit.unregister(self.stop)
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _spawn(self) -> None:
        config = self._root / "config.yml"
        # JSON is YAML, and needs no library.
        config.write_text(json.dumps(self._config(), indent=2))
        with (self._root / "registry.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary, "serve", config],
                # REGISTRY_* of the caller would override the file; and no traces, please.
                env={"OTEL_TRACES_EXPORTER": "none"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for pytest, whose fixtures then stop us in their order.
                start_new_session=True,
            )
        atexit.register(self.stop)

    def _config(self) -> dict[str, object]:
        http: dict[str, object] = {
            "addr": self.host,
            "secret": self._who,
            "headers": {WHO_HEADER: [self._who]},
        }
        if self._tls:
            file = str(self._tls.certificate)
            http["tls"] = {"certificate": file, "key": file}
        config: dict[str, object] = {
            "version": 0.1,
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(self.content)},
                "delete": {"enabled": True},
                "maintenance": {"uploadpurging": {"enabled": False}},
            },
            "http": http,
        }
        if self._auth:
            config["auth"] = {
                "htpasswd": {"realm": "registry", "path": str(self._root / "htpasswd")}
            }
        if self._token:
            config["auth"] = {"token": dict(self._token)}
        return config

    def _answers(self) -> bool:
        """Wait for GET /v2/ to be answered; False if the process ended or took too long."""
        until = time.monotonic() + START_WITHIN_S
        with requests.Session() as session:
            session.trust_env = False  # loopback needs no proxy and no .netrc
            session.auth = self._auth
            session.verify = str(self._tls.authority) if self._tls else True
            while time.monotonic() < until and self._process and self._process.poll() is None:
                try:
                    reply = session.get(f"{self.url}/v2/", timeout=5)
                except requests.RequestException:
                    time.sleep(0.02)
                    continue
                # Without the header it would be another registry, with the port we wanted.
                is_up = reply.ok or (self._token and reply.status_code == HTTPStatus.UNAUTHORIZED)
                if is_up and reply.headers.get(WHO_HEADER) == self._who:
                    return True
                time.sleep(0.02)
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _htpasswd_line(user: str, password: str) -> str:
    # The registry knows no other hash, and Python has none of its own; few tests need it.
    import bcrypt

    return f"{user}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=4)).decode()}\n"
