"""Credentials for Git as Argo CD's Secrets hold them: types ``repository`` and ``repo-creds``.

Fields: argo-cd, util/db/repository_secrets.go (secretToRepository, secretToRepoCred) and
docs/operator-manual/declarative-setup.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from cmp.errors import InvalidInput
from cmp.writeback.git_address import normalized, userinfo

SECRET_TYPE = "argocd.argoproj.io/secret-type"  # noqa: S105 - a label's name
REPOSITORY = "repository"
TEMPLATE = "repo-creds"
_TEXTS = {
    "username": "username",
    "password": "password",
    "bearerToken": "bearer",
    "sshPrivateKey": "ssh_key",
    "tlsClientCertData": "client_certificate",
    "tlsClientCertKey": "client_key",
    "githubAppPrivateKey": "github_app_key",
    "githubAppEnterpriseBaseUrl": "github_api",
    "proxy": "proxy",
    "noProxy": "no_proxy",
}
_NUMBERS = {"githubAppID": "github_app", "githubAppInstallationID": "github_installation"}
_YES = frozenset({"1", "t", "T", "TRUE", "true", "True"})  # Go, strconv.ParseBool
_NO = frozenset({"", "0", "f", "F", "FALSE", "false", "False"})
# What is one line of a protocol: more of it would be another field.
_ONE_LINE = (
    "username",
    "password",
    "bearerToken",
    "proxy",
    "noProxy",
    "githubAppEnterpriseBaseUrl",
)
_UNSUPPORTED = {
    "gcpServiceAccountKey": "a Google service account",
    "azureServicePrincipalClientId": "an Azure service principal",
    "useAzureWorkloadIdentity": "an Azure workload identity",
}


@dataclass(frozen=True, slots=True)
class Credential:
    """Whom Git is spoken to as. Its ``repr`` shows no secret."""

    username: str = ""
    password: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)
    force_basic: bool = False
    """Send user and password with the first request, without being asked."""
    ssh_key: str = field(default="", repr=False)
    github_app: int = 0
    github_installation: int = 0
    github_app_key: str = field(default="", repr=False)
    github_api: str = ""
    client_certificate: str = ""
    client_key: str = field(default="", repr=False)
    insecure: bool = False
    """Its owner wrote that neither certificates nor host keys are to be verified."""
    proxy: str = field(default="", repr=False)
    no_proxy: str = ""
    scope: str = ""
    """The prefix of URLs it is for, where it is a template; else empty, for one repository."""

    @property
    def is_empty(self) -> bool:
        """Tell whether it says nothing about who asks."""
        return not (self.password or self.bearer or self.ssh_key or self.github_app_key)


ANONYMOUS = Credential()


class RepositorySecret(NamedTuple):
    """One of Argo CD's Secrets, parsed."""

    name: str
    url: str
    project: str
    """The project it alone serves; empty for all."""
    is_template: bool
    credential: Credential


def credential(data: Mapping[str, str], *, where: str) -> Credential:
    """Return what a Secret's fields say; raise `InvalidInput` for what cannot be used."""
    for key in _ONE_LINE:
        if any(char in data.get(key, "") for char in "\r\n\0"):
            raise InvalidInput(
                f"{key} has a line break; write the Secret without one (echo -n)", where=where
            )
    for key, what in _UNSUPPORTED.items():
        if data.get(key, "") not in _NO:
            raise InvalidInput(
                f"{key}: {what} cannot write to Git here; give username and password, a token, "
                "an SSH key or a GitHub App",
                where=where,
            )
    texts = {name: data.get(key, "") for key, name in _TEXTS.items()}
    numbers = {name: _number(data, key, where) for key, name in _NUMBERS.items()}
    found = Credential(
        username=texts["username"],
        password=texts["password"],
        bearer=texts["bearer"],
        force_basic=_truth(data, "forceHttpBasicAuth", where),
        ssh_key=texts["ssh_key"],
        github_app=numbers["github_app"],
        github_installation=numbers["github_installation"],
        github_app_key=texts["github_app_key"],
        github_api=texts["github_api"].rstrip("/"),
        client_certificate=texts["client_certificate"],
        client_key=texts["client_key"],
        insecure=_truth(data, "insecure", where) or _truth(data, "insecureIgnoreHostKey", where),
        proxy=texts["proxy"],
        no_proxy=texts["no_proxy"],
    )
    if found.github_app_key and not found.github_app:
        raise InvalidInput("githubAppPrivateKey without githubAppID; add it", where=where)
    return found


def parse_secret(
    name: str, labels: Mapping[str, str], data: Mapping[str, str]
) -> RepositorySecret | None:
    """Return what one of Argo CD's Secrets says; None for a Secret of another kind, or not Git's.

    Raises `InvalidInput` with its name where its fields cannot be used.
    """
    kind = labels.get(SECRET_TYPE, "")
    if kind not in (REPOSITORY, TEMPLATE) or data.get("type", "git") not in ("", "git"):
        return None
    url = data.get("url", "").strip()
    if not url:
        raise InvalidInput("no url: nobody knows what it is for", where=f"Secret {name}")
    return RepositorySecret(
        name,
        url,
        data.get("project", "") if kind == REPOSITORY else "",
        kind == TEMPLATE,
        credential(data, where=f"Secret {name}"),
    )


def chosen(url: str, project: str, secrets: Iterable[RepositorySecret]) -> Credential:
    """Return what Argo CD uses for a repository in a project; `ANONYMOUS` for nothing.

    A repository's own Secret, first the project's, then one of all; a credential it has not
    comes from the template with the longest prefix, or else from the URL (argo-cd, util/db:
    getRepositorySecret, getRepositoryCredentialIndex, enrichCredsToRepo). A Secret of another
    project serves nobody else.
    """
    wanted = normalized(url)
    own: RepositorySecret | None = None
    template: RepositorySecret | None = None
    for secret in sorted(secrets, key=lambda one: one.name):
        if not secret.is_template:
            if normalized(secret.url) != wanted or secret.project not in ("", project):
                continue
            if own is None or (secret.project and not own.project):
                own = secret
        elif _covers(secret.url, url):
            longest = len(normalized(template.url)) if template else 0
            if len(normalized(secret.url)) > longest:
                template = secret
    if own and not own.credential.is_empty:
        return own.credential
    if template is None:
        return own.credential if own else _written(url)
    insecure = own.credential.insecure if own else template.credential.insecure
    return replace(template.credential, scope=template.url, insecure=insecure)


def _written(url: str) -> Credential:
    user, password = userinfo(url)
    return Credential(username=user, password=password) if password else ANONYMOUS


def _covers(prefix: str, url: str) -> bool:
    """Tell whether a template is for a URL: a prefix, but never of a host's name."""
    template, wanted = normalized(prefix), normalized(url)
    if not template or not wanted.startswith(template):
        return False
    host_ends = wanted.find("/", wanted.find("://") + 3 if "://" in wanted else 0)
    return host_ends < 0 or len(template) >= host_ends


def _number(data: Mapping[str, str], key: str, where: str) -> int:
    text = data.get(key, "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(2**63)) - 1:
        raise InvalidInput(f"{key} is no number", where=where)
    return int(text)


def _truth(data: Mapping[str, str], key: str, where: str) -> bool:
    text = data.get(key, "")
    if text not in _YES | _NO:
        raise InvalidInput(f"{key} is neither true nor false", where=where)
    return text in _YES
