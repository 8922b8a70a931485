"""Where a server listens."""

import re
from typing import NamedTuple, Self

from cmp.errors import InvalidInput

_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]\s]*):(?P<port>[0-9]{1,5})")


class Address(NamedTuple):
    """Where to listen."""

    host: str
    """Empty: on all of the Pod's IPv4 addresses; ``::``: on all there are."""
    port: int
    """0: any that is free."""

    @classmethod
    def parse(cls, text: str, where: str) -> Self:
        """Read ``:8082`` or ``127.0.0.1:8082``; raise `InvalidInput` naming ``where``."""
        found = _ADDRESS.fullmatch(text)
        if not found or int(found["port"]) > 65535:  # noqa: PLR2004 - the highest there is
            raise InvalidInput(
                f"not an address to listen at: {text!r}; write :8082 or 127.0.0.1:8082",
                where=where,
            )
        return cls(found["host"].strip("[]"), int(found["port"]))
