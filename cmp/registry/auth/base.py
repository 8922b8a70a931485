"""What a registry is asked with."""

import re
from dataclasses import dataclass, field

OF_ITS_LIFE = 0.8
"""The part of a token's or credential's life after which another one is fetched."""

_LOOPBACK = re.compile(r"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Credential:
    """User and password for one registry."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Issued:
    """A credential, and for how long."""

    credential: Credential
    valid_s: float | None = None
    """From when it was issued; None for one that is good until it is changed or refused."""


def is_loopback(url: str) -> bool:
    """Tell whether ``url`` is this machine's, and no more than scheme, host and port."""
    return _LOOPBACK.fullmatch(url) is not None


def is_own(host: str, api_url: str) -> bool:
    """Tell whether ``api_url`` is the registry's own: a mirror's owner could use a token."""
    return api_url == f"https://{host}" or is_loopback(api_url)
