"""A real Redis on loopback, plain and with TLS, with the users that kustomize/ ships."""

import secrets
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
import yaml

from tests.support.cli import PROJECT
from tests.support.processes import free_ports
from tests.support.token_server import Authority
from tests.support.waiting import TookTooLong, wait_for

REFRESHER, MIRROR = "image-cmp-refresher", "image-cmp-mirror"
_SHIPPED = PROJECT / "kustomize" / "components" / "redis" / "stateful-set.yaml"


class RedisServer:
    """One redis-server process; its content is lost when it stops, unless it is kept.

    Example:
        with RedisServer(tmp_path) as server:
            open_index(server.url, server.environment(tls=False))

    Args:
        root: a folder of its own, for its log, its certificates and its content.
        keeps: its content, over a stop.
    """

    def __init__(self, root: Path, *, keeps: bool = False) -> None:
        self._root = root
        self._keeps = keeps
        self._port, self._tls_port = free_ports(2)
        self.password = secrets.token_hex(8)
        self._administrator = secrets.token_hex(8)
        self._process: subprocess.Popen[bytes] | None = None
        self._authority = Authority(root / "authority")
        self._certificate = self._authority.server("redis")

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

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    @property
    def tls_url(self) -> str:
        return f"rediss://127.0.0.1:{self._tls_port}/0"

    def environment(self, *, tls: bool = True, user: str = REFRESHER) -> Mapping[str, str]:
        """Return the settings of whoever uses it: of a refresher, or of a mirror."""
        trusted = {"CMP_STORE_CA": str(self._authority.file)} if tls else {}
        return {"CMP_STORE_USERNAME": user, "CMP_STORE_PASSWORD": self.password, **trusted}

    def administrator(self) -> "redis.Redis":
        """Return a client that may do everything."""
        return redis.Redis(port=self._port, password=self._administrator)

    def flush(self) -> None:
        """Delete all there is."""
        with self.administrator() as client:
            client.flushall()

    def start(self) -> None:
        """Start it, where it was before."""
        with (self._root / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *("redis-server", "--bind", "127.0.0.1", "--port", str(self._port)),
                    *("--tls-port", str(self._tls_port), "--tls-auth-clients", "no"),
                    *("--tls-cert-file", str(self._certificate)),
                    *("--tls-key-file", str(self._certificate)),
                    *("--tls-ca-cert-file", str(self._authority.file)),
                    *("--dir", str(self._root), "--save", ""),
                    *("--appendonly", "yes" if self._keeps else "no"),
                    *("--requirepass", self._administrator),
                    *(part for user in (REFRESHER, MIRROR) for part in self._user(user)),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        try:
            wait_for("Redis answers", self._answers)
        except TookTooLong:
            self.stop()
            raise

    def stop(self) -> None:
        """Kill it, as a node that dies would."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let it answer nothing, and refuse nothing, until `resume`."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it answer again."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def _user(self, name: str) -> list[str]:
        """Return the user as it is shipped, but for its password."""
        (words,) = (rules for rules in shipped_users() if rules[0] == name)
        return ["--user", *(f">{self.password}" if w.startswith(">") else w for w in words)]

    def _answers(self) -> bool:
        try:
            with self.administrator() as client:
                return bool(client.ping())
        except redis.RedisError as error:
            raise OSError(str(error)) from None


def shipped_users() -> list[list[str]]:
    """Return the users of components/redis: of each its name, and then its rules."""
    (container,) = yaml.safe_load(_SHIPPED.read_text())["spec"]["template"]["spec"]["containers"]
    words = "\0".join(container["args"]).split("\0--user\0")[1:]
    return [user.partition("\0--")[0].split("\0") for user in words]
