"""One of our own commands as a process that a test starts, stops, kills and stalls."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cmp.settings import environment


class Program:
    """A command of ours; it may be started again when it has ended.

    Args:
        log: a file for what it says, in all its runs.
        cwd: where it runs.
    """

    def __init__(self, log: Path, cwd: Path) -> None:
        self._log = log
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has said so far, in all its runs."""
        return self._log.read_text() if self._log.exists() else ""

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def peak_memory(self) -> int:
        """The most it has had in memory so far, in bytes."""
        status = Path(f"/proc/{self._pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    @property
    def cpu_s(self) -> float:
        """What it has computed so far, in seconds."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def run(self, arguments: Sequence[str], env: Mapping[str, str]) -> None:
        """Start it with an environment of its own; coverage follows into it."""
        assert not self.is_running
        measured = {n: v for n, v in environment().items() if n.startswith("COVERAGE_")}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", "cmp", *arguments],
                cwd=self._cwd,
                env={**measured, **env},
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
        os.kill(self._pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it work again."""
        os.kill(self._pid, signal.SIGCONT)

    def ended(self, within_s: float) -> int:
        """Wait until it has ended by itself; return its exit status."""
        assert self._process
        return self._process.wait(within_s)

    @property
    def _pid(self) -> int:
        assert self._process
        return self._process.pid

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        return process.wait(20)
