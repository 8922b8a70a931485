"""A sidecar without its argocd-cmp-server: what that unpacks, starts, and kills."""

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cmp.index import Manifest, open_index
from tests.support.charts import Chart
from tests.support.cli import PATH, TOOLS, generate_command
from tests.support.waiting import wait_for

_KUSTOMIZATION = """\
resources: [map.yaml]
helmCharts: [{name: web, releaseName: web}]
"""


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A chart as often unpacked as it is asked for, an index without records, and a helm.

    Its helm is a stand-in that does what no real one would, or tells of it: `helm`.
    """

    root: Path

    @classmethod
    def create(cls, root: Path) -> "Sidecar":
        sidecar = cls(root)
        (root / "bin").mkdir()
        sidecar.helm(f'exec {TOOLS}/helm "$@"')
        index = open_index(f"file://{root / 'index'}")
        index.put_manifest(Manifest("test", 1, datetime.now(UTC), complete=True))  # noqa: TID251 - an index of now
        return sidecar

    def helm(self, script: str) -> None:
        """Write what is started as helm."""
        file = self.root / "bin" / "helm"
        file.write_text(f"#!/bin/bash\n{script}\n")
        file.chmod(0o755)

    def hang(self) -> None:
        """Let helm write itself and a child of its into ``pids``, and wait for ever."""
        self.helm(f"sleep 600 & echo $$ $! >> {self.root}/pids; wait")

    def unpack(self, name: str) -> Path:
        """Unpack a repository with a chart, and a kustomization that inflates it."""
        unpacked = self.root / "work" / "_cmp_server" / name
        for chart in ("web", "app/charts/web"):
            Chart.create(unpacked / chart).write("values.yaml", "a: 1\n")
        (unpacked / "app" / "kustomization.yaml").write_text(_KUSTOMIZATION)
        (unpacked / "app" / "map.yaml").write_text(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\n"
        )
        return unpacked

    def start(
        self, folder: Path, env: Mapping[str, str] | None = None, command: list[str] | None = None
    ) -> subprocess.Popen[str]:
        """Start what plugin.yaml says, as the leader of a group (argo-cd, cmpserver/plugin)."""
        own = {
            "PATH": f"{self.root}/bin:{PATH}",
            "HOME": str(self.root),
            "ARGOCD_APP_NAME": "web",
            "CMP_INDEX": f"file://{self.root / 'index'}",
            "CMP_KUSTOMIZE_BUILD_OPTIONS": "--enable-helm",
        }
        return subprocess.Popen(
            command or generate_command(),
            cwd=folder,
            env={**own, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )

    def rendered(self, folder: Path, env: Mapping[str, str] | None = None) -> str:
        """Render, and return what that prints."""
        return output(self.start(folder, env))

    @staticmethod
    def kill_as_argo_cd(process: subprocess.Popen[str]) -> None:
        """Kill as at the end of a request, without the five seconds in between."""
        process.kill()
        process.communicate()
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                return

    def hanging(self, count: int = 2) -> list[int]:
        """Wait until helm hangs; return the processes that are of it."""
        file = self.root / "pids"
        return wait_for(
            "helm hangs",
            lambda: pids if len(pids := [*map(int, file.read_text().split())]) >= count else None,
        )

    @property
    def place(self) -> Path:
        return self.root / "work" / "_cmp_server" / "image-cmp"

    @property
    def left(self) -> list[str]:
        """What is where renders leave things, besides the locks, which stay."""
        names = [path.name for path in self.place.iterdir()]
        return [name for name in names if name != "gate" and not name.startswith("slot-")]


Process = subprocess.Popen[str]


def output(process: Process) -> str:
    """Return what a process prints that ends well."""
    printed, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return printed


def is_waiting(process: Process) -> bool:
    """Tell whether the kernel has a process wait for a lock (proc(5), locks)."""
    return any(words[1] == "->" and int(words[5]) == process.pid for words in _locks())


def has_lock(process: Process) -> bool:
    return any(words[1] == "FLOCK" and int(words[4]) == process.pid for words in _locks())


def _locks() -> list[list[str]]:
    return [line.split() for line in Path("/proc/locks").read_text().splitlines()]


def are_gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)
