"""Starting git: nobody's configuration, no hooks, no questions, and no process left behind."""

import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from cmp.errors import GitFailed, ToolFailed

_LOCAL_S = 120.0
NETWORK_S = 300.0
_PASSED_ON = (
    *("PATH", "TMPDIR", "LD_LIBRARY_PATH"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
)
# Ours, not those of a repository that a file:// names: git keeps this one to itself.
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")
# One file, so that also the git at the other end of a file:// has no other.
_CONFIGURATION = """\
[core]
	askPass =
	fsync = none
	logAllRefUpdates = false
[safe]
	directory = *
[gc]
	auto = 0
[maintenance]
	auto = false
[protocol]
	version = 2
[credential]
	helper =
	useHttpPath = true
[fetch]
	recurseSubmodules = false
	unpackLimit = 1
	writeCommitGraph = false
[fastimport]
	unpackLimit = 1
[push]
	recurseSubmodules = no
	gpgSign = false
	default = nothing
[pack]
	threads = 1
[http]
	lowSpeedLimit = 500
	lowSpeedTime = 30
	followRedirects = initial
[submodule]
	recurse = false
[advice]
	pushUpdateRejected = false
"""


Process = subprocess.Popen[bytes]


class Done(NamedTuple):
    """How a command ended."""

    status: int
    output: bytes
    said: str


class Stopped(GitFailed):
    """The program is being ended, and git with it."""


class Git:
    """Starts git, from several threads; each with its children in a group of its own."""

    def __init__(self, folder: str, env: Mapping[str, str]) -> None:
        """Prepare a private folder for what git might look for in a home."""
        self._home = os.path.join(folder, "home")
        os.makedirs(self._home, mode=0o700, exist_ok=True)
        configuration = os.path.join(folder, "gitconfig")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(_CONFIGURATION)
        self._env = {name: env[name] for name in _PASSED_ON if name in env} | {
            "HOME": self._home,
            "XDG_CONFIG_HOME": self._home,
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": configuration,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "SSH_ASKPASS_REQUIRE": "never",
            "GIT_ALLOW_PROTOCOL": "",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_OPTIONAL_LOCKS": "0",
        }
        self._lock = threading.Lock()
        self._running: set[Process] = set()
        self._stopped = False
        self.started: Counter[str] = Counter()
        """How often each of git's commands was started."""

    def run(
        self,
        directory: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        deadline_s: float = _LOCAL_S,
    ) -> Done:
        """Run a command to its end; raise `GitFailed` where it does not come to one."""
        with self.running(directory, arguments, env=env) as process:
            try:
                output, said = process.communicate(stdin, timeout=deadline_s)
            except subprocess.TimeoutExpired:
                raise GitFailed(
                    f"git {_command(arguments)} had not ended after {deadline_s:g} s; see whether "
                    "the server answers"
                ) from None
        self._raise_if_stopped()
        return Done(process.returncode, output, said.decode(errors="replace"))

    @contextmanager
    def running(
        self, directory: str, arguments: Sequence[str], *, env: Mapping[str, str] | None = None
    ) -> Iterator[Process]:
        """Give a running command; at the end of the block it is over, with all it started."""
        process = self._start(directory, arguments, env or {})
        try:
            yield process
        finally:
            with self._lock:
                self._running.discard(process)
            _end(process)

    def stop(self) -> None:
        """End all that runs, and start nothing more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                _kill(process)

    def _start(self, directory: str, arguments: Sequence[str], env: Mapping[str, str]) -> Process:
        with self._lock:
            self._raise_if_stopped()
            try:
                process = subprocess.Popen(
                    ["git", *_NO_HOOKS, *arguments],
                    cwd=directory,
                    env={**self._env, "GIT_DIR": directory, **env},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                )
            except OSError as error:
                raise ToolFailed(f"git could not be started: {error.strerror}") from error
            self._running.add(process)
            self.started[_command(arguments)] += 1
            return process

    def _raise_if_stopped(self) -> None:
        if self._stopped:
            raise Stopped("this program is being ended")


def _command(arguments: Sequence[str]) -> str:
    return arguments[2] if arguments[0] == "-c" else arguments[0]


def _kill(process: Process) -> None:
    if process.returncode is not None:
        return  # waited for: by now its number may be somebody else's
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _end(process: Process) -> None:
    """End a command and what is left of its group, which may outlive its leader."""
    _kill(process)
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            with suppress(OSError):
                pipe.close()
