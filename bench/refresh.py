"""A pass of the refresher over many repositories: time, requests, memory."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.latency import LATENCY_S, SlowRoad
from cmp.core.keys import PREFIX
from tests.support.cli import PATH, PROJECT, TOOLS
from tests.support.registry import RegistryServer
from tests.support.storage import fill, quick_folder

SIZES = (100, 1_000, 5_000)
TAGS = [f"v1.{number}.0" for number in range(20)]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one pass took."""

    wall_s: float
    cpu_s: float
    memory_mib: float
    requests: int
    road_s: float
    """Of the CPU, for our proxy: what the machine could not give to the pass."""


def cycles() -> None:
    """Print what passes cost: the first one, and one after which nothing has changed."""
    with (
        quick_folder() as folder,
        RegistryServer(binary=TOOLS / "registry", root=folder / "registry") as registry,
        SlowRoad("127.0.0.1", int(registry.host.rpartition(":")[2])) as road,
    ):
        for number in range(max(SIZES)):
            fill(registry, f"bench/r{number}", TAGS)
        for size in SIZES:
            root = folder / str(size)
            root.mkdir()
            _write_applications(root / "applications.yaml", size, f"127.0.0.1:{road.port}")
            for what in ("first", "unchanged"):
                _print(size, what, _pass(root, road))


def _print(size: int, what: str, cost: Cost) -> None:
    print(
        f"{size:6} repositories, {what + ' pass:':16} {cost.wall_s:6.1f} s wall, "
        f"{cost.cpu_s:6.1f} s CPU, {cost.memory_mib:4.0f} MiB, {cost.requests:6} requests "
        f"({cost.requests / cost.wall_s:4.0f}/s, {LATENCY_S * 1000:.0f} ms each; "
        f"the proxy's own CPU {cost.road_s / cost.requests * 1e6:.0f} us each)"
    )


def _pass(root: Path, road: SlowRoad) -> Cost:
    argv = [sys.executable, "-I", "-m", "cmp", "refresh", "--once", "--log-level=warning"]
    argv += ["--applications", str(root / "applications.yaml"), "--store", f"file://{root}/store"]
    before, own_s, start_s = road.requests, time.process_time(), time.perf_counter()
    env = {"PATH": PATH, "HOME": str(root)}
    with subprocess.Popen(argv, cwd=PROJECT, env=env, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.perf_counter() - start_s
    if process.returncode:
        raise RuntimeError(f"the pass ended with status {process.returncode}")
    return Cost(
        wall_s,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
        road.requests - before,
        time.process_time() - own_s,
    )


def _write_applications(file: Path, count: int, host: str) -> None:
    file.write_text(
        yaml.dump_all(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": {
                    "name": f"a{number}",
                    "annotations": {f"{PREFIX}image-list": f"app={host}/bench/r{number}"},
                },
                "spec": {"source": {"repoURL": "https://git.test/x.git", "path": "chart"}},
            }
            for number in range(count)
        )
    )
