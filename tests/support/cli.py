"""Running the program as a process of its own, as a person or Argo CD would."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cmp.settings import environment

PROJECT = Path(__file__).resolve().parent.parent.parent
TOOLS = PROJECT / ".tools" / "bin"
PATH = f"{TOOLS}:/usr/local/bin:/usr/bin:/bin"


def run(
    argv: list[str],
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    *,
    measured: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a command with an environment of its own: PATH, HOME and what is given.

    ``measured`` lets coverage follow into the process, where coverage runs at all.
    """
    clean = {"PATH": PATH, "HOME": str(cwd), "LANG": "C.UTF-8"}
    if measured:
        clean |= {n: v for n, v in environment().items() if n.startswith("COVERAGE_")}
    return subprocess.run(
        argv,
        cwd=cwd,
        env={**clean, **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def cmp(
    *arguments: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    measured: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run ``python -I -m cmp`` with ``arguments``."""
    argv = [sys.executable, "-I", "-m", "cmp", *arguments]
    return run(argv, cwd, env, stdin, measured=measured)


def plugin_configuration() -> dict[str, Any]:
    """Return plugin.yaml, with the Python that runs the tests in its commands."""
    plugin: dict[str, Any] = yaml.safe_load((PROJECT / "plugin.yaml").read_text())
    spec = plugin["spec"]
    for started in (spec["generate"], spec["parameters"]["dynamic"]):
        python, *argv = started["command"]
        assert python == "python3"
        started["command"] = [sys.executable, *argv]
    return plugin


def generate_command() -> list[str]:
    """Return what plugin.yaml has Argo CD start."""
    command: list[str] = plugin_configuration()["spec"]["generate"]["command"]
    return command


def announce_command() -> list[str]:
    """Return what plugin.yaml has Argo CD start for the Parameters tab."""
    command: list[str] = plugin_configuration()["spec"]["parameters"]["dynamic"]["command"]
    return command


def as_argo_cd(cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Generate as argocd-cmp-server does: plugin.yaml's command in the source's folder."""
    return run(generate_command(), cwd, env)
