"""A repository with a kustomization in it, rendered by us and by the test's own calls."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cmp.core.injection import Choice
from cmp.core.record import SourceId
from cmp.renderers import Job
from cmp.renderers.kustomize import render
from cmp.settings import RenderRequest
from tests.support.cli import PATH, TOOLS

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: nginx-deployment, labels: {app: nginx, managed-by: helm}, annotations: {baz: quux}}
spec:
  replicas: 3
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec: {containers: [{name: nginx, image: "nginx:1.15.4"}]}
"""
STATEFUL_SET = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.test/web:1"}]}
"""
KUSTOMIZATION = "resources: [deployment.yaml, stateful-set.yaml]\n"
VARIABLES = {"ARGOCD_APP_NAME": "test-app", "ARGOCD_APP_SOURCE_PATH": "app"}
COMPONENT = """\
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
commonAnnotations: {%s: 'yes'}
"""


def repository(
    folder: Path, kustomization: str = KUSTOMIZATION, files: Mapping[str, str] | None = None
) -> Path:
    """Write a repository as argocd-cmp-server unpacks it; return its root."""
    root = folder / "_cmp_server" / "uuid"
    contents = {
        "app/kustomization.yaml": kustomization,
        "app/deployment.yaml": DEPLOYMENT,
        "app/stateful-set.yaml": STATEFUL_SET,
        "components/one/kustomization.yaml": COMPONENT % "one",
        "components/two/kustomization.yaml": COMPONENT % "two",
        **(files or {}),
    }
    for name, content in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def job(
    root: Path,
    parameters: Mapping[str, Any] | None = None,
    *choices: Choice,
    path: str = "app",
    env: Mapping[str, str] | None = None,
    **request: Any,
) -> Job:
    defaults: dict[str, Any] = {
        "instance": "test-app",
        "namespace": "",
        "kube_version": "",
        "api_versions": (),
        "source": SourceId("https://git.test/x.git", path),
        "parameters": {f"kustomize.{name}": value for name, value in (parameters or {}).items()},
        "variables": VARIABLES,
    }
    environment = {"PATH": PATH, "HOME": str(root.parent), **(env or {})}
    wanted = RenderRequest(**{**defaults, **request})
    return Job(str(root / path), str(root), wanted, choices, environment)


def rendered(asked: Job) -> list[Any]:
    """Render with us."""
    return list(yaml.safe_load_all(render(asked)))


def kustomize(folder: Path, *arguments: str) -> str:
    """Call kustomize ourselves."""
    done = subprocess.run(
        [str(TOOLS / "kustomize"), *arguments],
        cwd=folder,
        env={"PATH": PATH, "HOME": str(folder), **VARIABLES},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def spy(folder: Path, log: Path) -> str:
    """Return a PATH of stand-ins that write down how they are called and become the tools."""
    folder.mkdir()
    for tool in ("kustomize", "helm", "git"):
        stand_in = folder / tool
        real = TOOLS / tool if (TOOLS / tool).exists() else Path("/usr/bin") / tool
        stand_in.write_text(f'#!/bin/sh\necho {tool} "$@" >> {log}\nexec {real} "$@"\n')
        stand_in.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"
