"""Writing one batch: fetch, apply, commit, push, and again where somebody else pushed first."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from cmp.errors import CmpError, GitFailed, GitRefused
from cmp.writeback.git_clone import Clone, Draft, Rejected
from cmp.writeback.git_edit import Applied, Place, Request, apply
from cmp.writeback.git_files import Files, Objects
from cmp.writeback.git_message import DEFAULT, Author, message
from cmp.writeback.git_schedule import History, Limits, Write, push_pause_s
from cmp.writeback.git_update import Update
from cmp.writeback.go_template import Template
from cmp.writeback.pull_request import RequestState

_ROUNDS = 8  # of fetching files: an edit that reads what a file names takes another


class Style(NamedTuple):
    """How commits look."""

    author: Author = Author()
    template: Template = DEFAULT
    skip_ci: bool = False
    sign_off: bool = False


class Outcome(NamedTuple):
    """What became of one request."""

    request: Request
    commit: str = ""
    """The commit that has it; empty where nothing was to be changed, or it was not."""
    branch: str = ""
    error: CmpError | None = None
    again_s: float | None = None
    """In how many seconds it is tried again; None for never: it is refused."""
    request_url: str = ""
    """The pull request that has it, where one is wanted."""
    request_state: RequestState | None = None


class Batch(NamedTuple):
    """What became of a batch."""

    outcomes: tuple[Outcome, ...]
    write: Write | None = None
    """What was pushed, for the history."""
    rejections: int = 0


class _Tip(NamedTuple):
    """What a branch is to be written on."""

    branch: str
    ref: str
    """Where it is in the clone."""
    exists: bool
    """Whether the branch is there already, or is begun at the base."""
    base_ref: str


class Writer:
    """Writes batches into one clone."""

    def __init__(
        self,
        clone: Clone,
        limits: Limits,
        style: Style,
        signing: Mapping[str, str],
        sleep: Callable[[float], object],
    ) -> None:
        self._clone = clone
        self._limits = limits
        self._style = style
        self._signing = signing
        self._sleep = sleep

    def write(self, env: Mapping[str, str], requests: Sequence[Request], history: History) -> Batch:
        """Write what requests of one place want, in one commit at most.

        Raises `GitFailed` where it could not be done for all, or it is not known whether it
        was: the next time tells.
        """
        place = requests[0].place
        for rejections in range(self._limits.attempts):
            if rejections:
                self._sleep(push_pause_s(rejections, self._limits))
            try:
                batch = self._attempt(env, place, requests, history)
            except Rejected:
                continue
            return batch._replace(rejections=rejections)
        raise GitFailed(
            f"others pushed first, {self._limits.attempts} times in a row; it is tried again",
            where=f"{place.address} {place.write or place.base}".rstrip(),
        )

    def _attempt(
        self,
        env: Mapping[str, str],
        place: Place,
        requests: Sequence[Request],
        history: History,
    ) -> Batch:
        tip = self._fetched(env, place)
        with self._clone.objects() as objects:
            applied = self._applied(env, objects, tip, requests, history)
            outcomes = [Outcome(request, branch=tip.branch) for request in applied.unchanged]
            outcomes += [
                Outcome(request, branch=tip.branch, error=error.within(request.update.name))
                for request, error in applied.refused
            ]
            if not applied.changing:
                return Batch(tuple(outcomes))
            parent = objects.resolve(tip.ref)
            draft = self._draft([request.update for request in applied.changing])
            commit = self._clone.commit(objects, parent, applied.contents, draft)
        if commit == parent:  # one put back what another changed
            outcomes += [Outcome(request, branch=tip.branch) for request in applied.changing]
            return Batch(tuple(outcomes))
        where = f"{place.address} {tip.branch}"
        self._clone.push(env, commit, tip.branch, parent if tip.exists else "", where=where)
        outcomes += [Outcome(one, commit, tip.branch) for one in applied.changing]
        return Batch(tuple(outcomes), Write(time.monotonic(), applied.digests()))

    def _fetched(self, env: Mapping[str, str], place: Place) -> _Tip:
        """Fetch what is needed; what exists is asked only where it is not known."""
        base, write = place.base, place.write if place.write != place.base else ""
        exists = False
        if write or not base:
            heads = self._clone.heads(env, [write] if write else [])
            base = base or heads.default
            exists = write in heads.branches
            if not base:
                raise GitRefused(
                    "its HEAD names no branch; name one in git-branch", where=str(place.address)
                )
        if not write or write == base:
            (ref,) = self._clone.fetch(env, [base])
            return _Tip(base, ref, exists=True, base_ref=ref)
        if not exists:
            (ref,) = self._clone.fetch(env, [base])
            return _Tip(write, ref, exists=False, base_ref=ref)
        base_ref, ref = self._clone.fetch(env, [base, write])
        return _Tip(write, ref, exists=True, base_ref=base_ref)

    def _applied(
        self,
        env: Mapping[str, str],
        objects: Objects,
        tip: _Tip,
        requests: Sequence[Request],
        history: History,
    ) -> Applied:
        """Apply to the branch that is written, unless the base has it all: then it is merged."""
        if tip.base_ref == tip.ref:
            return self._complete(env, Files(objects, tip.ref), requests, history)
        base = Files(objects, tip.base_ref)
        merged = self._complete(env, base, requests, History())
        applied = self._complete(env, Files(objects, tip.ref), merged.changing, history)
        applied.unchanged += merged.unchanged
        applied.refused += merged.refused
        return applied

    def _complete(
        self,
        env: Mapping[str, str],
        files: Files,
        requests: Sequence[Request],
        history: History,
    ) -> Applied:
        for _ in range(_ROUNDS):
            applied = apply(files, requests, history, self._limits, time.monotonic())
            if not applied.absent:
                return applied
            self._clone.fetch_blobs(env, tuple(dict.fromkeys(applied.absent)))
        raise GitFailed("the repository does not give the files of its own commit")

    def _draft(self, updates: Sequence[Update]) -> Draft:
        style = self._style
        text = message(
            updates,
            style.template,
            skip_ci=style.skip_ci,
            sign_off=style.author if style.sign_off else None,
        )
        return Draft(text, style.author, self._signing)
