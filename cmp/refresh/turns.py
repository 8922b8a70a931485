"""When each repository is listed: on the interval, and at once where somebody says so.

No clock is read here: times are seconds that only go on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cmp.core.image import Repository

INTERVAL, CHANGE, PUSH = ("interval", "change", "push")
"""Why a repository is listed: it is its turn, an Application changed, it was touched."""

SOON_S = 10.0
"""No owner's change makes us list a repository more often than that."""
PUSHED_SOON_S = 1.0
"""Nor does a push: what comes meanwhile is one listing more, afterwards."""
_DAY_S = 24 * 3600.0
_QUIET, _ANNOUNCED = 2, 5
_ECHO_S = 60.0
"""One push is told several times, once for each of its platforms."""


class Due(NamedTuple):
    """A repository that is to be listed."""

    cause: str
    since_s: float
    """When it was touched, or the pass began."""


@dataclass(slots=True)
class _Turn:
    """One repository's."""

    known_s: float
    listed_s: float = float("-inf")
    passes: int = 0
    """Whole passes since it was listed."""
    changed_s: float | None = None
    """When a listing brought something new, while we looked."""
    announced: bool = False
    """It was listed then because of a push."""
    touched_s: float | None = None
    """When it was touched first, since it was listed."""
    not_before_s: float = float("-inf")
    """When it may be listed again though it failed."""

    def free_s(self) -> float:
        """Return when a touch has it listed."""
        return max(self.listed_s + PUSHED_SOON_S, self.not_before_s)


def passes_between(
    now_s: float, known_s: float, changed_s: float | None, *, announced: bool
) -> int:
    """Return on which pass after its last listing a repository is listed.

    Each pass, as long as nothing says that it may be less. One that has been quiet for a day
    costs its registry half. One whose last change, less than a day ago, was announced by a
    push, is known to be announced; a push that is not is found on the fifth pass at the latest,
    and from then on each pass lists.
    """
    since_s = now_s - (known_s if changed_s is None else changed_s)
    if since_s >= _DAY_S:
        return _QUIET
    return _ANNOUNCED if announced else 1


class Turns:
    """Whose turn it is; for one thread."""

    def __init__(self, interval_s: float) -> None:
        """Begin with nothing listed yet."""
        self._soon_s = min(SOON_S, interval_s / 2)
        self._turns: dict[Repository, _Turn] = {}

    def touch(self, touched: Mapping[Repository, float]) -> None:
        """Have these listed as soon as may be, of those that are known: when each was touched."""
        for repository, at_s in touched.items():
            turn = self._turns.get(repository)
            if turn and turn.touched_s is None:
                turn.touched_s = at_s

    @property
    def known(self) -> Iterable[Repository]:
        """All repositories there are."""
        return self._turns.keys()

    @property
    def next_s(self) -> float:
        """When the next that was touched may be listed."""
        waiting = (t.free_s() for t in self._turns.values() if t.touched_s is not None)
        return min(waiting, default=float("inf"))

    def know(self, repositories: Iterable[Repository], now_s: float) -> None:
        """Take in which repositories there are; what is known of others is forgotten."""
        self._turns = {r: self._turns.get(r) or _Turn(now_s) for r in repositories}

    def begin(
        self, changed: frozenset[Repository], now_s: float, *, whole: bool
    ) -> Mapping[Repository, Due]:
        """Return what a pass lists.

        Args:
            changed: repositories of Applications that are another than they were.
            now_s: the time.
            whole: it is the interval's.
        """
        due = {}
        for repository, turn in self._turns.items():
            turn.passes += whole
            is_recent = turn.listed_s > now_s - self._soon_s
            if turn.touched_s is not None and turn.free_s() <= now_s:
                due[repository] = Due(PUSH, turn.touched_s)
            elif is_recent:
                continue
            elif repository in changed:
                due[repository] = Due(CHANGE, now_s)
            elif whole and self._is_its(turn, now_s):
                due[repository] = Due(INTERVAL, now_s)
        return due

    def end(
        self,
        due: Mapping[Repository, Due],
        answered: frozenset[Repository],
        news: frozenset[Repository],
        now_s: float,
    ) -> None:
        """Take in what came of a pass.

        Args:
            due: what it was to list, as `begin` returned it.
            answered: those whose listing is whole.
            news: those that hold something else than before.
            now_s: the time.
        """
        for repository, (cause, _) in due.items():
            turn = self._turns[repository]
            turn.listed_s = now_s
            if repository in answered:
                turn.passes, turn.touched_s, turn.not_before_s = 0, None, float("-inf")
            else:
                turn.not_before_s = now_s + SOON_S  # a push is not lost with its first listing
            if repository in news:
                turn.changed_s, turn.announced = now_s, cause == PUSH
            elif cause == PUSH and now_s - (turn.changed_s or turn.known_s) > _ECHO_S:
                turn.announced = False  # the listing may be behind the push: look again soon

    def _is_its(self, turn: _Turn, now_s: float) -> bool:
        every = passes_between(now_s, turn.known_s, turn.changed_s, announced=turn.announced)
        return turn.passes >= every or turn.listed_s == float("-inf")
