"""Where a repository is: a URL that git may be given, and how Argo CD compares two of them."""

import re
from collections.abc import Iterable
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit

from cmp.errors import InvalidInput, excerpt

REMOTE = frozenset({"https", "http", "ssh"})
"""The schemes of repositories elsewhere; ``file`` is for those who allow it."""
_SCP = re.compile(r"(?:([^/:@\s]+)@)?([A-Za-z0-9][A-Za-z0-9.-]*):(?!//)(\S+)")
_SSH = re.compile(r"(ssh://)?([^/:]*?)@[^@]+")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


class Address(NamedTuple):
    """A repository's address, without a password."""

    scheme: str
    user: str
    """Whom ssh logs in as."""
    host: str
    port: int
    """0 for that of the scheme."""
    path: str
    """With the slash that begins it."""

    @classmethod
    def parse(cls, url: str, schemes: Iterable[str] = REMOTE) -> Self:
        """Read a URL or ``user@host:path``; raise `InvalidInput` for what git is not to get."""
        shown = excerpt(without_userinfo(url))
        scp = _SCP.fullmatch(url)
        if scp and "://" not in url:
            parts = ("ssh", scp[1] or "", scp[2], 0, f"/{scp[3].lstrip('/')}")
        else:
            parts = _split(url, shown)
        address = cls(*parts)
        if address.scheme not in schemes:
            known = ", ".join(sorted(schemes))
            raise InvalidInput(
                f"no repository to write to: {shown}; its scheme is none of: {known}",
                where="git-repository",
            )
        odd = _CONTROL.search(url) or address.user.startswith("-") or len(address.path) < len("/x")
        if odd or (address.scheme != "file" and not _HOST.fullmatch(address.host)):
            raise InvalidInput(
                f"not the URL of a repository: {shown}; write it as https://host/owner/name.git",
                where="git-repository",
            )
        return address

    @property
    def origin(self) -> str:
        """``https://host:port``: whom a credential may be shown to."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """``host:port``, the port where it is written."""
        return f"{self.host}:{self.port}" if self.port else self.host

    @property
    def url(self) -> str:
        """What git is given; only ssh's user is in it."""
        user = f"{self.user}@" if self.user else ""
        return f"{self.scheme}://{user}{self.authority}{self.path}"

    @property
    def identity(self) -> str:
        """The same for every way to write the address."""
        return normalized(self.url)

    def __str__(self) -> str:
        return self.url


def _split(url: str, shown: str) -> tuple[str, str, str, int, str]:
    try:
        split = urlsplit(url)
        port = split.port or 0
    except ValueError:
        raise InvalidInput(f"not a URL: {shown}", where="git-repository") from None
    host = split.netloc.rpartition("@")[2]
    host = host.removesuffix(f":{port}") if port else host.removesuffix(":")
    user = unquote(split.username or "") if split.scheme == "ssh" else ""
    path = split.path.rstrip("/") + (f"?{split.query}" if split.query else "")
    return split.scheme.lower(), user, host, port, path


def userinfo(url: str) -> tuple[str, str]:
    """Return user and password that a URL holds; empty where it holds none."""
    try:
        split = urlsplit(url)
    except ValueError:
        return "", ""
    if split.scheme not in ("http", "https"):
        return "", ""
    return unquote(split.username or ""), unquote(split.password or "")


def without_userinfo(url: str) -> str:
    """Return a URL as it may be shown."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" if separator else url


def normalized(url: str) -> str:
    """Return a URL as Argo CD compares it (argo-cd, util/git.NormalizeGitURL); not to be used."""
    url = url.strip().lower()
    if _SSH.fullmatch(url):
        if not url.startswith("ssh://"):
            url = url.replace(":", "/", 1)
        url = url.removeprefix("ssh://")
    return url.removesuffix(".git")
