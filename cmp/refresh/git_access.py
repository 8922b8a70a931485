"""Where an Application's images go in Git, and as whom: read from the cluster, held to the rules.

Argo CD's own Secrets and ConfigMaps say whom it trusts and who it is; what an Application may
have of that is in `cmp.writeback.git_deputy`.
"""

import time
from base64 import b64decode
from collections.abc import Mapping
from typing import NamedTuple

from cmp.core.keys import WRITE_BACK_METHOD
from cmp.errors import CmpError, InvalidInput, InvalidPolicy
from cmp.refresh.cluster import Cluster, Missing, Object
from cmp.refresh.projects import Project
from cmp.refresh.registries import secrets_of
from cmp.writeback.git_address import Address, normalized
from cmp.writeback.git_credential import (
    REPOSITORY,
    SECRET_TYPE,
    TEMPLATE,
    Credential,
    RepositorySecret,
    chosen,
    credential,
    parse_secret,
)
from cmp.writeback.git_deputy import CredentialSource, refuse_repository, refuse_secret
from cmp.writeback.git_login import Trust

_SELECTOR = f"{SECRET_TYPE} in ({REPOSITORY},{TEMPLATE})"
_CERTIFICATES = "argocd-tls-certs-cm"
_KNOWN_HOSTS = "argocd-ssh-known-hosts-cm"
_KNOWN_HOSTS_KEY = "ssh_known_hosts"
_FRESH_S = 10.0
_ROLE = "apply kustomize/components/git-write-back, which has the Role"


class Asker(NamedTuple):
    """For whom Git is written."""

    namespace: str
    """The Application's."""
    project: str
    method: str
    """Its key ``write-back-method``."""


class Login(NamedTuple):
    """How one repository is reached."""

    address: Address
    credential: Credential
    trust: Trust


class _ArgoCD(NamedTuple):
    """What Argo CD has of repositories."""

    secrets: tuple[RepositorySecret, ...]
    unreadable: Mapping[str, CmpError]
    """By the URL that they are for."""
    certificates: Mapping[str, str]
    """PEM by host, without its port (argo-cd, util/cert GetCertificateForConnect)."""
    known_hosts: str


class GitAccess:
    """Reads credentials as they are now: each is read again after some seconds.

    Args:
        cluster: where the Secrets are.
        control_plane: the namespace of Argo CD's own.
    """

    def __init__(self, cluster: Cluster, control_plane: str) -> None:
        """Prepare; nothing is read yet."""
        self._cluster = cluster
        self._secret = secrets_of(cluster)
        self._control_plane = control_plane
        self._read_s = float("-inf")
        self._argocd: _ArgoCD | CmpError = _ArgoCD((), {}, {}, "")

    def login(self, url: str, asker: Asker, project: Project) -> Login:
        """Return how a repository is reached for an Application.

        Raises `InvalidInput` where it may not be, or cannot as things are written, and
        `ClusterFailed` where nothing can be read.
        """
        if not project.takes(asker.namespace, self._control_plane):
            raise InvalidPolicy(
                f"the project {asker.project} takes no Applications of the namespace "
                f"{asker.namespace}; add it to the AppProject's sourceNamespaces",
                where=WRITE_BACK_METHOD,
            )
        refuse_repository(url, asker.project, project.source_repos)
        address = Address.parse(url)
        source = CredentialSource.parse(asker.method, asker.namespace)
        argocd = self._current()
        if source.name:
            found = self._named(source)
        else:
            found = chosen(url, asker.project, argocd.secrets)
            error = _unreadable_for(url, argocd.unreadable)
            if found.is_empty and error:
                raise error
        trust = Trust(argocd.certificates.get(address.host, ""), argocd.known_hosts)
        return Login(address, found, trust)

    def _named(self, source: CredentialSource) -> Credential:
        where = f"Secret {source.namespace}/{source.name}"
        found = self._secret(source.namespace, source.name)
        refuse_secret(source, found.labels)
        made = credential(_texts(found.data), where=where)
        if made.is_empty:
            raise InvalidInput(
                "no credential in it; give username and password, bearerToken, sshPrivateKey or "
                "githubAppPrivateKey",
                where=where,
            )
        return made

    def _current(self) -> _ArgoCD:
        if time.monotonic() - self._read_s > _FRESH_S:
            try:
                self._argocd = self._read()
            except CmpError as error:
                self._argocd = error  # for all that ask now: each would wait for it
            self._read_s = time.monotonic()
        if isinstance(self._argocd, CmpError):
            raise self._argocd
        return self._argocd

    def _read(self) -> _ArgoCD:
        folder = f"/api/v1/namespaces/{self._control_plane}"
        secrets: list[RepositorySecret] = []
        unreadable: dict[str, CmpError] = {}
        try:
            found, _ = self._cluster.list(f"{folder}/secrets", labelled=_SELECTOR)
        except CmpError as error:
            error.message += f" ({_ROLE})"
            raise
        for manifest in found:
            metadata, data = manifest["metadata"], _data(manifest)
            try:
                secret = parse_secret(metadata["name"], metadata.get("labels") or {}, data)
            except InvalidInput as error:
                unreadable[data.get("url", "").strip()] = error
            else:
                secrets += [secret] if secret else []
        hosts = self._config_map(f"{folder}/configmaps/{_KNOWN_HOSTS}")
        return _ArgoCD(
            tuple(secrets),
            unreadable,
            self._config_map(f"{folder}/configmaps/{_CERTIFICATES}"),
            hosts.get(_KNOWN_HOSTS_KEY, ""),
        )

    def _config_map(self, path: str) -> Mapping[str, str]:
        try:
            return self._cluster.get(path).get("data") or {}
        except Missing:
            return {}


def _unreadable_for(url: str, unreadable: Mapping[str, CmpError]) -> CmpError | None:
    """Return what is wrong with a Secret that is for a repository, or for those like it."""
    wanted = normalized(url)
    for prefix, error in unreadable.items():
        if prefix and wanted.startswith(normalized(prefix)):
            return error
    return None


def _data(secret: Object) -> dict[str, str]:
    return _texts({key: b64decode(value) for key, value in (secret.get("data") or {}).items()})


def _texts(data: Mapping[str, bytes]) -> dict[str, str]:
    """Return a Secret's fields as text; one that is none is nothing that we read."""
    return {key: value.decode(errors="replace") for key, value in data.items()}
