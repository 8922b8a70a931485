"""One Application that is being written to Git: what the engine was asked for it, and when."""

from dataclasses import dataclass, field
from typing import NamedTuple

from cmp.refresh.git_plan import GitWish
from cmp.refresh.wanted import Told, Wanted
from cmp.writeback.git_edit import Request

AGAIN_S = 15.0
"""After which a request that waits is looked at: its credential may be another by now."""


class Asked(NamedTuple):
    """A request that was given to the engine."""

    wish: GitWish
    request: Request

    @property
    def place(self) -> tuple[str, str]:
        """Where the engine has it: what is wanted of another branch leaves this one alone."""
        return self.request.place.address.identity, self.request.place.base


@dataclass(slots=True)
class Writing:
    """What is under way."""

    wish: Wanted
    """What it is to run; by the time that it is done that may be something else."""
    told: Told
    """What is remembered once all of it is done."""
    revisions: tuple[str, ...]
    """What Argo CD had compared it with."""
    asked_s: float
    asked: list[Asked] = field(default_factory=list)
    """What is not done yet."""
    is_refused: bool = False
    """Somebody has to change something first."""
    again_s: float = AGAIN_S
    """After which time it is asked for anew."""
    commits: tuple[str, ...] = ()

    def is_for(self, told: Told, revisions: tuple[str, ...], *, looks: bool) -> bool:
        """Tell whether it is under way already; what only ``looks`` does so at each commit."""
        is_current = self.revisions == revisions or not (looks or self.is_refused)
        return self.told == told and is_current

    def is_within(self, asked: list[Asked]) -> bool:
        """Tell whether all of it would be replaced by these requests."""
        return {one.place for one in self.asked} <= {one.place for one in asked}

    def take_changed(self, asked: list[Asked]) -> list[Asked]:
        """Put what is reached otherwise now in its place; return that.

        All else is with the engine still, which may be about to tell what became of it.
        """
        now = {one.wish.spot: one for one in asked}
        given = [now.get(one.wish.spot, one) for one in self.asked]
        pairs = list(zip(self.asked, given, strict=True))
        changed = [new for old, new in pairs if old.request.place != new.request.place]
        self.asked = [new if new in changed else old for old, new in pairs]
        return changed
