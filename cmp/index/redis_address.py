"""Where a Redis is, and how to come in: the URL, and settings that keep secrets out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from cmp.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Address:
    """A Redis server and database, and who asks."""

    url: str
    """Without a user: what a person may see."""
    username: str
    password: str
    ca: str
    """A file with the certificates to trust, or empty for the system's."""

    @classmethod
    def parse(cls, url: str, env: Mapping[str, str]) -> Address:
        """Read a URL and what the settings add; raise `InvalidInput` without any secret."""
        parts = urlsplit(url)
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        try:
            port, host = parts.port, parts.hostname
        except ValueError:
            raise InvalidInput("its port is no number", where=shown) from None
        if not host:
            raise InvalidInput(f"no host; write {parts.scheme}://host:6379/0", where=shown)
        database = parts.path.strip("/")
        if parts.password is not None:
            raise InvalidInput(
                "a password in a URL is seen by everyone on the machine; "
                "give it in CMP_STORE_PASSWORD",
                where=shown,
            )
        if (database and not database.isdecimal()) or parts.query or parts.fragment:
            raise InvalidInput(f"write {parts.scheme}://host:port/NUMBER", where=shown)
        ca = env.get("CMP_STORE_CA", "")
        if ca and parts.scheme != "rediss":
            raise InvalidInput(
                "CMP_STORE_CA is of no use without TLS; write rediss://", where=shown
            )
        address = f"[{host}]" if ":" in host else host
        return cls(
            url=f"{parts.scheme}://{address}:{port or 6379}/{database or 0}",
            username=unquote(parts.username or "") or env.get("CMP_STORE_USERNAME", ""),
            password=env.get("CMP_STORE_PASSWORD", ""),
            ca=ca,
        )

    @property
    def options(self) -> dict[str, Any]:
        """What the client takes besides the URL."""
        options: dict[str, Any] = {
            "username": self.username or None,
            "password": self.password or None,
        }
        return options | ({"ssl_ca_certs": self.ca} if self.ca else {})

    def without_secrets(self, error: Exception) -> str:
        """Return what an error says, in one line."""
        said = " ".join(str(error).split()) or error.__class__.__name__
        return said.replace(self.password, "…") if self.password else said
