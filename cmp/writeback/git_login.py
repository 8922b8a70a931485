"""A credential as git takes it: in its environment and in private files, never as an argument.

User and password are asked for by git itself, which forgets them where a server sends it to
another host; our answer is for one host and path only. What git sends without asking (a
header) would go along, so there it follows nobody.
"""

import base64
import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

from cmp.errors import GitRefused
from cmp.writeback.git_address import Address
from cmp.writeback.git_credential import Credential

_ONE = '"$CMP_GIT_PATH"|"$CMP_GIT_PATH".git|"$CMP_GIT_PATH"/*|"$CMP_GIT_PATH".git/*'
_ALL = '"$CMP_GIT_PATH"*'
# gitcredentials(7), git-credential(1): what is asked for comes line by line.
_HELPER = (
    '!f() {{ test "$1" = get || return 0; while IFS="=" read -r key value; do case "$key" in '
    'protocol) p="$value";; host) h="$value";; path) a="$value";; esac; done; '
    'test "$p://$h" = "$CMP_GIT_ORIGIN" || return 0; case "$a" in {paths}) '
    'printf "username=%s\\npassword=%s\\nquit=1\\n" "$CMP_GIT_USERNAME" "$CMP_GIT_PASSWORD";; '
    "esac; }}; f"
)
_NOBODY = "x-access-token"  # as Argo CD names the owner of a token who has no name


class Trust(NamedTuple):
    """Whom Argo CD trusts: its ConfigMaps argocd-tls-certs-cm and argocd-ssh-known-hosts-cm."""

    certificates: str = ""
    """PEM, for this host; empty for what the system trusts."""
    known_hosts: str = ""


Setting = tuple[str, str]


@contextmanager
def login(
    folder: str, address: Address, credential: Credential, trust: Trust
) -> Iterator[Mapping[str, str]]:
    """Give the environment in which git reaches a repository; its files end with the block."""
    with tempfile.TemporaryDirectory(prefix="login-", dir=folder) as private:
        if address.scheme == "ssh":
            env, settings = _ssh(private, credential, trust), list[Setting]()
        elif address.scheme in ("http", "https"):
            env, settings = _http(private, address, credential, trust)
        else:
            env, settings = {}, []
        remote = [
            ("remote.origin.url", address.url),
            ("remote.origin.promisor", "true"),
            ("remote.origin.partialCloneFilter", "blob:none"),
        ]
        yield {
            "GIT_ALLOW_PROTOCOL": address.scheme,
            **env,
            **_proxies(address, credential),
            **configured([*remote, *settings]),
        }


def configured(settings: Sequence[Setting]) -> Mapping[str, str]:
    """Return the environment that tells git these settings (git-config(1), GIT_CONFIG_COUNT)."""
    env = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env


def _http(
    private: str, address: Address, credential: Credential, trust: Trust
) -> tuple[dict[str, str], list[Setting]]:
    env: dict[str, str] = {}
    settings: list[Setting] = []
    if credential.insecure:
        settings.append((f"http.{address.origin}/.sslVerify", "false"))
    elif trust.certificates:
        env["GIT_SSL_CAINFO"] = _file(private, "ca.pem", trust.certificates)
    if credential.client_certificate and credential.client_key:
        env["GIT_SSL_CERT"] = _file(private, "client.pem", credential.client_certificate)
        env["GIT_SSL_KEY"] = _file(private, "client.key", credential.client_key)
    user = credential.username or _NOBODY
    if credential.password and credential.force_basic:
        pair = base64.b64encode(f"{user}:{credential.password}".encode()).decode()
        settings += _header(address, f"Basic {pair}")
    elif credential.password:
        env |= {
            "CMP_GIT_ORIGIN": address.origin,
            "CMP_GIT_PATH": _scope(address, credential),
            "CMP_GIT_USERNAME": user,
            "CMP_GIT_PASSWORD": credential.password,
        }
        helper = _HELPER.format(paths=_ALL if credential.scope else _ONE)
        settings += [("credential.helper", ""), ("credential.helper", helper)]
    elif credential.bearer:
        settings += _header(address, f"Bearer {credential.bearer}")
    return env, settings


def _header(address: Address, value: str) -> list[Setting]:
    return [
        (f"http.{address.url}.extraHeader", f"Authorization: {value}"),
        ("http.followRedirects", "false"),
    ]


def _scope(address: Address, credential: Credential) -> str:
    """Return the path that a credential is for, without the slash that begins it."""
    if not credential.scope:
        return address.path.removeprefix("/").removesuffix(".git")
    # A template's case is not compared, git's is.
    return address.path[: len(urlsplit(credential.scope).path)].removeprefix("/")


def _ssh(private: str, credential: Credential, trust: Trust) -> dict[str, str]:
    if credential.proxy:
        raise GitRefused("a proxy for SSH is not supported; use HTTPS for this repository")
    hosts = _file(private, "known_hosts", trust.known_hosts)
    options = {
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "ConnectTimeout": "15",
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "2",
        "ControlMaster": "no",
        "ControlPath": "none",
        "UpdateHostKeys": "no",
        "GlobalKnownHostsFile": "/dev/null",
        "UserKnownHostsFile": "/dev/null" if credential.insecure else hosts,
        "StrictHostKeyChecking": "no" if credential.insecure else "yes",
    }
    argv = ["ssh", "-F", "/dev/null"]
    for option, value in options.items():
        argv += ["-o", f"{option}={value}"]
    if credential.ssh_key:
        argv += ["-i", _file(private, "key", credential.ssh_key.rstrip("\n") + "\n")]
    return {"GIT_SSH_COMMAND": shlex.join(argv), "GIT_SSH_VARIANT": "ssh"}


def _proxies(address: Address, credential: Credential) -> dict[str, str]:
    if not credential.proxy or address.scheme == "ssh":
        return {}
    return {
        "https_proxy": credential.proxy,
        "http_proxy": credential.proxy,
        "no_proxy": credential.no_proxy,
    }


def _file(private: str, name: str, content: str) -> str:
    path = os.path.join(private, name)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
    return path
