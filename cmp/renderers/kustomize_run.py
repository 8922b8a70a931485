"""Starting kustomize: what it says when it refuses, without its manual and this machine's paths."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cmp.errors import RenderRefused
from cmp.renderers.process import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmp.renderers import Job

_MANUAL = "\nUsage:\n"
_WARNING = "# Warning: "


def kustomize(job: Job, arguments: list[str], *, cwd: str, env: Mapping[str, str]) -> bytes:
    """Run kustomize and return its output; raise as `run` does."""
    try:
        return run(["kustomize", *arguments], cwd=cwd, env=env)
    except RenderRefused as error:
        raise RenderRefused(_shortened(error.message, job.root), where=error.where) from None


def _shortened(message: str, root: str) -> str:
    lines = message.partition(_MANUAL)[0].strip().split("\n")
    reason = "\n".join(line for line in lines if not line.startswith(_WARNING))
    for folder in {root, os.path.realpath(root)} - {os.sep}:
        above = os.path.join(os.path.dirname(folder), "")
        reason = reason.replace(folder + os.sep, "").replace(folder, ".")
        reason = reason.replace(above, "../") if above != os.sep else reason
    return reason.removeprefix("Error: ")
