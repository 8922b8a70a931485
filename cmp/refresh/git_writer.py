"""Writing decisions to Git for Applications that ask for it, and what comes of that.

Argo CD needs no more than to look at the branch again: what is committed it syncs as ever.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from queue import Empty, SimpleQueue

from cmp.core.keys import WRITE_BACK_METHOD
from cmp.errors import CmpError, IndexTorn
from cmp.refresh.basis import Basis
from cmp.refresh.git_access import Asker, GitAccess
from cmp.refresh.git_explained import explained
from cmp.refresh.git_plan import GitWish, Known, git_wishes, place_in_git
from cmp.refresh.git_reports import GitReports
from cmp.refresh.git_writing import AGAIN_S, Asked, Writing
from cmp.refresh.instruments import Instruments
from cmp.refresh.observed import Observed
from cmp.refresh.projects import Project
from cmp.refresh.running import is_there
from cmp.refresh.wanted import Told, Wanted
from cmp.refresh.watched import Name
from cmp.refresh.wishes import Wishes
from cmp.writeback.git_edit import Place, Request
from cmp.writeback.git_engine import GitEngine
from cmp.writeback.git_outcome import Outcome
from cmp.writeback.pull_request import RequestState

log = logging.getLogger(__name__)

_NAME = "git"
_LOOK_EVERY_S = 1.0
_REFUSED_AGAIN_S = 300.0
_END_WITHIN_S = 5.0
_TIDY_EVERY_S = 3600.0


class GitWriter:
    """Has the images of Applications written; one thread does it, the methods are for others."""

    def __init__(self, basis: Basis, control_plane: str, instruments: Instruments) -> None:
        """Prepare; `start` begins to work."""
        self._applications, self._projects = basis.applications, basis.projects
        self._state, self._reader = basis.state, basis.store
        self._access = GitAccess(basis.cluster, control_plane)
        self._reports = GitReports(basis.cluster, basis.applications, basis.heard, control_plane)
        self._control_plane = control_plane
        self._meter, self._health = instruments.meter, instruments.health
        self._lags = instruments.lags
        self._engine: GitEngine | None = None
        self._outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self._writing: dict[Name, Writing] = {}
        self._seen: dict[Name, tuple[str, frozenset[str]]] = {}
        """Of what was written: its decisions, and the commits in which it is known to stand."""
        self._awaited: set[Name] = set()
        """Whose images are committed, and were not seen to run yet."""
        self._wishes = Wishes()
        self.want = self._wishes.want
        self._tidied_s = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=_NAME, daemon=True)

    def start(self, engine: GitEngine) -> None:
        """Begin to work, in a thread; the engine is to give `take` what becomes of requests."""
        self._engine = engine
        self._thread.start()

    def take(self, outcome: Outcome) -> None:
        """Take in what became of a request."""
        self._outcomes.put(outcome)
        self._wishes.awake.set()

    def stop(self, *, leads: bool) -> None:
        """Begin nothing more; what is being pushed is finished first.

        Who does not lead any more leaves the state to the next, who sees what was pushed.
        """
        self._stopping.set()
        self._wishes.awake.set()
        if self._thread.is_alive():
            self._thread.join(_END_WITHIN_S)
        if self._engine:
            self._engine.stop()
        if leads and not (self._thread.is_alive() or self._outcomes.empty()):
            self._remember_soon()

    def _remember_soon(self) -> None:
        """Remember what was pushed until now; an API server that does not answer is not awaited."""
        last = threading.Thread(
            target=self._remember, args=(self._wishes.wanted,), name=_NAME, daemon=True
        )
        last.start()
        last.join(_END_WITHIN_S)

    def wake(self, name: Name) -> None:
        """Look again at an Application that has changed, if it is one of those written to Git."""
        if name in self._wishes.wanted:
            self._wishes.wake(name)

    @property
    def is_idle(self) -> bool:
        """Tell whether all is written that can be: what is left waits for people."""
        return self._wishes.is_idle

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._health.beat(_NAME)
            self._wishes.awake.wait(_LOOK_EVERY_S)
            wanted, changed = self._wishes.take()
            self._remember(wanted)
            self._forget(wanted)
            for name in changed & wanted.keys():
                self._health.beat(_NAME)
                self._look(name, wanted[name])
            self._tidy()
            self._meter.show("git_waiting", len(self._writing))
            is_idle = all(writing.is_refused for writing in self._writing.values())
            self._wishes.looked(wanted, is_idle=is_idle)

    def _tidy(self) -> None:
        now_s = time.monotonic()
        if self._engine and now_s - self._tidied_s > _TIDY_EVERY_S:
            self._tidied_s = now_s
            self._engine.tidy(now_s)

    def _remember(self, wanted: Mapping[Name, Wanted]) -> None:
        try:
            self._take_outcomes(wanted)
            self._state.save()
        except CmpError as error:
            log.warning("state not saved", extra={"reason": error})
            self._meter.count("store_errors_total", store="state")

    def _forget(self, wanted: Mapping[Name, Wanted]) -> None:
        for name in (self._writing.keys() | self._seen.keys()) - wanted.keys():
            self._withdraw(name)
            self._seen.pop(name, None)
            self._reports.forget(name)
        self._awaited &= wanted.keys()

    def _withdraw(self, name: Name) -> None:
        if self._writing.pop(name, None) and self._engine:
            self._engine.withdraw("/".join(name))

    def _look(self, name: Name, wish: Wanted) -> None:
        """Have an Application written, where it is not, or where somebody may have changed it."""
        app = self._applications.get(name)
        if app is None or app.is_deleted:
            return
        if name in self._awaited and _is_deployed(app, wish):
            self._awaited.remove(name)
            self._measure(wish)
        try:
            self._ask(name, app, wish)
        except CmpError as error:
            told = _told(app, wish)
            refused = Writing(wish, told, app.revisions, time.monotonic(), is_refused=True)
            self._withdraw(name)
            self._writing[name] = refused
            self._meter.count("git_writes_total", result="refused")
            self._reports.in_the_way(name, app, wish, error)
        except Exception:
            # A mistake of ours, about one Application; the others are not to wait.
            log.exception("not written to Git", extra={"application": app.application})

    def _ask(self, name: Name, app: Observed, wish: Wanted) -> None:
        told = _told(app, wish)
        known = self._known(app, told)
        before = known.told.decisions if known.told and known.is_here else None
        is_written = before == wish.decisions
        seen, commits = self._seen.get(name, ("", frozenset[str]()))
        if is_written and seen == wish.decisions and commits.issuperset(app.revisions):
            return
        writing, now_s = self._writing.get(name), time.monotonic()
        if writing and not writing.is_for(told, app.revisions, looks=is_written):
            writing = None
        if writing and now_s - writing.asked_s < writing.again_s:
            return
        # What is on a branch of its own, and was written, is for others to merge.
        wishes = [
            one
            for one in git_wishes(app, wish, known)
            if one.is_new or one.spot.is_base or one.spot.pull_request
        ]
        asked = [Asked(one, self._request(app, wish, one)) for one in wishes]
        if writing and not writing.is_refused:
            asked = writing.take_changed(asked)
            writing.asked_s = now_s
        else:
            self._leave_others(name, asked)
            if asked:
                self._writing[name] = Writing(wish, told, app.revisions, now_s, asked)
        for one in asked:
            if self._engine:
                self._engine.submit(one.request)

    def _leave_others(self, name: Name, asked: list[Asked]) -> None:
        """Have nothing written any more where it is no longer wanted."""
        before = self._writing.get(name)
        if before and not before.is_within(asked):
            self._withdraw(name)

    def _request(self, app: Observed, wish: Wanted, one: GitWish) -> Request:
        method = next(iter(wish.in_git.values())).get(WRITE_BACK_METHOD, "").strip()
        asker = Asker(app.application.namespace, app.project, method)
        project = self._projects.get((self._control_plane, app.project)) or Project()
        address, credential, trust = self._access.login(one.spot.url, asker, project)
        base, asks = one.spot.branches.base, one.spot.pull_request
        update = one.update
        if asks:
            update = update._replace(explain=self._explained(wish))
        place = Place(address, base, one.spot.written(update), credential, trust, asks)
        return Request(place, update, one.edit, is_new=one.is_new, is_said=one.is_said)

    def _explained(self, wish: Wanted) -> str:
        snapshots = {i.repository: self._reader.snapshot(i.repository) for i in wish.images}
        return explained(wish, snapshots)

    def _known(self, app: Observed, wanted: Told) -> Known:
        instance = app.application.instance(self._control_plane)
        told = self._state.told(instance)
        try:
            history = self._state.history(instance)
        except IndexTorn:
            history = {}
        own = told if told and told.uid == app.uid else None
        is_here = own is not None and own.in_git == wanted.in_git
        return Known(own, history, instance, is_here)

    def _take_outcomes(self, wanted: Mapping[Name, Wanted]) -> None:
        while True:
            try:
                outcome = self._outcomes.get_nowait()
            except Empty:
                return
            update = outcome.request.update
            name = (update.namespace, update.application)
            writing, app = self._writing.get(name), self._applications.get(name)
            if writing is None or app is None or name not in wanted:
                continue
            # Another may have taken its place.
            for asked in [one for one in writing.asked if one.request is outcome.request]:
                try:
                    self._take(name, app, asked, outcome)
                except CmpError:
                    raise
                except Exception:
                    # As above: it is asked again when it is looked at.
                    log.exception("outcome not taken in", extra={"application": app.application})
                    self._writing.pop(name, None)

    def _take(self, name: Name, app: Observed, asked: Asked, outcome: Outcome) -> None:
        writing, found = self._writing[name], asked.wish.edit.found
        wish = writing.wish
        if outcome.error:
            writing.is_refused |= outcome.again_s is None
            writing.again_s = _REFUSED_AGAIN_S if writing.is_refused else AGAIN_S
            result = "refused" if writing.is_refused else "failed"
            self._meter.count("git_writes_total", result=result)
            self._reports.in_the_way(name, app, wish, outcome.error)
            return
        writing.asked.remove(asked)
        result = "committed" if outcome.commit else "unchanged"
        result = "changed_by_others" if found.changed else result
        self._meter.count("git_writes_total", result=result)
        is_taken = not found.changed or self._reports.take_over(app, wish, found)
        if outcome.commit:
            writing.commits = (*writing.commits, outcome.commit)
            self._reports.committed(app, asked.wish, outcome)
            if not outcome.request.place.write:
                self._reports.refresh(app)
        if outcome.request_state is RequestState.DECLINED:
            self._reports.declined(app, asked.wish, outcome.request_url)
        if not is_taken:
            del self._writing[name]  # looked at anew
        elif not writing.asked:
            self._finish(name, app, writing)

    def _finish(self, name: Name, app: Observed, writing: Writing) -> None:
        del self._writing[name]
        self._reports.forget(name)
        commits = frozenset((*writing.revisions, *writing.commits))
        self._seen[name] = (writing.told.decisions, commits)
        if writing.commits:
            self._awaited.add(name)
        self._state.put_told(app.application.instance(self._control_plane), writing.told)

    def _measure(self, wish: Wanted) -> None:
        lag = self._lags.end(wish.decisions.split(","))
        self._meter.count("syncs_total", result="synced")
        if lag:
            self._meter.observe("lag_seconds", lag[0], since=lag[1])


def _told(app: Observed, wish: Wanted) -> Told:
    return replace(wish.told, uid=app.uid, in_git=place_in_git(app, wish))


def _is_deployed(app: Observed, wish: Wanted) -> bool:
    is_over = app.operation.is_over and app.sync_status == "Synced"
    return is_over and all(is_there(app, image) for image in wish.images)
