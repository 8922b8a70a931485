"""What people tell the refresher of one image: a pin, a hold, a rollback.

Beside the policy, and before it (design §4): whoever says it need not own the Application's spec.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

PIN = "pin"
HOLD = "hold"
ROLLBACK = "rollback"
KINDS = (PIN, HOLD, ROLLBACK)

PERSON = "person"
"""In a record: a person's word led to it, and goes before policy and lock file."""


class Rejected(NamedTuple):
    """What was rolled back from."""

    tag: str
    digest: str = ""
    created: datetime | None = None
    """As in its decision, where tags are ordered by that."""


class Instruction(NamedTuple):
    """What one person said of one image."""

    kind: str
    by: str
    at: datetime
    tag: str = ""
    """What a pin names, and what a rollback goes back to."""
    digest: str = ""
    reason: str = ""
    until: datetime | None = None
    rejected: Rejected | None = None
    """Of a rollback: it ends with a candidate newer than this; without it by `release` alone."""

    def is_in_force(self, now: datetime) -> bool:
        """Tell whether its time has not run out."""
        return self.until is None or now < self.until

    @property
    def why(self) -> str:
        """What it does, who said it and why, in a few words."""
        said = {PIN: "pinned", HOLD: "on hold", ROLLBACK: "rolled back"}[self.kind]
        if self.rejected:
            said += f" from {self.rejected.tag}"
        until = f" until {self.until.isoformat()}" if self.until else ""
        return f"{said} by {self.by}{until}{f': {self.reason}' if self.reason else ''}"
