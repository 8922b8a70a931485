"""The pull request of one place: what is wanted of it, what the forge has, and what is to do.

The branch is ours: it is the base and one commit of all that is wanted, written anew where that
has changed. Where somebody else has committed to it, ours go on top.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

from cmp.errors import CmpError
from cmp.writeback.forges import Duplicate, Forge, Found, State
from cmp.writeback.git_edit import Request
from cmp.writeback.git_outcome import Outcome
from cmp.writeback.pull_request import PullRequest, RequestState
from cmp.writeback.request_text import Mark, Row, retired, rows_of, text, why_of, whys_in


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


_Key = tuple[str, frozenset[tuple[str, ...]]]


class Proposal:
    """What is known of a request; lives as long as the process."""

    def __init__(self, wish: PullRequest) -> None:
        self.wish = wish
        self.wishes: dict[str, Request] = {}
        """By Application, what the branch is to have."""
        self.commits: dict[str, str] = {}
        """By Application, what was pushed while the forge did not answer."""
        self.rows: tuple[Row, ...] = ()
        self.whys: dict[str, str] = {}
        self.ours = ""
        """The commit up to which the branch is ours."""
        self.is_begun = False
        """It was us who made it."""
        self.is_sweeping = False
        """Requests that this one supersedes may be open still."""
        self.settled: tuple[_Key, Asked] | None = None
        self.told = ""

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
        """Want something of it; without changes it is what was wanted before."""
        name, update = request.update.name, request.update
        before = self.wishes.get(name)
        if before and not update.changes:
            request = request._replace(update=update._replace(changes=before.update.changes))
        self.wishes[name] = request

    def withdraw(self, application: str) -> None:
        """Forget what an Application wanted of it."""
        self.wishes.pop(application, None)


class Round:
    """One attempt to bring a request about; the forge is asked once how it is, at most."""

    def __init__(
        self,
        proposal: Proposal,
        requests: Iterable[Request],
        forge: Callable[[], AbstractContextManager[Forge]],
    ) -> None:
        """Take the requests of a batch beside what is wanted already."""
        self.proposal = proposal
        self._forge = forge
        for request in requests:
            proposal.take(request)
        self.wishes = tuple(proposal.wishes.values())
        self._has_looked = False
        self._open: Found | None = None
        self._last: Found | None = None
        self._error: CmpError | None = None

    def begin(self, branch: Branch, wanted: Sequence[Request]) -> Begun:
        """Tell how to write what is wanted and not in the base yet."""
        proposal = self.proposal
        if not self._is_settled(branch, wanted) and (wanted or branch.tip):
            self._look(branch)
        declined: Mapping[str, str] = {}
        if self._has_looked:
            declined = self._declined(wanted)
        elif proposal.settled:
            declined = proposal.settled[1].declined
        names = {request.update.name for request in self.wishes}
        is_known = bool(proposal.rows) or self._open is None
        has_all = is_known and all(row.application in names for row in proposal.rows)
        is_anew = not branch.tip or (branch.tip == proposal.ours and has_all)
        kept = self._wishes(one for one in wanted if one.update.name not in declined)
        known = {row.wish for row in proposal.rows}
        return Begun(is_anew, bool(known) and known != kept, frozenset(declined))

    def pushed(self, before: str, commit: str, begun: Begun) -> None:
        """Note a push: the branch stays ours if it was, or if all of it is new."""
        proposal = self.proposal
        proposal.is_begun = begun.is_anew or proposal.is_begun
        proposal.ours = commit if begun.is_anew or before == proposal.ours else ""

    def settle(self, branch: Branch, wanted: Sequence[Request], gone: Iterable[str]) -> Asked:
        """Have the forge ask for what was written; raise `CmpError` where it could not be.

        Args:
            branch: as it is after the push.
            wanted: what the base has not, declined or not.
            gone: Applications whose wish the base has, or cannot take.
        """
        proposal = self.proposal
        if self._error:
            raise self._error
        if proposal.settled and self._is_settled(branch, wanted):
            return proposal.settled[1]
        for application in gone:
            proposal.withdraw(application)
        done = frozenset(gone)
        if not wanted and not branch.tip:
            asked = Asked(RequestState.DONE, "", done=done)
        else:
            with self._forge() as forge:
                self._looked(forge, branch)
                declined = self._declined(wanted)
                kept = [one for one in wanted if one.update.name not in declined]
                if kept:
                    asked = self._ask(forge, branch, kept, done | declined.keys())
                elif declined:
                    asked = Asked(RequestState.DECLINED, next(iter(declined.values())))
                else:
                    asked = self._end(forge, branch)
            asked = asked._replace(declined=declined, done=done)
        tip = "" if branch.write in asked.stale else branch.tip
        key = self._key(branch._replace(tip=tip), wanted)
        proposal.settled = key, asked._replace(stale={})
        proposal.told = ""
        return asked

    def _key(self, branch: Branch, wanted: Sequence[Request]) -> _Key:
        return branch.tip, frozenset(self._wishes(wanted))

    def _wishes(self, wanted: Iterable[Request]) -> set[tuple[str, ...]]:
        rows = self.proposal.rows
        return {row.wish for one in wanted for row in rows_of(one.update, rows)}

    def _is_settled(self, branch: Branch, wanted: Sequence[Request]) -> bool:
        settled = self.proposal.settled
        return settled is not None and settled[0] == self._key(branch, wanted)

    def _look(self, branch: Branch) -> None:
        """Ask the forge, once; that it does not answer is said after the push."""
        if self._has_looked or self._error:
            return
        try:
            with self._forge() as forge:
                self._looked(forge, branch)
        except CmpError as error:
            self._error = error

    def _looked(self, forge: Forge, branch: Branch) -> None:
        if self._has_looked:
            return
        found = forge.of_branch(branch.write, branch.base)
        self._has_looked = True
        self._open = next((one for one in found if one.state is State.OPEN), None)
        self._last = next((one for one in found if one.state is not State.OPEN), None)
        proposal = self.proposal
        latest = self._open or self._last
        mark = Mark.parse(latest.body) if latest else None
        if latest and mark and branch.tip:
            proposal.is_begun = proposal.is_begun or mark.is_begun
            # What was merged is lost to nobody, whoever it is from.
            is_merged = latest.state is State.MERGED and latest.head_commit == branch.tip
            if mark.tip == branch.tip or (is_merged and mark.is_begun):
                proposal.ours = branch.tip
        if self._open is None:
            proposal.rows = ()
        elif mark:
            proposal.rows = mark.rows or proposal.rows
            proposal.whys = whys_in(self._open.body) | proposal.whys

    def _declined(self, wanted: Sequence[Request]) -> Mapping[str, str]:
        """Return whose wish was in the request that people closed last, if none is open."""
        last = self._last
        if self._open or last is None or last.state is not State.CLOSED:
            return {}
        mark = Mark.parse(last.body)
        if mark is None or mark.is_retired:
            return {}
        refused = {row.wish for row in mark.rows}
        return {
            one.update.name: last.url
            for one in wanted
            if {row.wish for row in rows_of(one.update, mark.rows)} <= refused
        }

    def _ask(
        self, forge: Forge, branch: Branch, wanted: Sequence[Request], gone: frozenset[str]
    ) -> Asked:
        proposal = self.proposal
        names = {request.update.name for request in wanted} | gone
        rows = [row for row in proposal.rows if row.application not in names]
        for request in wanted:
            rows += rows_of(request.update, proposal.rows)
            if why := why_of(request.update):
                proposal.whys[request.update.name] = why
        rows.sort()
        tip = branch.tip if branch.tip == proposal.ours else ""
        says = text(Mark(tuple(rows), tip, proposal.is_begun), proposal.whys)
        if self._open is None:
            try:
                self._open = forge.open(branch.write, branch.base, says, proposal.wish.labels)
                proposal.is_sweeping = True
            except Duplicate:
                self._has_looked = False
                self._looked(forge, branch)
                if self._open is None:
                    raise
        mark = Mark.parse(self._open.body)
        # Without a mark it is what a person wrote.
        if mark and mark != Mark.parse(says.body):
            forge.update(self._open.number, says)
        proposal.rows = tuple(rows)
        stale = _superseded(forge, branch) if proposal.is_sweeping else {}
        proposal.is_sweeping = False
        return Asked(RequestState.OPEN, self._open.url, stale)

    def _end(self, forge: Forge, branch: Branch) -> Asked:
        """Close what has become pointless, and let go of the branch if it is ours."""
        if self._open and Mark.parse(self._open.body) is None:
            return Asked(RequestState.OPEN, self._open.url)  # a person's, and so is the branch
        if self._open:
            comment = (
                f"`{branch.base}` has all that was asked for here, or it is not wanted any more."
            )
            forge.close(self._open.number, retired(self._open.body), comment)
        is_ours = bool(branch.tip) and branch.tip == self.proposal.ours and self.proposal.is_begun
        latest = self._open or self._last
        stale = {branch.write: branch.tip} if is_ours else {}
        return Asked(RequestState.DONE, latest.url if latest else "", stale)


def _superseded(forge: Forge, branch: Branch) -> Mapping[str, str]:
    """Close our requests whose Applications all have a newer one; return their branches."""
    newer: dict[tuple[str, str], str] = {}
    stale: dict[str, str] = {}
    listed = sorted(forge.open_into(branch.base), key=lambda one: one.number, reverse=True)
    for found in listed:
        mark = Mark.parse(found.body)
        if mark is None or not mark.rows:
            continue
        owners = dict.fromkeys(row.owner for row in mark.rows)
        if found.head != branch.write and owners.keys() <= newer.keys():
            successors = " and ".join(dict.fromkeys(newer[owner] for owner in owners))
            forge.close(found.number, retired(found.body), f"Superseded by {successors}.")
            if mark.tip:
                stale[found.head] = mark.tip
        else:
            newer |= {owner: found.url for owner in owners if owner not in newer}
    return stale
