"""Writing one batch: fetch, apply, commit, push, and again where somebody else pushed first."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from cmp.errors import CmpError, GitFailed, GitRefused
from cmp.writeback.git_clone import Clone, Draft, Rejected
from cmp.writeback.git_edit import Applied, Place, Request
from cmp.writeback.git_files import Files, Objects
from cmp.writeback.git_message import DEFAULT, Author, message
from cmp.writeback.git_outcome import Batch, Outcome
from cmp.writeback.git_schedule import History, Limits, Write, push_pause_s
from cmp.writeback.git_tip import Tip, Tips
from cmp.writeback.git_update import Update
from cmp.writeback.go_template import Template
from cmp.writeback.proposal import Begun, Branch
from cmp.writeback.proposal_round import Round

log = logging.getLogger(__name__)

_NONE = History()


class Style(NamedTuple):
    """How commits look."""

    author: Author = Author()
    template: Template = DEFAULT
    skip_ci: bool = False
    sign_off: bool = False


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
        self._tips = Tips(clone, limits)
        self._limits = limits
        self._style = style
        self._signing = signing
        self._sleep = sleep

    def write(
        self,
        env: Mapping[str, str],
        requests: Sequence[Request],
        history: History,
        asking: Round | None = None,
    ) -> Batch:
        """Write what requests of one place want, in one commit at most; ask for its merge.

        Raises `GitFailed` where it could not be done for all, or it is not known whether it
        was: the next time tells.
        """
        place = requests[0].place
        for rejections in range(self._limits.attempts):
            if rejections:
                self._sleep(push_pause_s(rejections, self._limits))
            try:
                if asking:
                    batch = self._asked(env, requests, history, asking)
                else:
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
        tip = self._tips.fetched(env, place)
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

    def _asked(
        self,
        env: Mapping[str, str],
        requests: Sequence[Request],
        history: History,
        asking: Round,
    ) -> Batch:
        """Bring a branch to what is wanted of it, then have the forge ask for it.

        That the forge does not answer keeps nothing from being pushed.
        """
        place = requests[0].place
        tip = self._tips.fetched(env, place)
        if tip.branch == tip.base:
            raise GitRefused(
                "a pull request needs another branch than the one it goes to; name one in "
                "git-branch as base:branch, or none",
                where=f"{place.address} {tip.base}",
            )
        with self._clone.objects() as objects:

            def read(ref: str, those: Sequence[Request], after: History = _NONE) -> Applied:
                return self._tips.complete(env, Files(objects, ref), those, after)

            base = read(tip.base_ref, asking.wishes)
            before = objects.resolve(tip.ref) if tip.exists else ""
            begun = asking.begin(Branch(tip.base, tip.branch, before), base.changing)
            if begun.is_anew:
                applied = _anew(read, tip, begun, base)
            else:
                applied = read(tip.ref, begun.kept(requests), history)
                unasked = [one for one in asking.wishes if one.update.name in begun.declined]
                held = read(tip.ref, unasked).unchanged
                begun = begun._replace(held=frozenset(one.update.name for one in held))
            commit = before
            if applied.changing:
                parent = objects.resolve(tip.base_ref if begun.is_anew else tip.ref)
                draft = self._draft([request.update for request in applied.changing])
                made = self._clone.commit(objects, parent, applied.contents, draft)
                trees = {objects.resolve(f"{one}^{{tree}}") for one in (made, before or parent)}
                commit = made if len(trees) > 1 else before
        write = None
        if commit != before:
            self._clone.push(env, commit, tip.branch, before, where=f"{place.address} {tip.branch}")
            asking.pushed(before, commit, begun)
            write = Write(time.monotonic(), applied.digests())
        refused = {one.update.name: error for one, error in [*base.refused, *applied.refused]}
        written = {one.update.name for one in applied.changing} if write else set()
        outcomes = [
            Outcome(one, branch=tip.branch, error=refused[name].within(name))
            if (name := one.update.name) in refused
            else Outcome(one, commit if name in written else "", tip.branch)
            for one in requests
        ]
        gone = [one.update.name for one in base.unchanged] + list(refused)
        now = Branch(tip.base, tip.branch, commit)
        try:
            asked = asking.settle(now, base.changing, begun, gone)
        except CmpError as error:
            return Batch(tuple(outcomes), write, error=error)
        for name, its_tip in asked.stale.items():
            if self._delete(env, place, name, its_tip) and name == now.write:
                asking.deleted(now)
        return Batch(tuple(map(asked.told, outcomes)), write)

    def _delete(self, env: Mapping[str, str], place: Place, branch: str, tip: str) -> bool:
        """Delete a branch that is where we left it; that it stays is no failure."""
        try:
            self._clone.push(env, "", branch, tip, where=f"{place.address} {branch}")
        except (CmpError, Rejected) as error:
            log.warning("a branch could not be deleted", extra={"error": str(error)})
            return False
        return True

    def _applied(
        self,
        env: Mapping[str, str],
        objects: Objects,
        tip: Tip,
        requests: Sequence[Request],
        history: History,
    ) -> Applied:
        """Apply to the branch that is written, unless the base has it all: then it is merged."""
        if tip.base_ref == tip.ref:
            return self._tips.complete(env, Files(objects, tip.ref), requests, history)
        base = Files(objects, tip.base_ref)
        merged = self._tips.complete(env, base, requests, History())
        applied = self._tips.complete(env, Files(objects, tip.ref), merged.changing, history)
        applied.unchanged += merged.unchanged
        applied.refused += merged.refused
        return applied

    def _draft(self, updates: Sequence[Update]) -> Draft:
        style = self._style
        text = message(
            updates,
            style.template,
            skip_ci=style.skip_ci,
            sign_off=style.author if style.sign_off else None,
        )
        return Draft(text, style.author, self._signing)


def _anew(
    read: Callable[[str, Sequence[Request]], Applied], tip: Tip, begun: Begun, base: Applied
) -> Applied:
    """Return what the base is to be given; nothing where the branch has just that."""
    if begun.declined:
        base = read(tip.base_ref, begun.kept(base.changing))
    if tip.exists and not begun.is_other and base.changing:
        wanted = {path: made.content for path, made in base.contents.items()}
        exact = base.changing[0]._replace(edit=lambda _: wanted)
        if read(tip.ref, [exact]).unchanged:
            return Applied()
    return base
