"""Servers as child processes: each with a log, and none of them outlives the tests."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.waiting import TookTooLong, wait_for

# Below what Linux, macOS and IANA give to outgoing connections: of those there are many
# between our look at a port and the server's.
_PORTS = range(20000, 32000)
_HEAD_LINES = 5
_TAIL_LINES = 30

# Reads the groups to end, one a line; whatever ends us also closes the pipe it reads from.
_GUARD = """
import os, signal, sys
for group in sys.stdin.read().split():
    try:
        os.killpg(int(group), signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


class Died(Exception):
    """A server ended by itself; the message has the end of its log."""


class Processes:
    """Servers that belong together; they are killed, so none may hold anything of worth.

    Example:
        with Processes(tmp_path, {"PATH": os.defpath}) as processes:
            processes.spawn("redis-server", "--port", "6380")

    Args:
        folder: where they run, and their logs go.
        env: the environment of each, besides what it is given itself.
    """

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._env = dict(env)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, tuple[str, tuple[str, ...], Mapping[str, str] | None]] = {}

    def __enter__(self) -> Self:
        # Should we be killed, nobody calls __exit__.
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _GUARD],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # First the guard: from here on a group may be gone and its number somebody else's.
        self._guard.kill()
        self._guard.communicate()
        for process in reversed(self._running.values()):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def spawn(
        self,
        name: str,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        called: str = "",
    ) -> None:
        """Start a program of the PATH, with ``env`` besides what all are given.

        ``called`` is what its log and we call it, where there are several of the program.
        """
        called = called or name
        self._started[called] = (name, arguments, env)
        program = shutil.which(name, path=self._env["PATH"])
        assert program, f"{name} is not on {self._env['PATH']}"
        with self._log(called).open("ab") as log:
            process = subprocess.Popen(
                [program, *arguments],
                cwd=self._folder,
                env={**self._env, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A group of its own: Ctrl-C is for pytest, and its children end with it.
                start_new_session=True,
            )
        self._running[called] = process
        assert self._guard.stdin
        self._guard.stdin.write(b"%d\n" % process.pid)
        self._guard.stdin.flush()

    def restart(self, called: str) -> None:
        """Kill a server, and start it as it was started before."""
        process = self._running.pop(called)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        name, arguments, env = self._started[called]
        self.spawn(name, *arguments, env=env, called=called)

    def wait(self, name: str, ready: Callable[[], bool], *, within_s: float = 60) -> None:
        """Wait until a server is ready, and all others are alive; raise with a log if not."""

        def probe() -> bool:
            for other, process in self._running.items():
                status = process.poll()
                if status is not None:
                    raise Died(f"{other} ended with {status}:\n{self.tail(other)}")
            return ready()

        try:
            wait_for(f"{name} is ready", probe, within_s=within_s)
        except TookTooLong as error:
            raise TookTooLong(f"{error}\n{self.tail(name)}") from None

    def tail(self, name: str) -> str:
        """Return the last lines of a server's log, after those that it began with."""
        lines = self._log(name).read_text(errors="replace").splitlines()
        if len(lines) > _HEAD_LINES + _TAIL_LINES:
            lines[_HEAD_LINES:-_TAIL_LINES] = ["…"]
        return "\n".join(lines)

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on."""
    ports: list[int] = []
    for port in secrets.SystemRandom().sample(_PORTS, len(_PORTS)):
        if len(ports) == count:
            break
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.append(port)
    return ports
