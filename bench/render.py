"""Our own cost over bare helm and kustomize."""

import shutil
import statistics
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.measure import RUNS, interleaved, ms, run
from cmp.core.image import Repository
from cmp.core.record import ApplicationRecord, Recorded, SourceId, SourceRecord
from cmp.index import Manifest, open_index
from tests.support.cli import PATH, PROJECT, TOOLS, generate_command

NOW = datetime(2026, 1, 1, tzinfo=UTC)
IMAGE = Repository.parse("registry.test/haoshuwei24/guestbook")
SOURCE = "https://git.test/haoshuwei24/guestbook.git"
POLICY = {
    "image-list": f"guestbook={IMAGE}",
    "guestbook.helm.image-name": "frontend.image.repository",
    "guestbook.helm.image-tag": "frontend.image.tag",
}


def renders(root: Path) -> None:
    """Print what a render costs, with each tool."""
    # As argocd-cmp-server unpacks a request, so that kustomize needs no copy.
    repository = root / "_cmp_server" / "uuid"
    shutil.copytree(PROJECT / "examples" / "guestbook", repository)
    index = f"file://{root / 'index'}"
    for path in ("helm", "kustomize"):
        _record(index, path)
        _compare(path, repository / path, index)


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
    times = interleaved(
        {
            "bare": partial(run, bare, folder, env),
            "render": partial(run, [generate_command()], folder, env),
            "python": partial(run, [[sys.executable, "-I", "-c", "pass"]], folder, env),
        }
    )
    medians = {name: statistics.median(values) for name, values in times.items()}
    own = medians["render"] - medians["bare"]
    print(
        f"{path:10} render {ms(medians['render'])}, {bare_name} {ms(medians['bare'])}: "
        f"ratio {medians['render'] / medians['bare']:.2f}, own cost {ms(own)} "
        f"(of which starting Python {ms(medians['python'])}); {RUNS} interleaved runs, medians"
    )


def _record(index: str, path: str) -> None:
    """Write what the refresher would have written for v4."""
    decided = Recorded("d-bench", IMAGE, "v4", "", "semver", "semver", NOW, "newest")
    source = SourceRecord(SourceId(SOURCE, path, "", "main"), POLICY, {}, {"guestbook": decided})
    store = open_index(index)
    store.put_application(ApplicationRecord(path, f"argocd/{path}", (source,)))
    store.put_manifest(Manifest("bench", 1, datetime.now(UTC), complete=True))  # noqa: TID251
