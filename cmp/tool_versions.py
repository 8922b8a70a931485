"""The versions of what renders in a Pod: our own, and of the tools that are on PATH."""

import subprocess
from collections.abc import Mapping
from contextlib import suppress
from shutil import which

from cmp import __version__

_QUESTIONS = (("helm", "version", "--short"), ("kustomize", "version"))
_TIMEOUT_S = 30


def tool_versions(env: Mapping[str, str]) -> str:
    """Return ``cmp 1.0.0 helm v4.3.1 kustomize v5.8.3``, without a tool that does not answer."""
    path = env.get("PATH", "")
    found = [f"cmp {__version__}"]
    for tool, *arguments in _QUESTIONS:
        program = which(tool, path=path)
        if program is None:
            continue
        with suppress(OSError, subprocess.SubprocessError):
            answer = subprocess.run(
                [program, *arguments],
                cwd="/",
                env={"PATH": path, "HOME": "/nonexistent"},  # nothing of ours is theirs
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
                text=True,
                timeout=_TIMEOUT_S,
            ).stdout.split()
            found += [f"{tool} {answer[0]}"] if answer else []
    return " ".join(found)
