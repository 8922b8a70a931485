"""Our own cost over bare helm and kustomize, with few images and with many."""

import statistics
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.measure import RUNS, interleaved, ms, run
from cmp.core.image import Repository
from cmp.core.record import ApplicationRecord, Recorded, SourceId, SourceRecord
from cmp.index import Manifest, open_index
from tests.support.cli import PATH, TOOLS, generate_command

NOW = datetime(2026, 1, 1, tzinfo=UTC)
URL = "https://git.test/team/app.git"
IMAGES = (1, 10, 100)
_HELM = """\
{{- range $name, $app := .Values }}
---
apiVersion: v1
kind: Pod
metadata: {name: {{ $name }}}
spec: {containers: [{name: app, image: "{{ $app.image.name }}:{{ $app.image.tag }}"}]}
{{- end }}
"""
_POD = """\
---
apiVersion: v1
kind: Pod
metadata: {name: %s}
spec: {containers: [{name: app, image: "%s:v1"}]}
"""


def renders(root: Path) -> None:
    """Print what a render costs, with each tool and each number of images."""
    # As argocd-cmp-server unpacks a request, so that kustomize needs no copy.
    repository = root / "_cmp_server" / "uuid"
    index = f"file://{root / 'index'}"
    for kind in ("helm", "kustomize"):
        for count in IMAGES:
            name = f"{kind}-{count}"
            write_source(kind, repository / name, count)
            record(index, kind, name, URL, count)
            _compare(kind, count, repository / name, index)


def write_source(kind: str, folder: Path, count: int) -> None:
    """Write a chart or a kustomization with that many Pods, each of an image of its own."""
    folder.mkdir(parents=True)
    names = {f"app{n}": str(_repository(n)) for n in range(count)}
    if kind == "helm":
        (folder / "templates").mkdir()
        (folder / "Chart.yaml").write_text("apiVersion: v2\nname: app\nversion: 1.0.0\n")
        lines = (f"{n}: {{image: {{name: {image}, tag: v1}}}}\n" for n, image in names.items())
        (folder / "values.yaml").write_text("".join(lines))
        (folder / "templates" / "pods.yaml").write_text(_HELM)
    else:
        (folder / "kustomization.yaml").write_text("resources: [pods.yaml]\n")
        (folder / "pods.yaml").write_text("".join(_POD % item for item in names.items()))


def record(index: str, kind: str, name: str, url: str, count: int) -> None:
    """Write what the refresher would have written, with v4 for each image."""
    aliases = {f"app{n}": _repository(n) for n in range(count)}
    policy = {"image-list": ",".join(f"{alias}={image}" for alias, image in aliases.items())}
    if kind == "helm":
        policy |= {f"{alias}.helm.image-name": f"{alias}.image.name" for alias in aliases}
        policy |= {f"{alias}.helm.image-tag": f"{alias}.image.tag" for alias in aliases}
    decisions = {
        alias: Recorded(f"d-{alias}", image, "v4", "", "semver", "semver", NOW, "newest")
        for alias, image in aliases.items()
    }
    source = SourceRecord(SourceId(url, name, "", "main"), policy, {}, decisions)
    store = open_index(index)
    store.put_application(ApplicationRecord(name, f"argocd/{name}", (source,)))
    store.put_manifest(Manifest("bench", 1, datetime.now(UTC), complete=True))  # noqa: TID251


def _repository(number: int) -> Repository:
    return Repository.parse(f"registry.test/team/app{number}")


def _compare(kind: str, count: int, folder: Path, index: str) -> None:
    env = {
        "PATH": PATH,
        "HOME": str(folder),
        "CMP_INDEX": index,
        "ARGOCD_APP_NAME": folder.name,
        "ARGOCD_APP_SOURCE_REPO_URL": URL,
        "ARGOCD_APP_SOURCE_PATH": folder.name,
        "ARGOCD_APP_SOURCE_TARGET_REVISION": "main",
    }
    helm = [str(TOOLS / "helm"), "template", ".", "--name-template", "app", "--include-crds"]
    kustomize = [str(TOOLS / "kustomize"), "build", "."]
    images = [f"{_repository(n)}=*:v4" for n in range(count)]
    edit = [str(TOOLS / "kustomize"), "edit", "set", "image", *images]
    # What the job takes without us: setting an image in a kustomization is a process of its own.
    bare = [helm] if kind == "helm" else [edit, kustomize]
    bare_name = "bare helm template" if kind == "helm" else "bare kustomize edit and build"
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
        f"{kind:10} {count:3} images: render {ms(medians['render'])}, "
        f"{bare_name} {ms(medians['bare'])}: "
        f"ratio {medians['render'] / medians['bare']:.2f}, own cost {ms(own)} "
        f"(of which starting Python {ms(medians['python'])}); {RUNS} interleaved runs, medians"
    )
