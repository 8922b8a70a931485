"""A mirror beside a repo-server, as a process of its own."""

import signal
import subprocess
import sys
from pathlib import Path

from cmp.settings import environment
from tests.support.cli import PATH
from tests.support.redis import RedisServer


class Mirror:
    """Copies a Redis into a directory, from `start` to `kill`.

    Args:
        server: what is copied.
        directory: what render reads.
        log: a file for what it says.
        pod: as which it acknowledges.
    """

    def __init__(self, server: RedisServer, *, directory: Path, log: Path, pod: str) -> None:
        self.directory = directory
        self.pod = pod
        self.tools = ""
        """What it says that renders in its Pod, where that is not the truth."""
        self._server = server
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has said so far, in all its runs."""
        return self._log.read_text() if self._log.exists() else ""

    def start(self) -> None:
        """Start it; it copies within a second."""
        assert self._process is None
        argv = [sys.executable, "-I", "-m", "cmp", "mirror"]
        argv += ["--store", self._server.tls_url, "--to", str(self.directory), "--pod", self.pod]
        said = {"CMP_TOOLS": self.tools} if self.tools else {}
        measured = {n: v for n, v in environment().items() if n.startswith("COVERAGE_")}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                argv,
                env={"PATH": PATH, **measured, **said, **self._server.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def stop(self) -> int:
        """End it as Kubernetes does; return its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it so that it can do no more."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it do nothing, until `resume`."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it work again."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        return process.wait(20)
