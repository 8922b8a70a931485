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
from tests.support.sshd import SshServer
from tests.support.token_server import Authority

USER, PASSWORD = "robot", "s3cret-of-git"
SECRET_TYPE = "argocd.argoproj.io/secret-type"
_NAME = "team/guestbook.git"


class GitSite:
    """One repository, where it is served, and the scene whose Applications come from there."""

    def __init__(
        self, scene: Scene, server: GitServer, bare: Bare, ssh: SshServer | None = None
    ) -> None:
        self.server = server
        self.bare = bare
        self.ssh = ssh
        self.url = ssh.url(bare.path) if ssh else f"{server.url}/{_NAME}"
        scene.guestbook = replace(scene.guestbook, repo_url=self.url)
        self.scene = scene

    @classmethod
    @contextmanager
    def serving(cls, scene: Scene, folder: Path) -> Iterator["GitSite"]:
        """Serve the guestbook's files over HTTP, to whoever knows the password."""
        bare = Bare(folder / _NAME, _files(scene.guestbook))
        with GitServer(folder, {USER: PASSWORD}) as server:
            yield cls(scene, server, bare)

    @classmethod
    @contextmanager
    def over_https(cls, scene: Scene, folder: Path) -> Iterator["GitSite"]:
        """Serve them with a certificate of an authority that Argo CD was told of."""
        bare = Bare(folder / _NAME, _files(scene.guestbook))
        authority, argocd = Authority(folder / "authority"), scene.argocd
        certificate = authority.file.read_text()
        # In a cluster the ConfigMap is mounted where repo-server reads the files.
        (argocd.repo_server.certificates / "127.0.0.1").write_text(certificate)
        with (
            GitServer(folder, {USER: PASSWORD}, certificate=authority.server("git")) as server,
            argocd.config_map("argocd-tls-certs-cm", {"127.0.0.1": certificate}),
        ):
            yield cls(scene, server, bare)

    @classmethod
    @contextmanager
    def over_ssh(cls, scene: Scene, folder: Path) -> Iterator["GitSite"]:
        """Serve the guestbook's files over SSH, to whoever has the key; all know the host's."""
        bare = Bare(folder / _NAME, _files(scene.guestbook))
        argocd = scene.argocd
        with GitServer(folder, {USER: PASSWORD}) as server, SshServer(folder / "ssh") as ssh:
            # In a cluster the ConfigMap is mounted where repo-server reads the file.
            argocd.repo_server.known_hosts.write_text(ssh.known_hosts)
            data = {"ssh_known_hosts": ssh.known_hosts}
            with argocd.config_map("argocd-ssh-known-hosts-cm", data):
                yield cls(scene, server, bare, ssh)

    @property
    def credential(self) -> dict[str, str]:
        """What opens the repository, as a Secret has it."""
        if self.ssh:
            return {"sshPrivateKey": self.ssh.key}
        # Else Argo CD's git asks for it through a program of its own, not among our tools.
        return {"username": USER, "password": PASSWORD, "forceHttpBasicAuth": "true"}

    @contextmanager
    def known_to_argocd(self, kind: str = "repository", url: str = "") -> Iterator[str]:
        """Have Argo CD open the repository, or with repo-creds those whose URL begins so."""
        data = {**self.credential, "type": "git", "url": url or self.url}
        with secret(self.scene.argocd, f"{kind}-guestbook", data, kind=kind) as path:
            yield path


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
