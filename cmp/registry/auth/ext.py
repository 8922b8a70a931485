"""``ext:``: a program beside the refresher that prints ``user:password``.

argocd-image-updater's contract (registry-scanner/pkg/image/credentials.go): no arguments, no
shell, ten seconds. What it prints is bounded here; what it writes to stderr is thrown away, for
it may hold the secret that it asked with.
"""

import errno
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, cast

from cmp.errors import EdgeFailed, InvalidInput
from cmp.registry.auth.base import Issued
from cmp.registry.auth.secret import credential

_TIMEOUT_S = 10.0
_LONGEST_OUTPUT = 64 * 1024  # bytes; the longest tokens are of some 4 KiB
_CHUNK = 8 * 1024
# What does not go away by itself.
_OWNERS_FAULT = frozenset(
    {errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ENOEXEC, errno.ELOOP}
)


def issue(path: str, env: Mapping[str, str], *, timeout_s: float = _TIMEOUT_S) -> Issued:
    """Run the program at ``path`` with the environment ``env`` and return what it printed.

    Only the first line counts. How long it is good for, the program does not say.

    Raises:
        InvalidInput: it cannot be started, prints too much, or no ``user:password``.
        EdgeFailed: it failed, or had not ended in time; it and all it started are killed.
    """
    where = f"ext:{path}"
    if not os.path.isabs(path):
        raise InvalidInput("the path has to be absolute; write ext:/<path>", where=where)
    status, output = _run(path, env, timeout_s)
    if status < 0:
        raise EdgeFailed(f"it was ended by signal {-status}", where=where)
    if status:
        raise EdgeFailed(
            f"exit status {status}; its messages are not shown, for they may hold secrets: "
            "run it by hand to see them",
            where=where,
        )
    try:
        found = credential(output.partition(b"\n")[0].rstrip(b"\r").decode())
    except UnicodeDecodeError:
        found = None
    if found is None:
        raise InvalidInput("the first line it prints is not user:password", where=where)
    return Issued(found)


def _run(path: str, env: Mapping[str, str], timeout_s: float) -> tuple[int, bytes]:
    """Return exit status and output, or leave nothing of it running."""
    where = f"ext:{path}"
    until_s = time.monotonic() + timeout_s
    with _started(path, env, where) as process:
        try:
            output = _output(cast("IO[bytes]", process.stdout), until_s, where)
            status = process.wait(max(0.0, until_s - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            raise EdgeFailed(
                f"it, or something it started, was not done after {timeout_s:g} s", where=where
            ) from None
        finally:
            # Until it is waited for, its number is its group's and cannot be another's.
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    return status, output


def _started(path: str, env: Mapping[str, str], where: str) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [path],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )
    except OSError as error:
        reason = f"it could not be started: {error.strerror}"
        if error.errno in _OWNERS_FAULT:
            raise InvalidInput(
                f"{reason}; it has to be there, be executable and, as a script, "
                "begin with #! and an interpreter that is there",
                where=where,
            ) from error
        raise EdgeFailed(reason, where=where) from error


def _output(stream: IO[bytes], until_s: float, where: str) -> bytes:
    """Read until nobody holds the output open any more."""
    output = bytearray()
    with selectors.DefaultSelector() as ready:
        ready.register(stream, selectors.EVENT_READ)
        while ready.select(max(0.0, until_s - time.monotonic())):
            chunk = os.read(stream.fileno(), _CHUNK)
            if not chunk:
                return bytes(output)
            output += chunk
            if len(output) > _LONGEST_OUTPUT:
                raise InvalidInput(
                    f"it prints more than {_LONGEST_OUTPUT} bytes; print user:password alone",
                    where=where,
                )
    raise TimeoutError
