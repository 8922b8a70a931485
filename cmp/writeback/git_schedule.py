"""When a batch is due, and when it may not be written: functions of values and the time."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self

from cmp.backoff import pause_s


class Limits(NamedTuple):
    """How often is written, and tried."""

    window_s: float = 5.0
    """How long others may join the first of a batch."""
    commits: int = 60
    """Of one branch, in `per_s`."""
    per_s: float = 3600.0
    loop_s: float = 900.0
    """How long the same content is not written again to where it was replaced."""
    attempts: int = 12
    """To push, while others push."""
    first_pause_s: float = 0.1
    longest_pause_s: float = 5.0
    first_retry_s: float = 5.0
    """Until a batch that failed is tried again."""
    longest_retry_s: float = 300.0


class Write(NamedTuple):
    """A commit of ours that has been pushed."""

    at_s: float
    contents: Mapping[str, str]
    """Path to the digest of what was written there."""


class History(NamedTuple):
    """What was written to one branch lately; the oldest first."""

    writes: tuple[Write, ...] = ()

    def with_write(self, write: Write, limits: Limits) -> Self:
        """Return the history with one more, without what no longer matters."""
        oldest_s = write.at_s - max(limits.per_s, limits.loop_s)
        kept = tuple(old for old in self.writes if old.at_s > oldest_s)
        return self._replace(writes=(*kept, write))

    def free_at_s(self, limits: Limits) -> float:
        """Return when one more commit is within the cap; may be in the past."""
        if len(self.writes) < limits.commits:
            return 0.0
        return self.writes[-limits.commits].at_s + limits.per_s

    def loops_at(
        self,
        contents: Mapping[str, str],
        present: Mapping[str, str],
        now_s: float,
        limits: Limits,
    ) -> str:
        """Return the path that would get what we wrote there before; empty for none.

        Not long ago it had it, and somebody put something else there: a person who reverted our
        commit, or another that writes the same place. Where what we wrote last still stands, or
        all is gone, it may have it once more: that is a rollback and its end, or a mistake.

        Args:
            contents: path to the digest of what is to be.
            present: path to the digest of what is there; empty where nothing is.
            now_s: the time.
            limits: how long is not long ago.
        """
        recent = [write for write in self.writes if write.at_s > now_s - limits.loop_s]
        for path, digest in contents.items():
            ours = [write.contents[path] for write in recent if path in write.contents]
            is_ours = bool(ours) and present[path] in (ours[-1], "")
            if ours.count(digest) > is_ours:
                return path
        return ""


def due_at_s(
    waiting_since_s: Iterable[float], limits: Limits, history: History, not_before_s: float = 0.0
) -> float:
    """Return when the batch that these wait for is due: later ones do not put it off."""
    first_s = min(waiting_since_s)
    return max(first_s + limits.window_s, history.free_at_s(limits), not_before_s)


def retry_pause_s(failures: int, limits: Limits) -> float:
    """Return how long a batch waits after so many failures in a row, 1 or more; jittered."""
    return pause_s(failures - 1, first_s=limits.first_retry_s, longest_s=limits.longest_retry_s)


def push_pause_s(rejections: int, limits: Limits) -> float:
    """Return how long to wait after so many rejected pushes in a row, 1 or more; jittered."""
    return pause_s(rejections - 1, first_s=limits.first_pause_s, longest_s=limits.longest_pause_s)
