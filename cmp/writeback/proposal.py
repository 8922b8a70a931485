"""The pull request of one place: what is wanted of it, and what is known of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cmp.errors import CmpError
from cmp.writeback.git_edit import Request
from cmp.writeback.git_outcome import Outcome
from cmp.writeback.pull_request import PullRequest, RequestState
from cmp.writeback.request_text import Row


class Branch(NamedTuple):
    """What is asked to be merged into what."""

    base: str
    write: str
    tip: str
    """Its commit; empty where it is not there."""


class Begun(NamedTuple):
    """How a branch is to be written."""

    is_anew: bool
    """From the base, and not on top of what is there."""
    is_other: bool
    """Something else was wanted of it before."""
    declined: frozenset[str]
    """Applications whose wish people have refused: not to be written."""
    held: frozenset[str] = frozenset()
    """Those of them that a branch of others has all the same."""

    def kept(self, requests: Iterable[Request]) -> Sequence[Request]:
        """Return those that are to be written."""
        return [one for one in requests if one.update.name not in self.declined]


class Asked(NamedTuple):
    """What came of it."""

    state: RequestState
    url: str
    stale: Mapping[str, str] = {}
    """Branches that nobody needs any more, and the commits of ours they are at."""
    declined: Mapping[str, str] = {}
    """Applications whose wish people have refused, and the request that they closed."""
    done: frozenset[str] = frozenset()
    """Applications whose wish the base has."""

    def told(self, outcome: Outcome) -> Outcome:
        """Return an outcome with what came of its Application's wish, and where to see it."""
        name, state, url = outcome.request.update.name, self.state, self.url
        if outcome.error:
            return outcome
        if name in self.declined:
            state, url = RequestState.DECLINED, self.declined[name]
        elif name in self.done:
            state, url = RequestState.DONE, url if state is RequestState.DONE else ""
        return outcome._replace(request_state=state, request_url=url)


Wishes = frozenset[tuple[str, ...]]
Key = tuple[str, Wishes]
"""Where a branch is, and what is wanted of it."""


@dataclass(slots=True)
class Proposal:
    """What is known of a request; lives as long as the process."""

    wish: PullRequest
    wishes: dict[str, Request] = field(default_factory=dict)
    """By Application, what the branch is to have."""
    left: set[str] = field(default_factory=set)
    """Applications that want nothing of it any more."""
    rows: tuple[Row, ...] = ()
    """What the request has."""
    whys: dict[str, str] = field(default_factory=dict)
    ours: str = ""
    """The commit up to which the branch is ours."""
    is_begun: bool = False
    """It was us who made it."""
    is_sweeping: bool = False
    """Requests that this one supersedes may be open still."""
    is_over: bool = False
    """It was looked, and there is no open request."""
    refused: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    """What people closed since they last merged, and where."""
    last_url: str = ""
    """The newest request there is, open or not."""
    settled: tuple[Key, Asked] | None = None
    commits: dict[str, str] = field(default_factory=dict)
    """By Application, what was pushed while the forge did not answer."""
    told: str = ""
    """The failure that was told."""

    def news(self, error: CmpError, outcomes: Iterable[Outcome]) -> Sequence[Outcome]:
        """Return those whose failure is to be told: once, and again where more was pushed."""
        is_other, self.told = str(error) != self.told, str(error)
        outcomes = tuple(outcomes)
        self.commits |= {one.request.update.name: one.commit for one in outcomes if one.commit}
        return [one for one in outcomes if is_other or one.commit]

    def at_last(self, outcome: Outcome) -> Outcome:
        """Return an outcome with the commit of a time when the forge did not answer."""
        pushed = self.commits.pop(outcome.request.update.name, "")
        return outcome._replace(commit=outcome.commit or pushed)

    def take(self, request: Request) -> None:
        """Want something of it."""
        self.wishes[request.update.name] = request
        self.left.discard(request.update.name)

    def note_open(self) -> None:
        """Note that all that is wanted is asked for: once, whatever becomes of it."""
        self.wishes = {n: one._replace(is_new=False) for n, one in self.wishes.items()}

    def withdraw(self, application: str) -> None:
        """Take out what an Application wanted of it."""
        if self.wishes.pop(application, None):
            self.left.add(application)
            self.settled = None
