"""The guestbook of examples/ in a repository of its own, its images in a real registry."""

import json
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.cli import PROJECT, TOOLS, as_argo_cd, cmp
from tests.support.images import push_image
from tests.support.registry import RegistryServer

REPO_URL = "https://git.test/haoshuwei24/guestbook.git"
PREFIX = "argocd-image-updater.argoproj.io/"


@dataclass(frozen=True, slots=True)
class Guestbook:
    """A checkout, an index and a place in a registry that no other test uses."""

    root: Path
    registry: RegistryServer
    namespace: str
    repo_url: str = REPO_URL
    """What its Applications call the repository."""
    store: Path | None = None
    """Where the index is, when it is shared with others."""

    @classmethod
    def create(cls, folder: Path, registry: RegistryServer) -> "Guestbook":
        """Copy the example into ``folder``, with the registry's host for the made-up one."""
        guestbook = cls(folder, registry, f"t{uuid.uuid4().hex[:10]}")
        shutil.copytree(PROJECT / "examples" / "guestbook", guestbook.repository)
        for file in guestbook.repository.rglob("*.yaml"):
            text = file.read_text().replace("haoshuwei24/guestbook", f"{guestbook.namespace}/app")
            text = text.replace("library/redis", f"{guestbook.namespace}/redis")
            file.write_text(text.replace("registry.test", registry.host))
        for name in ("application.yaml", "application-plugin.yaml", "application-kustomize.yaml"):
            (guestbook.repository / name).unlink()
        return guestbook

    @property
    def repository(self) -> Path:
        return self.root / "repository"

    @property
    def index(self) -> Path:
        return self.store or self.root / "index"

    @property
    def index_url(self) -> str:
        return f"file://{self.index}"

    @property
    def image(self) -> str:
        """The guestbook's repository, as its manifests have it."""
        return f"{self.registry.host}/{self.namespace}/app"

    @property
    def redis(self) -> str:
        return f"{self.registry.host}/{self.namespace}/redis"

    def plain_directory(self) -> None:
        """Copy the manifests of ``kustomize`` to ``directory``, without the kustomization."""
        shutil.copytree(self.repository / "kustomize", self.repository / "directory")
        (self.repository / "directory" / "kustomization.yaml").unlink()

    def push(self, *tags: str, repository: str = "app", created: str = "") -> None:
        """Push images; without ``created`` each is a day older than the one before."""
        for number, tag in enumerate(tags):
            time = created or f"2026-01-{28 - number:02d}T00:00:00Z"
            push_image(
                self.registry.url, f"{self.namespace}/{repository}", tag, created=time, salt=tag
            )

    def manifest(
        self,
        annotations: Mapping[str, str],
        *,
        path: str = "helm",
        parameters: list[dict[str, Any]] | None = None,
        name: str = "guestbook",
        native: Mapping[str, Any] | None = None,
        **spec: Any,
    ) -> dict[str, Any]:
        """Return an Application of our plugin, with ``spec`` in its spec.

        Or a ``native`` one, with this in its source: ``{"helm": {…}}``.
        """
        ours = {"plugin": {"name": "image-cmp", "parameters": parameters or []}}
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {
                "name": name,
                "namespace": "argocd",
                "annotations": {f"{PREFIX}{key}": value for key, value in annotations.items()},
            },
            "spec": {
                "project": "default",
                "source": {
                    "repoURL": self.repo_url,
                    "path": path,
                    "targetRevision": "main",
                    **(ours if native is None else native),
                },
                "destination": {
                    "server": "https://kubernetes.default.svc",
                    "namespace": "guestbook",
                },
                **spec,
            },
        }

    def application(self, annotations: Mapping[str, str], **options: Any) -> Path:
        """Write an Application as `manifest` returns it into a file, for the refresher."""
        manifest = self.manifest(annotations, **options)
        folder = self.root / "applications"
        folder.mkdir(exist_ok=True)
        file = folder / f"{manifest['metadata']['name']}.yaml"
        file.write_text(yaml.safe_dump(manifest))
        return file

    def refresh(self, status: int = 0) -> str:
        """Run one pass over all Applications written so far; return its log."""
        done = cmp(
            *("refresh", "--once", "--applications", str(self.root / "applications")),
            *("--store", self.index_url),
            cwd=self.root,
        )
        assert done.returncode == status, done.stderr
        return done.stderr

    def environment(
        self,
        *,
        path: str = "helm",
        parameters: list[dict[str, Any]] | None = None,
        name: str = "guestbook",
    ) -> dict[str, str]:
        """Return what Argo CD sets for one source (reference/argocd.md §1.5)."""
        return {
            "CMP_INDEX": self.index_url,
            "ARGOCD_APP_NAME": name,
            "ARGOCD_APP_NAMESPACE": "guestbook",
            "ARGOCD_APP_PROJECT_NAME": "default",
            "ARGOCD_APP_REVISION": "c" * 40,
            "ARGOCD_APP_SOURCE_REPO_URL": self.repo_url,
            "ARGOCD_APP_SOURCE_PATH": path,
            "ARGOCD_APP_SOURCE_TARGET_REVISION": "main",
            "ARGOCD_APP_PARAMETERS": json.dumps(parameters or []),
            "KUBE_VERSION": "1.30.2",
            "KUBE_API_VERSIONS": "apps/v1,apps/v1/Deployment,v1",
        }

    def generate(
        self,
        *,
        path: str = "helm",
        parameters: list[dict[str, Any]] | None = None,
        name: str = "guestbook",
        **env: str,
    ) -> "subprocess.CompletedProcess[str]":
        """Generate as argocd-cmp-server would."""
        environment = self.environment(path=path, parameters=parameters, name=name)
        return as_argo_cd(self.repository / path, {**environment, **env})

    def native(self, *values: str, path: str = "helm", name: str = "guestbook") -> str:
        """Return what ``helm template`` prints, called as Argo CD calls it natively."""
        argv = [str(TOOLS / "helm"), "template", ".", "--name-template", name]
        argv += ["--namespace", "guestbook", "--kube-version", "1.30.2"]
        for file in values:
            argv += ["--values", file]
        for version in ("apps/v1", "apps/v1/Deployment", "v1"):
            argv += ["--api-versions", version]
        return _output([*argv, "--include-crds"], self.repository / path)

    def native_kustomize(self, path: str = "kustomize") -> str:
        """Return what ``kustomize build`` prints."""
        return _output([str(TOOLS / "kustomize"), "build", "."], self.repository / path)


def _output(argv: list[str], cwd: Path) -> str:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def images(manifests: str) -> dict[str, str]:
    """Return the image of each Deployment's first container by the Deployment's name."""
    return {
        document["metadata"]["name"]: document["spec"]["template"]["spec"]["containers"][0]["image"]
        for document in yaml.safe_load_all(manifests)
        if document and document["kind"] == "Deployment"
    }
