"""Running things in turn, and what a time looks like."""

import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

RUNS = 25


def interleaved(
    measured: Mapping[str, Callable[[], object]], runs: int = RUNS
) -> dict[str, list[float]]:
    """Run each in turn, ``runs`` times after a first that is not counted; return seconds."""
    times: dict[str, list[float]] = {name: [] for name in measured}
    for number in range(runs + 1):
        for name, run in measured.items():
            start = time.perf_counter()
            run()
            if number:
                times[name].append(time.perf_counter() - start)
    return times


def run(commands: list[list[str]], cwd: Path, env: Mapping[str, str], stdin: str = "") -> None:
    for argv in commands:
        subprocess.run(
            argv, cwd=cwd, env=env, input=stdin.encode(), stdout=subprocess.DEVNULL, check=True
        )


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
