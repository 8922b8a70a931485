"""What waits to be written to one repository, and what is known of it; others lock it."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from cmp.errors import CmpError
from cmp.writeback.forges.api import TooMany
from cmp.writeback.git_clone import Clone
from cmp.writeback.git_edit import Place, Request
from cmp.writeback.git_schedule import History, Limits, due_at_s, retry_pause_s
from cmp.writeback.proposal import Proposal


@dataclass(slots=True)
class _Waiting:
    """A request in its batch's window, or after a failure."""

    request: Request
    since_s: float


@dataclass(slots=True)
class Queue:
    """One repository."""

    folder: str
    clone: Clone
    waiting: dict[tuple[str, str], _Waiting] = field(default_factory=dict)
    """By base and Application: whatever branch it wanted before is no longer wanted."""
    histories: dict[tuple[str, str], History] = field(default_factory=dict)
    failures: dict[Place, tuple[int, float]] = field(default_factory=dict)
    """How many in a row, and until when it is not tried again."""
    capped: dict[Place, float] = field(default_factory=dict)
    """Until when it was told that the cap lets nothing through."""
    proposals: dict[Place, Proposal] = field(default_factory=dict)
    thread: threading.Thread | None = None
    used_s: float = 0.0

    def take(self, request: Request, now_s: float) -> None:
        """Take a request in the place of an earlier one, whose window goes on."""
        key = _key(request)
        before = self.waiting.get(key)
        self.waiting[key] = _Waiting(request, before.since_s if before else now_s)
        self._leave(request.update.name, request.place)

    def withdraw(self, application: str) -> None:
        """Forget what an Application wanted."""
        for key in [key for key in self.waiting if key[1] == application]:
            del self.waiting[key]
        self._leave(application, None)

    def drop(self, requests: Sequence[Request]) -> None:
        """Be done with requests, unless others have taken their place."""
        for request in requests:
            waiting = self.waiting.get(_key(request))
            if waiting and waiting.request is request:
                del self.waiting[_key(request)]

    def places(self) -> set[Place]:
        """Return where something waits to be written."""
        return {waiting.request.place for waiting in self.waiting.values()}

    def requests(self, place: Place) -> list[Request]:
        """Return what waits to be written to a place."""
        return [w.request for w in self.waiting.values() if w.request.place == place]

    def history(self, place: Place) -> History:
        """Return what was written to a place's branch."""
        return self.histories.get((place.base, place.write), History())

    def due_at_s(self, place: Place, limits: Limits) -> float:
        """Return when what waits for a place is due."""
        since_s = [w.since_s for w in self.waiting.values() if w.request.place == place]
        _, not_before_s = self.failures.get(place, (0, 0.0))
        return due_at_s(since_s, limits, self.history(place), not_before_s)

    def put_off(self, place: Place, error: CmpError, limits: Limits, now_s: float) -> float:
        """Return in how many seconds a place is tried again after a failure."""
        failures, _ = self.failures.get(place, (0, 0.0))
        again_s = retry_pause_s(failures + 1, limits)
        if isinstance(error, TooMany):
            again_s = max(again_s, error.again_s)
        self.failures[place] = failures + 1, now_s + again_s
        return again_s

    def _leave(self, application: str, place: Place | None) -> None:
        """Take an Application's wish out of all proposals but that of where it is now."""
        for other, proposal in list(self.proposals.items()):
            if other != place and (place is None or other.base == place.base):
                proposal.withdraw(application)
                if not proposal.wishes:
                    del self.proposals[other]


def _key(request: Request) -> tuple[str, str]:
    return request.place.base, request.update.name
