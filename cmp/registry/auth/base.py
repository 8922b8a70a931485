"""What a registry is asked with."""

from dataclasses import dataclass, field


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
