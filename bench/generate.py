"""What Argo CD waits for: GenerateManifest natively, through us, and through a bare shell."""

import statistics
import tempfile
from functools import partial
from pathlib import Path

from bench.measure import interleaved, ms
from bench.render import record, write_source
from tests.support.cli import TOOLS
from tests.support.git import commit_all
from tests.support.repo_server import RepoServer

_RUNS = 100
_SHELL = {
    "helm": 'helm template . --name-template "$ARGOCD_APP_NAME" --include-crds',
    "kustomize": "kustomize build .",
}


def generations() -> None:
    """Print p50 and p95 of each way, by tool."""
    with tempfile.TemporaryDirectory(prefix="cmp-bench-") as folder:
        root = Path(folder)
        with RepoServer.running(tools=TOOLS, root=root / "argocd") as server:
            for kind, command in _SHELL.items():
                server.start_plugin(_shell(kind, command))
                server.wait(f"shell-{kind}")
                write_source(kind, root / kind / kind, 1)
                commit_all(root / kind, "One image")
                url = f"file://{root / kind}"
                record(f"file://{server.index}", kind, kind, url, 1)
                _compare(kind, server, url)


def _compare(kind: str, server: RepoServer, url: str) -> None:
    source = {"repoURL": url, "path": kind, "targetRevision": "main"}
    ways = {
        "native": {**source, kind: {}},
        "bare shell plugin": {**source, "plugin": {"name": f"shell-{kind}"}},
        "image-cmp": {**source, "plugin": {"name": "image-cmp"}},
    }
    times = interleaved(
        {name: partial(server.generate, way, appName=kind) for name, way in ways.items()},
        runs=_RUNS,
    )
    p50 = {name: statistics.median(values) for name, values in times.items()}
    p95 = {name: statistics.quantiles(values, n=20)[-1] for name, values in times.items()}
    over = p50["image-cmp"] - p50["bare shell plugin"]
    said = ", ".join(f"{name} {ms(p50[name])} (p95 {ms(p95[name])})" for name in ways)
    print(
        f"{kind:10} GenerateManifest: {said}; at p50 image-cmp is {ms(over)} over the bare "
        f"shell plugin; {_RUNS} interleaved calls"
    )


def _shell(kind: str, command: str) -> dict[str, object]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ConfigManagementPlugin",
        "metadata": {"name": f"shell-{kind}"},
        "spec": {"generate": {"command": ["sh", "-c", command]}},
    }
