"""One writer for each repository: requests wait for their batch, batches for their turn.

A request stays until it is written, found to be there already, or refused; what failed for
all is tried again by itself. A later request of the same Application takes its place.
"""

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from cmp.errors import CmpError, GitFailed, ToolFailed
from cmp.writeback.forges import Access, opened
from cmp.writeback.git import Git, Stopped
from cmp.writeback.git_clone import Clone
from cmp.writeback.git_credential import Credential
from cmp.writeback.git_edit import Place, Request
from cmp.writeback.git_login import login
from cmp.writeback.git_outcome import Batch, Outcome
from cmp.writeback.git_queue import Queue
from cmp.writeback.git_reason import failed
from cmp.writeback.git_schedule import Limits
from cmp.writeback.git_signing import Signing, SigningKey, prepared
from cmp.writeback.git_writer import Style, Writer
from cmp.writeback.github_app import GithubApps
from cmp.writeback.proposal import Proposal
from cmp.writeback.proposal_round import Round

log = logging.getLogger(__name__)

_IDLE_S = 24 * 3600.0
_AT_ONCE = 4
_GRACE_S = 10.0


class Options(NamedTuple):
    """What the refresher is told of Git, as values."""

    limits: Limits = Limits()
    style: Style = Style()
    signing: SigningKey | None = None
    at_once: int = _AT_ONCE
    """Repositories that are written at the same time."""


class GitEngine:
    """Writes what it is asked to; its methods may be called by any thread.

    Args:
        folder: where ``cmp-git`` goes, with all that is written to disk; what an earlier life
            left of it is removed.
        env: for PATH and proxies.
        observe: is told what became of each request; not to block, called by several threads.
    """

    def __init__(
        self,
        folder: str,
        env: Mapping[str, str],
        options: Options,
        observe: Callable[[Outcome], None],
    ) -> None:
        self._folder = os.path.join(os.path.abspath(folder), "cmp-git")
        shutil.rmtree(self._folder, ignore_errors=True)
        os.makedirs(folder, exist_ok=True)
        os.mkdir(self._folder, mode=0o700)
        self.git = Git(self._folder, env)
        self._options = options
        self._observe = observe
        self._apps = GithubApps()
        self._signing: Signing | None = None
        if options.signing:
            self._signing = prepared(options.signing, self._folder, env.get("PATH", os.defpath))
        self._repositories: dict[str, Queue] = {}
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._slots = threading.Semaphore(options.at_once)

    def submit(self, request: Request) -> None:
        """Take a request; it joins the batch of its place."""
        now_s = time.monotonic()
        with self._changed:
            if self._stopping.is_set():
                return
            repository = self._repository(request.place)
            repository.take(request, now_s)
            if repository.thread is None:
                repository.thread = threading.Thread(
                    target=self._serve, args=(repository,), name="git", daemon=True
                )
                repository.thread.start()
            self._changed.notify_all()

    def withdraw(self, application: str) -> None:
        """Forget what an Application wanted, unless it is being written."""
        with self._changed:
            for repository in self._repositories.values():
                repository.withdraw(application)
            self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """Return how many requests are not done yet."""
        with self._changed:
            return sum(len(repository.waiting) for repository in self._repositories.values())

    def tidy(self, now_s: float, idle_s: float = _IDLE_S) -> None:
        """Remove the clones of repositories that nobody has written to for long."""
        with self._changed:
            for identity, repository in list(self._repositories.items()):
                if repository.thread is None and repository.used_s < now_s - idle_s:
                    shutil.rmtree(repository.folder, ignore_errors=True)
                    del self._repositories[identity]

    def stop(self, grace_s: float = _GRACE_S) -> None:
        """Begin nothing more, give what is under way some time, then end it; leave no files."""
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
            threads = [one.thread for one in self._repositories.values() if one.thread]
        until_s = time.monotonic() + grace_s
        for thread in threads:
            thread.join(max(0.0, until_s - time.monotonic()))
        self.git.stop()
        for thread in threads:
            thread.join(_GRACE_S)  # one that waits for a forge has nothing of ours open
        if self._signing:
            self._signing.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _repository(self, place: Place) -> Queue:
        identity = place.address.identity
        if identity not in self._repositories:
            name = sha256(identity.encode()).hexdigest()[:16]
            folder = os.path.join(self._folder, name)
            clone = Clone(self.git, folder, place.address)
            self._repositories[identity] = Queue(folder, clone)
        return self._repositories[identity]

    def _serve(self, repository: Queue) -> None:
        """Write batches of one repository as they are due, until none waits."""
        while True:
            with self._changed:
                place = self._next(repository)
                if place is None:
                    repository.thread = None
                    repository.used_s = time.monotonic()
                    return
                requests = repository.requests(place)
            with self._slots:
                self._write(repository, place, requests)

    def _next(self, repository: Queue) -> Place | None:
        """Wait for the first batch that is due; None when there is none, or we are to end."""
        while repository.waiting and not self._stopping.is_set():
            due_s, place = min(
                ((repository.due_at_s(p, self._options.limits), p) for p in repository.places()),
                key=lambda pair: pair[0],
            )
            now_s = time.monotonic()
            left_s = due_s - now_s
            if left_s <= 0:
                return place
            self._tell_of_cap(repository, place, now_s)
            self._changed.wait(left_s)
        return None

    def _tell_of_cap(self, repository: Queue, place: Place, now_s: float) -> None:
        """Say once of each place that its batch waits although its window is over."""
        limits = self._options.limits
        free_s = repository.history(place).free_at_s(limits)
        if free_s <= now_s or repository.capped.get(place) == free_s:
            return
        repository.capped[place] = free_s
        error = GitFailed(
            f"{limits.commits} commits within {limits.per_s / 60:g} minutes are as many as may be; "
            "the next waits (CMP_GIT_COMMITS_PER_HOUR)",
            where=f"{place.address} {place.write or place.base}".rstrip(),
        )
        for request in repository.requests(place):
            self._tell(Outcome(request, error=error, again_s=free_s - now_s))

    def _tell(self, outcome: Outcome) -> None:
        try:
            self._observe(outcome)
        except Exception:
            log.exception("what became of a write could not be told")

    def _write(self, repository: Queue, place: Place, requests: list[Request]) -> None:
        history = repository.history(place)
        limits = self._options.limits
        signing = self._signing.env if self._signing else {}
        writer = Writer(repository.clone, limits, self._options.style, signing, self._stopping.wait)
        try:
            credential = self._apps.resolved(place.address, place.credential, place.trust)
            asking = self._round(repository, place, requests, credential)
            with login(self._folder, place.address, credential, place.trust) as env:
                batch = writer.write(env, requests, history, asking)
        except Stopped:
            return
        except CmpError as error:
            self._failed(repository, place, requests, error)
            return
        except OSError as error:
            told = failed(error.strerror or "", where=self._folder)
            self._failed(repository, place, requests, told)
            return
        except Exception:
            log.exception("git write-back failed")
            mistake = GitFailed("a mistake of this program; see its log", where=str(place.address))
            self._failed(repository, place, requests, mistake)
            return
        if batch.write:
            repository.histories[place.base, place.write] = history.with_write(batch.write, limits)
            if repository.clone.is_grown():
                repository.clone.drop()
        self._finish(repository, place, batch, asking.proposal if asking else None)

    def _finish(
        self, repository: Queue, place: Place, batch: Batch, proposal: Proposal | None
    ) -> None:
        """Tell what became of a batch; what is only not asked for yet goes on waiting."""
        late = [one for one in batch.outcomes if batch.error and not one.error]
        done = [one for one in batch.outcomes if one not in late]
        with self._changed:
            if not batch.error:
                repository.failures.pop(place, None)
            repository.drop([one.request for one in done])
        for outcome in done:
            self._tell(proposal.at_last(outcome) if proposal else outcome)
        if batch.error and proposal:
            again_s = self._put_off(repository, place, batch.error)
            for outcome in proposal.news(batch.error, late):
                self._tell(outcome._replace(error=batch.error, again_s=again_s))

    def _round(
        self,
        repository: Queue,
        place: Place,
        requests: list[Request],
        credential: Credential,
    ) -> Round | None:
        """Begin to ask for a pull request, where one is wanted."""
        if place.pull_request is None:
            return None
        access = Access(place.address, credential, place.trust)
        forge = partial(opened, place.pull_request.forge, access)
        with self._changed:
            proposal = repository.proposals.setdefault(place, Proposal(place.pull_request))
            return Round(proposal, requests, forge)

    def _failed(
        self, repository: Queue, place: Place, requests: list[Request], error: CmpError
    ) -> None:
        again_s = self._put_off(repository, place, error)
        if isinstance(error, ToolFailed):
            repository.clone.drop()
        for request in requests:
            self._tell(Outcome(request, error=error, again_s=again_s))

    def _put_off(self, repository: Queue, place: Place, error: CmpError) -> float:
        with self._changed:
            return repository.put_off(place, error, self._options.limits, time.monotonic())
