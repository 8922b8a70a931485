"""The guestbook's repository on a Git server with a password, as all of them find it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.support.argocd import ArgoCD
from tests.support.bare import Bare
from tests.support.git_server import GitServer
from tests.support.guestbook import Guestbook
from tests.support.scene import Scene

USER, PASSWORD = "robot", "s3cret-of-git"
SECRET_TYPE = "argocd.argoproj.io/secret-type"
_NAME = "team/guestbook.git"


class GitSite:
    """One repository, where it is served, and the scene whose Applications come from there."""

    def __init__(self, scene: Scene, server: GitServer, bare: Bare) -> None:
        self.server = server
        self.bare = bare
        self.url = f"{server.url}/{_NAME}"
        scene.guestbook = replace(scene.guestbook, repo_url=self.url)
        self.scene = scene

    @classmethod
    @contextmanager
    def serving(cls, scene: Scene, folder: Path) -> Iterator["GitSite"]:
        """Serve the guestbook's files, to whoever knows the password."""
        bare = Bare(folder / _NAME, _files(scene.guestbook))
        with GitServer(folder, {USER: PASSWORD}) as server:
            yield cls(scene, server, bare)

    @contextmanager
    def known_to_argocd(self, kind: str = "repository", url: str = "") -> Iterator[None]:
        """Have Argo CD know the password for the repository, or for those whose URL begins so."""
        # Else its git asks for it through a program of Argo CD's that is not among our tools.
        data = {"username": USER, "password": PASSWORD, "forceHttpBasicAuth": "true"}
        data |= {"type": "git", "url": url or self.url}
        with secret(self.scene.argocd, f"{kind}-guestbook", data, kind=kind):
            yield


@contextmanager
def secret(
    argocd: ArgoCD, name: str, data: dict[str, str], *, kind: str = "", namespace: str = ""
) -> Iterator[str]:
    """Have a Secret there, of Argo CD's own where a ``kind`` is given; yield its path."""
    folder = f"/api/v1/namespaces/{namespace or argocd.namespace}/secrets"
    labels = {SECRET_TYPE: kind} if kind else {}
    manifest = {"metadata": {"name": name, "labels": labels}, "stringData": data}
    argocd.kubernetes.post(folder, manifest)
    try:
        yield f"{folder}/{name}"
    finally:
        argocd.kubernetes.delete(f"{folder}/{name}")


def _files(guestbook: Guestbook) -> dict[str, str | bytes]:
    root = guestbook.repository
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file() and ".git" not in file.relative_to(root).parts
    }
