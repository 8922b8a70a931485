"""Starting helm and kustomize: output whole, or an error in one sentence."""

import errno
import os
import subprocess
from collections.abc import Mapping, Sequence

from cmp.errors import InvalidSource, RenderRefused, ToolFailed
from cmp.settings import is_offline

_LONGEST_REASON = 4000  # characters; Argo CD shows the message in its UI


def run(argv: Sequence[str], *, cwd: str, env: Mapping[str, str]) -> bytes:
    """Run a tool and return its standard output.

    Raises:
        InvalidSource: what it is to be given is more than Linux allows.
        RenderRefused: it ran and exited with a status other than 0; with what it said.
        ToolFailed: it could not be started, or was killed.
    """
    tool = argv[0]
    program = _program(tool, env.get("PATH", ""))
    try:
        done = subprocess.run(
            argv,
            executable=program,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        if error.errno == errno.E2BIG:
            raise InvalidSource(
                "the options are more than a program can be given as arguments; move the longest "
                "into a file of the repository",
                where=f"{tool} {argv[1]}",
            ) from error
        raise ToolFailed(f"{tool} could not be started: {error.strerror}") from error
    said = _reason(done.stderr.decode(errors="replace"))
    if done.returncode < 0:
        raise ToolFailed(f"{tool} was ended by signal {-done.returncode}; try again")
    if done.returncode:
        reason = said or f"exit status {done.returncode} and no message"
        raise RenderRefused(reason[:_LONGEST_REASON], where=f"{tool} {argv[1]}")
    return done.stdout


def needs_network(env: Mapping[str, str], what: str, *, where: str) -> None:
    """Raise `InvalidSource` where ``CMP_OFFLINE`` keeps the tools from the network."""
    if is_offline(env):
        raise InvalidSource(
            f"{what} needs the network, and CMP_OFFLINE forbids it; keep it in the repository",
            where=where,
        )


def _reason(said: str) -> str:
    """Return the error itself: helm 4 logs it too, and kustomize explains its command after."""
    if said.startswith("level="):
        said = said.partition("\nError: ")[2] or said
    return said.partition("\nUsage:\n")[0].strip().removeprefix("Error: ")


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
