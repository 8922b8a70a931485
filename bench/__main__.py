"""Our own cost over bare helm and kustomize, and the time it takes to decide."""

import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cmp.core.decide import decide
from cmp.core.image import Repository
from cmp.core.policy import Policy
from cmp.core.record import ApplicationRecord, Recorded, SourceId, SourceRecord
from cmp.core.snapshot import Snapshot, Tag
from cmp.index import Manifest, open_index
from tests.support.cli import PATH, PROJECT, TOOLS, generate_command

RUNS = 25
NOW = datetime(2026, 1, 1, tzinfo=UTC)
IMAGE = Repository.parse("registry.test/haoshuwei24/guestbook")
SOURCE = "https://git.test/haoshuwei24/guestbook.git"
POLICY = {
    "image-list": f"guestbook={IMAGE}",
    "guestbook.helm.image-name": "frontend.image.repository",
    "guestbook.helm.image-tag": "frontend.image.tag",
}

# What `resolve` does in a process of its own, and `decide` in one that runs.
POLICIES: Mapping[str, Mapping[str, str]] = {
    "semver": {},
    "semver, a regexp": {"allow-tags": r"regexp:^v\d+\.\d+\.\d+$"},
    "semver, a version": {"version": r"^v(?P<version>\d+\.\d+)\.(?P<build>\d+)$"},
}


def main() -> int:
    """Print all measurements."""
    with tempfile.TemporaryDirectory(prefix="image-cmp-bench-") as folder:
        root = Path(folder)
        # As argocd-cmp-server unpacks a request, so that kustomize needs no copy.
        repository = root / "_cmp_server" / "uuid"
        shutil.copytree(PROJECT / "examples" / "guestbook", repository)
        index = f"file://{root / 'index'}"
        for path in ("helm", "kustomize"):
            _record(index, path)
            _compare(path, repository / path, index)
    _decisions()
    return 0


def _compare(path: str, folder: Path, index: str) -> None:
    env = {
        "PATH": PATH,
        "HOME": str(folder),
        "CMP_INDEX": index,
        "ARGOCD_APP_NAME": path,
        "ARGOCD_APP_SOURCE_REPO_URL": SOURCE,
        "ARGOCD_APP_SOURCE_PATH": path,
        "ARGOCD_APP_SOURCE_TARGET_REVISION": "main",
    }
    helm = [str(TOOLS / "helm"), "template", ".", "--name-template", path, "--include-crds"]
    kustomize = [str(TOOLS / "kustomize"), "build", "."]
    image = [str(TOOLS / "kustomize"), "edit", "set", "image", f"{IMAGE}=*:v4"]
    # What the job takes without us: setting an image in a kustomization is a process of its own.
    bare = [helm] if path == "helm" else [image, kustomize]
    bare_name = "bare helm template" if path == "helm" else "bare kustomize edit and build"
    times = _interleaved(
        {
            "bare": partial(_run, bare, folder, env),
            "render": partial(_run, [generate_command()], folder, env),
            "python": partial(_run, [[sys.executable, "-I", "-c", "pass"]], folder, env),
        }
    )
    medians = {name: statistics.median(values) for name, values in times.items()}
    own = medians["render"] - medians["bare"]
    print(
        f"{path:10} render {_ms(medians['render'])}, {bare_name} {_ms(medians['bare'])}: "
        f"ratio {medians['render'] / medians['bare']:.2f}, own cost {_ms(own)} "
        f"(of which starting Python {_ms(medians['python'])}); {RUNS} interleaved runs, medians"
    )


def _decisions() -> None:
    for count in (100, 1_000, 10_000):
        names = _names(count)
        text = "\n".join(names)
        snapshot = Snapshot(IMAGE, NOW, {name: Tag(name) for name in names})
        argv = [sys.executable, "-I", "-m", "cmp", "resolve", f"{IMAGE}:>=1.0", "--tags", "-"]
        measured: dict[str, Callable[[], object]] = {}
        for what, keys in POLICIES.items():
            options = [f"--{name}={value}" for name, value in keys.items()]
            measured[f"{what}, cold"] = partial(_run, [[*argv, *options]], PROJECT, {}, text)
            policy = Policy.parse(keys, ">=1.0")
            measured[f"{what}, warm"] = partial(decide, policy, IMAGE, snapshot)
        for name, values in _interleaved(measured).items():
            print(f"{count:6} tags: {name:25} {_ms(statistics.median(values))}")


def _names(count: int) -> list[str]:
    source = random.Random(count)  # noqa: S311 - tags, not secrets
    return [f"v{source.randint(0, 9)}.{source.randint(0, 99)}.{n}" for n in range(count)]


def _interleaved(measured: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Run each in turn, ``RUNS`` times after a first that is not counted; return seconds."""
    times: dict[str, list[float]] = {name: [] for name in measured}
    for number in range(RUNS + 1):
        for name, run in measured.items():
            start = time.perf_counter()
            run()
            if number:
                times[name].append(time.perf_counter() - start)
    return times


def _run(commands: list[list[str]], cwd: Path, env: Mapping[str, str], stdin: str = "") -> None:
    for argv in commands:
        subprocess.run(
            argv, cwd=cwd, env=env, input=stdin.encode(), stdout=subprocess.DEVNULL, check=True
        )


def _record(index: str, path: str) -> None:
    """Write what the refresher would have written for v4."""
    decided = Recorded("d-bench", IMAGE, "v4", "", "semver", "semver", NOW, "newest")
    source = SourceRecord(SourceId(SOURCE, path, "", "main"), POLICY, {}, {"guestbook": decided})
    store = open_index(index)
    store.put_application(ApplicationRecord(path, f"argocd/{path}", (source,)))
    store.put_manifest(Manifest("bench", 1, datetime.now(UTC), complete=True))  # noqa: TID251


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
