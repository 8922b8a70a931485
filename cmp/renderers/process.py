"""Starting helm and kustomize: output whole, or an error in one sentence."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from typing import TYPE_CHECKING

from cmp.errors import InvalidSource, RenderRefused, ToolFailed
from cmp.renderers.ending import DeadlinePassed, deferred
from cmp.settings import is_offline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmp.renderers import Job


def run(job: Job, argv: Sequence[str], *, cwd: str = "", stdin: str = "") -> bytes:
    """Run a tool, in the source's directory or ``cwd``, and return its standard output.

    It stays in our process group, which argocd-cmp-server kills whatever becomes of us.

    Raises:
        InvalidSource: what it is to be given is more than Linux allows.
        RenderRefused: it ran and exited with a status other than 0; with what it said.
        ToolFailed: it could not be started, or was killed.
    """
    tool = argv[0]
    program = _program(tool, job.env.get("PATH", ""))
    began = time.monotonic()
    child = None
    try:
        with deferred():
            child = _started(job, argv, program, cwd, subprocess.PIPE if stdin else None)
        output, said = child.communicate(stdin.encode() if stdin else None)
    except BaseException as error:
        if child is not None:
            from cmp.renderers.descendants import end

            with deferred():
                end(child)
        if isinstance(error, DeadlinePassed):
            error.doing = f"{tool} {argv[1]} had run for {time.monotonic() - began:.0f} s"
        raise
    if child.returncode < 0:
        raise ToolFailed(f"{tool} was ended by signal {-child.returncode}; try again")
    if child.returncode:
        from cmp.renderers.reason import reason

        why = reason(said.decode(errors="replace"), job.root)
        why = why or f"exit status {child.returncode} and no message"
        raise RenderRefused(why, where=f"{tool} {argv[1]}")
    return output


def needs_network(env: Mapping[str, str], what: str, *, where: str) -> None:
    """Raise `InvalidSource` where ``CMP_OFFLINE`` keeps the tools from the network."""
    if is_offline(env):
        raise InvalidSource(
            f"{what} needs the network, and CMP_OFFLINE forbids it; keep it in the repository",
            where=where,
        )


def _started(
    job: Job, argv: Sequence[str], program: str, cwd: str, stdin: int | None
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            executable=program,
            cwd=cwd or job.directory,
            env=job.env,
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=job.locks,
        )
    except OSError as error:
        if error.errno == errno.E2BIG:
            raise InvalidSource(
                "the options are more than a program can be given as arguments; move the longest "
                "into a file of the repository",
                where=f"{argv[0]} {argv[1]}",
            ) from error
        raise ToolFailed(f"{argv[0]} could not be started: {error.strerror}") from error


def _program(tool: str, path: str) -> str:
    """Return where ``tool`` is on PATH.

    An empty or relative entry would mean the application's own directory, in which the
    tool is started: what lies there must not run.
    """
    for folder in path.split(os.pathsep):
        program = os.path.join(folder, tool)
        if os.path.isabs(folder) and os.path.isfile(program) and os.access(program, os.X_OK):
            return program
    raise ToolFailed(
        f"{tool} is not on PATH; install it, or in the sidecar copy it from the Argo CD image"
    )
