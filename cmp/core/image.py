"""Image references, as the distribution specification and Docker's defaults read them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cmp.errors import InvalidImage

if TYPE_CHECKING:
    from typing import Self

DOCKER_HUB = "docker.io"
DOCKER_HUB_SPELLINGS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})

# Expressions are compiled where they are used first (and then cached by `re`): a render that
# uses a recorded decision needs but two of them.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
# Any algorithm and encoding (OCI image-spec, descriptor.md): a digest is handed on, not computed.
_DIGEST = r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+"


class Repository(NamedTuple):
    """Where an image lives. ``nginx`` equals ``docker.io/library/nginx``."""

    host: str
    path: str
    written: str
    """As its author spelt it: what goes back into a manifest. Two spellings are one place."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Repository) and self[:2] == other[:2]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:2])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a repository; raise `InvalidImage` with the part that is wrong."""
        host, path = _split_host(text)
        if not re.fullmatch(_HOST, host):
            raise InvalidImage(f"not a registry host: {host!r}", where=text)
        if not re.fullmatch(_PATH, path):
            raise InvalidImage(f"not a repository path: {path!r}", where=text)
        if host in DOCKER_HUB_SPELLINGS:
            host = DOCKER_HUB
            if "/" not in path:
                path = f"library/{path}"
        return cls(host, path, written=text)

    def __str__(self) -> str:
        return f"{self.host}/{self.path}"


def _split_host(text: str) -> tuple[str, str]:
    head, slash, rest = text.partition("/")
    if slash and (head == "localhost" or "." in head or ":" in head):
        return head, rest
    return DOCKER_HUB, text


class Image(NamedTuple):
    """One reference, as found in a manifest. ``str()`` gives back what was parsed."""

    repository: Repository
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference; raise `InvalidImage` with the part that is wrong."""
        name, at, digest = text.partition("@")
        if at and not is_digest(digest):
            raise InvalidImage(f"not a digest: {digest!r}", where=text)
        name, tag = split_tag(name)
        if tag is not None and not is_tag(tag):
            raise InvalidImage(f"not a tag: {tag!r}", where=text)
        return cls(Repository.parse(name), tag, digest or None)

    def __str__(self) -> str:
        return f"{self.repository.written}{reference_suffix(self.tag, self.digest)}"


def is_tag(text: str) -> bool:
    """Tell whether ``text`` may be a tag (distribution specification, "Pulling manifests")."""
    return re.fullmatch(_TAG, text) is not None


def is_digest(text: str) -> bool:
    """Tell whether ``text`` has the form of a digest (OCI image-spec, descriptor.md)."""
    return re.fullmatch(_DIGEST, text) is not None


def split_tag(text: str) -> tuple[str, str | None]:
    """Split ``host:5000/path:rest`` at the colon that is not a port's.

    ``rest`` may be a tag or a version constraint; it is None when there is no such colon.
    """
    colon = text.find(":")
    port, slash, _ = text[colon + 1 :].partition("/")
    if colon >= 0 and slash and port.isdecimal():
        colon = text.find(":", colon + 1)
    if text.startswith("["):  # an IPv6 host is full of colons
        colon = text.find(":", text.find("/"))
    return (text, None) if colon < 0 else (text[:colon], text[colon + 1 :])


def reference_suffix(tag: str | None, digest: str | None) -> str:
    """Return ``:tag``, ``@digest``, ``:tag@digest`` or nothing."""
    return (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
