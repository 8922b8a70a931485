"""Deciding for all images at once, with what registries are asked on the way."""

from collections.abc import Mapping
from dataclasses import dataclass

from cmp.core.image import Image, Repository
from cmp.core.policy import Policy
from cmp.core.snapshot import Snapshot, Tag
from cmp.errors import CmpError
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
from cmp.refresh.listing import RegistryAccess, with_tags
from cmp.refresh.passes import Pass, Summary
from cmp.refresh.plan import ApplicationPlan
from cmp.refresh.questions import Question, unread
from cmp.refresh.restored import restored


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
        chosen = self._chosen()
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
        while True:
            outcomes = self._decide(snapshots)
            questions = {o.question for o in outcomes.values() if o.question} - answers.keys()
            if not questions:
                return together(_verified(outcomes, answers)), snapshots
            asked = {q: _known(snapshots, q) for q in questions}
            found = self.access.answer_all(asked, self.asked.now)
            answers |= found
            told = {
                (question.repository, question.tag): answer
                for question, answer in found.items()
                if not (question.is_winner and isinstance(answer, CmpError))  # `_verified` tells it
            }
            snapshots = self._with_answers(snapshots, told)

    def _decide(self, snapshots: Mapping[Repository, Snapshot]) -> Outcomes:
        outcomes: dict[Key, Outcome] = {}
        now = self.asked.now
        for plan in self.plans:
            deployed = self.asked.deployed.get(plan.instance, _nothing)
            for number, source in enumerate(plan.sources):
                for image in source.image_list.images:
                    snapshot = snapshots.get(image.repository)
                    previous = self.known[plan.instance].decision(plan, source, image) or restored(
                        image, deployed(image.repository), snapshot, plan.instance, now
                    )
                    key = (plan.instance, number, image.alias)
                    outcomes[key] = decide_image(image, snapshot, previous)
            outcomes |= agreed(plan.instance, outcomes, snapshots)
        return together({key: in_window(outcome, now) for key, outcome in outcomes.items()})

    def _chosen(self) -> Mapping[Repository, tuple[str, ...]]:
        """Return the tags that were chosen before, by repository."""
        chosen: dict[Repository, tuple[str, ...]] = {}
        for plan in self.plans:
            for source in plan.sources:
                for image in source.image_list.images:
                    if previous := self.known[plan.instance].decision(plan, source, image):
                        others = chosen.get(previous.repository, ())
                        chosen[previous.repository] = (*others, previous.tag)
        return chosen

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
            answer = answers[outcome.question]
            if isinstance(answer, CmpError):
                verified[key] = unverified(outcome, str(answer))
    return verified
