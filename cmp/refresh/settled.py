"""Deciding for all images at once, with what registries are asked on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cmp.core.image import Image, Repository
from cmp.core.image_list import ManagedImage
from cmp.core.people import Instruction
from cmp.core.policy import Policy
from cmp.core.record import Recorded
from cmp.core.snapshot import Snapshot, Tag
from cmp.errors import CmpError, RegistryFailed
from cmp.refresh.decisions import (
    Key,
    Outcome,
    Outcomes,
    agreed,
    decide_image,
    in_window,
    together,
    unverified,
)
from cmp.refresh.known import Known
from cmp.refresh.listing import RegistryAccess
from cmp.refresh.merged import with_tags
from cmp.refresh.passes import Pass, Summary
from cmp.refresh.plan import ApplicationPlan
from cmp.refresh.questions import Question, unread
from cmp.refresh.restored import restored

_ANY_TIME = datetime.min.replace(tzinfo=UTC)
_Alike = tuple[Policy, Repository, Recorded | None, Instruction | None]
_Decided = dict[_Alike, tuple[Snapshot | None, Outcome]]
"""Outcomes with the snapshots they came from, by all else that they depend on."""

_Before = Mapping[Key, tuple[ManagedImage, Recorded | None, Instruction | None]]

_MOST_ROUNDS = 20
_NOT_YET = RegistryFailed("many that rank higher are no images; this one is looked at next time")


@dataclass(frozen=True, slots=True)
class Settling:
    """What is decided of, beside the snapshots, and whom to ask."""

    plans: tuple[ApplicationPlan, ...]
    known: Mapping[str, Known]
    asked: Pass
    access: RegistryAccess
    summary: Summary

    def learn(
        self,
        listed: Mapping[Repository, tuple[Policy, ...]],
        snapshots: Mapping[Repository, Snapshot],
    ) -> Mapping[Repository, Snapshot]:
        """Return the snapshots with what the policies for them need to know of their tags."""
        chosen: dict[Repository, tuple[str, ...]] = {}
        for _, previous, _ in self._before().values():
            if previous:
                others = chosen.get(previous.repository, ())
                chosen[previous.repository] = (*others, previous.tag)
        now = self.asked.now
        wanted = {
            (repository, name): (snapshots[repository].tags[name], platforms)
            for repository, policies in listed.items()
            for name, platforms in unread(
                snapshots[repository], policies, chosen.get(repository, ()), now
            ).items()
        }
        return self._with_answers(snapshots, self.access.read_all(wanted, now))

    def settle(
        self, snapshots: Mapping[Repository, Snapshot]
    ) -> tuple[Outcomes, Mapping[Repository, Snapshot]]:
        """Decide, ask what the decisions depend on, and decide anew, until all is answered.

        An answer may lead to another choice: a digest that was not known, a tag that was
        pushed again, a winner that is no image. Each is asked once.
        """
        answers: dict[Question, Tag | CmpError] = {}
        decided: _Decided = {}
        before = self._before()
        rounds = 0
        while True:
            rounds += 1
            outcomes = self._decide(snapshots, before, decided)
            questions = {o.question for o in outcomes.values() if o.question} - answers.keys()
            if not questions or rounds > _MOST_ROUNDS:
                return together(_verified(outcomes, answers)), snapshots
            asked = {q: _known(snapshots, q) for q in questions}
            found = self.access.answer_all(asked, self.asked.now)
            answers |= found
            snapshots = self._with_answers(snapshots, _by_tag(found))

    def _decide(
        self, snapshots: Mapping[Repository, Snapshot], before: _Before, decided: _Decided
    ) -> Outcomes:
        outcomes: dict[Key, Outcome] = {}
        now = self.asked.now
        for key, (image, recorded, instruction) in before.items():
            instance = key[0]
            snapshot = snapshots.get(image.repository)
            deployed = self.asked.deployed.get(instance, _nothing)
            previous = recorded or restored(
                image, deployed(image.repository), snapshot, instance, now
            )
            outcomes[key] = _outcome((image, previous, instruction), snapshot, decided)
        outcomes |= agreed(outcomes, snapshots)
        return together({key: in_window(outcome, now) for key, outcome in outcomes.items()})

    def _before(self) -> _Before:
        """Return every image with the decision, and what a person said, in force."""
        return {
            (plan.instance, number, image.alias): (
                image,
                self.known[plan.instance].decision(plan, source, image),
                self.asked.instruction(plan, source, image.alias),
            )
            for plan in self.plans
            for number, source in enumerate(plan.sources)
            for image in source.image_list.images
        }

    def _with_answers(
        self,
        snapshots: Mapping[Repository, Snapshot],
        answers: Mapping[tuple[Repository, str], Tag | CmpError],
    ) -> Mapping[Repository, Snapshot]:
        """Return the snapshots with what was learnt of their tags; report what was not."""
        learnt: dict[Repository, list[Tag]] = {}
        for (repository, name), found in answers.items():
            if isinstance(found, CmpError):
                self.summary.problem(found, repository=repository, tag=name)
            elif name in snapshots[repository].tags:
                learnt.setdefault(repository, []).append(found)
        return {**snapshots, **{r: with_tags(snapshots[r], tags) for r, tags in learnt.items()}}


def _outcome(
    given: tuple[ManagedImage, Recorded | None, Instruction | None],
    snapshot: Snapshot | None,
    decided: _Decided,
) -> Outcome:
    """Decide, once for all Applications with the same policy and the same choice before."""
    image, previous, instruction = given
    # Neither a decision's name nor its time has a part in the next one.
    before = previous._replace(id="", since=_ANY_TIME) if previous else None
    alike = (image.policy, image.repository, before, instruction)
    found = decided.get(alike)
    if found is None or found[0] is not snapshot:
        made = decide_image(image, snapshot, previous, instruction)
        found = decided[alike] = (snapshot, _slim(made))
    outcome = found[1]
    return replace(outcome, image=image, previous=previous if outcome.previous else None)


def _slim(outcome: Outcome) -> Outcome:
    """Return the outcome without what became of each tag, which only a group needs."""
    if outcome.decision is None or outcome.image.policy.group:
        return outcome
    return replace(outcome, decision=replace(outcome.decision, ranked=(), dropped={}))


def _by_tag(
    found: Mapping[Question, Tag | CmpError],
) -> dict[tuple[Repository, str], Tag | CmpError]:
    """Return what was learnt of each tag, whoever asked; `_verified` tells of winners' errors."""
    told: dict[tuple[Repository, str], Tag | CmpError] = {}
    for question, answer in found.items():
        key = (question.repository, question.tag)
        other = told.get(key)
        if isinstance(answer, CmpError):
            if not question.is_winner:
                told.setdefault(key, answer)
        elif isinstance(other, Tag) and other.digest == answer.digest:
            more, less = (answer, other) if answer.kind else (other, answer)
            told[key] = replace(more, created={**less.created, **more.created})
        else:
            told[key] = answer
    return told


def _known(snapshots: Mapping[Repository, Snapshot], question: Question) -> Tag:
    known = snapshots[question.repository].tags.get(question.tag)
    return known or Tag(question.tag)


def _nothing(_: Repository) -> tuple[Image, ...]:
    return ()


def _verified(outcomes: Outcomes, answers: Mapping[Question, Tag | CmpError]) -> Outcomes:
    """Return the outcomes without the winners that cannot be pulled."""
    verified = dict(outcomes)
    for key, outcome in outcomes.items():
        if outcome.question and outcome.question.is_winner:
            answer = answers.get(outcome.question, _NOT_YET)
            if isinstance(answer, CmpError):
                verified[key] = unverified(outcome, str(answer))
    return verified
