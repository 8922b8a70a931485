"""What a branch is written on, fetched as far as the edits need it."""

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cmp.errors import GitFailed, GitRefused
from cmp.writeback.git_clone import Clone
from cmp.writeback.git_edit import Applied, Place, Request, apply
from cmp.writeback.git_files import Files
from cmp.writeback.git_schedule import History, Limits

_ROUNDS = 8  # of fetching files: an edit that reads what a file names takes another


class Tip(NamedTuple):
    """What a branch is to be written on."""

    branch: str
    ref: str
    """Where it is in the clone."""
    exists: bool
    """Whether the branch is there already, or is begun at the base."""
    base_ref: str
    base: str
    """The name of the branch that it is begun at; the same where that is written."""


class Tips:
    """Fetches into one clone."""

    def __init__(self, clone: Clone, limits: Limits) -> None:
        self._clone = clone
        self._limits = limits

    def fetched(self, env: Mapping[str, str], place: Place) -> Tip:
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
            return Tip(base, ref, exists=True, base_ref=ref, base=base)
        if not exists:
            (ref,) = self._clone.fetch(env, [base])
            return Tip(write, ref, exists=False, base_ref=ref, base=base)
        base_ref, ref = self._clone.fetch(env, [base, write])
        return Tip(write, ref, exists=True, base_ref=base_ref, base=base)

    def complete(
        self,
        env: Mapping[str, str],
        files: Files,
        requests: Sequence[Request],
        history: History,
    ) -> Applied:
        """Apply edits to a commit's files, having those fetched that they read."""
        for _ in range(_ROUNDS):
            applied = apply(files, requests, history, self._limits, time.monotonic())
            if not applied.absent:
                return applied
            self._clone.fetch_blobs(env, tuple(dict.fromkeys(applied.absent)))
        raise GitFailed("the repository does not give the files of its own commit")
