"""The versions of what renders in a Pod: our own, and of the tools that are on PATH."""

from collections.abc import Mapping

from cmp import __version__
from cmp.errors import CmpError
from cmp.renderers.process import run

_QUESTIONS = (("helm", "version", "--short"), ("kustomize", "version"))


def tool_versions(env: Mapping[str, str]) -> str:
    """Return ``cmp 1.0.0 helm v4.3.1 kustomize v5.8.3``, without a tool that does not answer."""
    path = {"PATH": env.get("PATH", ""), "HOME": "/nonexistent"}  # nothing of ours is theirs
    found = [f"cmp {__version__}"]
    for tool, *arguments in _QUESTIONS:
        try:
            answer = run([tool, *arguments], cwd="/", env=path).decode(errors="replace").split()
        except CmpError:
            continue
        found += [f"{tool} {answer[0]}"] if answer else []
    return " ".join(found)
