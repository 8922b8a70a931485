"""The time it takes to decide."""

import random
import statistics
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

from bench.measure import interleaved, ms, run
from cmp.core.decide import decide
from cmp.core.image import Repository
from cmp.core.policy import Policy
from cmp.core.snapshot import Snapshot, Tag
from tests.support.cli import PROJECT

NOW = datetime(2026, 1, 1, tzinfo=UTC)
IMAGE = Repository.parse("registry.test/haoshuwei24/guestbook")

# What `resolve` does in a process of its own, and `decide` in one that runs.
POLICIES: Mapping[str, Mapping[str, str]] = {
    "semver": {},
    "semver, a regexp": {"allow-tags": r"regexp:^v\d+\.\d+\.\d+$"},
    "semver, a version": {"version": r"^v(?P<version>\d+\.\d+)\.(?P<build>\d+)$"},
}


def decisions() -> None:
    """Print how long deciding takes, with more and more tags."""
    for count in (100, 1_000, 10_000):
        names = _names(count)
        text = "\n".join(names)
        snapshot = Snapshot(IMAGE, NOW, {name: Tag(name) for name in names})
        argv = [sys.executable, "-I", "-m", "cmp", "resolve", f"{IMAGE}:>=1.0", "--tags", "-"]
        measured: dict[str, Callable[[], object]] = {}
        for what, keys in POLICIES.items():
            options = [f"--{name}={value}" for name, value in keys.items()]
            measured[f"{what}, cold"] = partial(run, [[*argv, *options]], PROJECT, {}, text)
            policy = Policy.parse(keys, ">=1.0")
            measured[f"{what}, warm"] = partial(decide, policy, IMAGE, snapshot)
        for name, values in interleaved(measured).items():
            print(f"{count:6} tags: {name:25} {ms(statistics.median(values))}")


def _names(count: int) -> list[str]:
    source = random.Random(count)  # noqa: S311 - tags, not secrets
    return [f"v{source.randint(0, 9)}.{source.randint(0, 99)}.{n}" for n in range(count)]
