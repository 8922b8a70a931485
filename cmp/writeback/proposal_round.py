"""Bringing a pull request about: how to write its branch, and what to have the forge do.

The branch is ours: it is the base and one commit of all that is wanted, written anew where that
has changed. Where somebody else has committed to it, ours go on top.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from cmp.errors import CmpError
from cmp.writeback.forges import Duplicate, Forge, Found, State
from cmp.writeback.git_edit import Request
from cmp.writeback.proposal import Asked, Begun, Branch, Key, Proposal, Wishes
from cmp.writeback.pull_request import RequestState
from cmp.writeback.request_text import Mark, Row, retired, rows_of, text, why_of, whys_in


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
        if not self._settled(branch, wanted) and (wanted or branch.tip):
            self._look(branch)
        declined = self._declined(wanted)
        names = {request.update.name for request in self.wishes} | proposal.left
        is_known = bool(proposal.rows) or self._open is None
        has_all = is_known and all(row.application in names for row in proposal.rows)
        is_anew = not branch.tip or (branch.tip == proposal.ours and has_all)
        kept = self._wishes(one for one in wanted if one.update.name not in declined)
        known = _wishes(proposal.rows)
        return Begun(is_anew, bool(known) and known != kept, frozenset(declined))

    def pushed(self, before: str, commit: str, begun: Begun) -> None:
        """Note a push: the branch stays ours if it was, or if all of it is new."""
        proposal = self.proposal
        proposal.is_begun = begun.is_anew or proposal.is_begun
        proposal.ours = commit if begun.is_anew or before == proposal.ours else ""

    def settle(
        self, branch: Branch, wanted: Sequence[Request], begun: Begun, gone: Iterable[str]
    ) -> Asked:
        """Have the forge ask for what was written; raise `CmpError` where it could not be.

        Args:
            branch: as it is after the push.
            wanted: what the base has not, declined or not.
            begun: how it was written.
            gone: Applications whose wish the base has, or cannot take.
        """
        proposal = self.proposal
        if self._error:
            raise self._error
        if settled := self._settled(branch, wanted):
            return settled
        for application in gone:
            proposal.wishes.pop(application, None)
        done = frozenset(gone)
        if not wanted and not branch.tip:
            asked = Asked(RequestState.DONE, "", done=done)
        else:
            with self._forge() as forge:
                self._looked(forge, branch)
                declined = dict.fromkeys(begun.declined, proposal.last_url)
                declined |= self._declined(wanted)
                kept = [one for one in wanted if one.update.name not in declined]
                if kept:  # what is said of a branch is to be all that it has
                    declined = {n: url for n, url in declined.items() if n not in begun.held}
                    kept = [one for one in wanted if one.update.name not in declined]
                if kept:
                    asked = self._ask(forge, branch, kept, done | declined.keys())
                elif declined:
                    asked = Asked(RequestState.DECLINED, next(iter(declined.values())))
                else:
                    asked = self._end(forge, branch)
            asked = asked._replace(declined=declined, done=done)
        proposal.settled = self._key(branch, wanted), asked._replace(stale={})
        proposal.told = ""
        return asked

    def deleted(self, branch: Branch) -> None:
        """Note that a branch is gone: it is settled without it, too."""
        settled = self.proposal.settled
        if settled and settled[0][0] == branch.tip:
            self.proposal.settled = self._key(branch._replace(tip=""), ()), settled[1]

    def _key(self, branch: Branch, wanted: Sequence[Request]) -> Key:
        return branch.tip, self._wishes(wanted)

    def _wishes(self, wanted: Iterable[Request]) -> Wishes:
        rows = self.proposal.rows
        return _wishes(row for one in wanted for row in rows_of(one.update, rows))

    def _settled(self, branch: Branch, wanted: Sequence[Request]) -> Asked | None:
        """Return what came of it the last time, if nothing has changed since."""
        settled = self.proposal.settled
        return settled[1] if settled and settled[0] == self._key(branch, wanted) else None

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
        proposal.refused = dict(_refused(found))
        proposal.last_url = latest.url if latest else ""
        proposal.is_over = self._open is None
        if self._open is None:
            proposal.rows = ()
        elif mark:
            proposal.rows = mark.rows or proposal.rows
            proposal.whys = whys_in(self._open.body) | proposal.whys

    def _declined(self, wanted: Sequence[Request]) -> Mapping[str, str]:
        """Return whose wish people closed, or ended otherwise and was not asked for anew; where."""
        proposal = self.proposal
        asked = () if proposal.is_over else _wishes(proposal.rows)
        declined: dict[str, str] = {}
        for one in wanted:
            wishes = [wish for wish in self._wishes([one]) if wish not in asked]
            urls = [proposal.refused.get(wish, "") for wish in wishes]
            if urls and all(urls):
                declined[one.update.name] = urls[0]
            elif proposal.is_over and not one.is_new:
                declined[one.update.name] = proposal.last_url
        return declined

    def _ask(
        self, forge: Forge, branch: Branch, wanted: Sequence[Request], gone: frozenset[str]
    ) -> Asked:
        proposal = self.proposal
        names = {request.update.name for request in wanted} | gone | proposal.left
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
        proposal.rows, proposal.is_over = tuple(rows), False
        proposal.note_open()
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


def _wishes(rows: Iterable[Row]) -> Wishes:
    return frozenset(row.wish for row in rows)


def _refused(found: Iterable[Found]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what people closed since they last merged, and where; of requests, the newest first."""
    for one in found:
        if one.state is State.MERGED:
            return
        mark = Mark.parse(one.body)
        if one.state is State.CLOSED and mark and not mark.is_retired:
            yield from ((row.wish, one.url) for row in mark.rows)


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
            if mark.tip and mark.is_begun:
                stale[found.head] = mark.tip
        else:
            newer |= {owner: found.url for owner in owners if owner not in newer}
    return stale
