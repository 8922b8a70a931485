"""Killing a tool with all that it has started: kustomize starts helm and git."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from subprocess import Popen

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def end(child: Popen[bytes]) -> None:
    """Kill ``child`` and its descendants, and wait for each, so that no zombie is left.

    A group of its own would be killed more simply, but not by argocd-cmp-server when we are
    killed ourselves. Where the kernel gives us no orphans, those are left to it.
    """
    _adopt_orphans()
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe:
            pipe.close()
    while orphans := _children():
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)
        for pid in orphans:
            os.waitpid(pid, 0)


def _adopt_orphans() -> None:
    """Become the parent of what a child of ours leaves behind (Linux, prctl(2))."""
    import ctypes

    try:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (OSError, AttributeError):
        return


def _children() -> list[int]:
    """Return the children of this process (proc(5), stat)."""
    own = str(os.getpid()).encode()
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        try:
            with open(f"/proc/{int(name)}/stat", "rb") as file:
                parent = file.read().rpartition(b")")[2].split()[1]
        except (OSError, ValueError):
            continue
        if parent == own:
            found.append(int(name))
    return found
