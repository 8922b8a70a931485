"""One pass over all Applications: list, decide, verify, publish."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from cmp.core.image import Image, Repository
from cmp.core.policy import Policy
from cmp.core.record import ApplicationRecord
from cmp.core.snapshot import Snapshot, Tag
from cmp.errors import CmpError, InvalidInput, NotFound
from cmp.index.protocols import Index
from cmp.refresh.decisions import (
    Outcome,
    Outcomes,
    agreed,
    decide_image,
    in_window,
    unverified,
)
from cmp.refresh.known import Known, known_of, whole
from cmp.refresh.listing import RegistryAccess, snapshots, with_tags
from cmp.refresh.plan import ApplicationPlan, images, policies
from cmp.refresh.publication import Publication, publish
from cmp.refresh.restored import restored
from cmp.refresh.state import State

log = logging.getLogger(__name__)

Deployed = Callable[[Repository], tuple[Image, ...]]
"""Returns what one Application runs of a repository, as far as Argo CD says so."""


@dataclass(slots=True)
class Summary:
    """What a cycle did, for its last log line and the exit status."""

    applications: int = 0
    images: int = 0
    repositories: int = 0
    changed: int = 0
    unanswered: int = 0
    """Questions that something outside did not answer: trying again may help."""
    invalid: int = 0
    """Things that someone has to change."""

    @property
    def counts(self) -> dict[str, int]:
        """All counts by their names."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def exit_status(self) -> int:
        """What the process says of a pass: 2 input is wrong, 1 something did not answer."""
        return 2 if self.invalid else 1 if self.unanswered else 0

    def problem(self, error: CmpError, **where: object) -> None:
        """Log and count what went wrong."""
        if isinstance(error, InvalidInput):
            self.invalid += 1
        else:
            self.unanswered += 1
        log.warning("not refreshed", extra={**where, "reason": error})


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass over Applications begins with."""

    plans: tuple[ApplicationPlan, ...]
    now: datetime
    deployed: Mapping[str, Deployed] = field(default_factory=dict)
    """By instance, what a cluster says of what runs."""
    listed: frozenset[Repository] = frozenset()
    """Repositories whose snapshot is of late: they are not listed again."""
    has_all: bool = True
    """These are all Applications there are: what is published may be complete."""


def run(
    asked: Pass, access: RegistryAccess, store: Index, state: State, *, dry_run: bool
) -> tuple[Summary, Mapping[str, ApplicationRecord]]:
    """Run one pass and publish what came of it, unless ``dry_run``; return also all records.

    A registry or repository that fails keeps its old snapshot and its decisions; the others
    go on. Raises `IndexUnavailable` when the store itself fails, and as ``state`` does.
    """
    summary = Summary()
    known = {
        plan.instance: known_of(store, state, plan.instance, summary.problem)
        for plan in asked.plans
    }
    plans = tuple(plan for plan in asked.plans if not known[plan.instance].is_lost)
    wanted = policies(plans)
    summary.applications = sum(plan.has_policy for plan in plans)
    summary.images = len(list(images(plans)))
    summary.repositories = len(wanted)
    manifest = whole(store.manifest, summary.problem)
    read = {r: whole(partial(store.snapshot, r), summary.problem) for r in wanted}
    old = {repository: found for repository, found in read.items() if found is not None}
    answers = access.list_all(r for r in wanted if r not in asked.listed or r not in old)
    new = _learn(
        access, _listed(answers, wanted, summary), snapshots(answers, old, asked.now), summary
    )
    outcomes = _verify(_decide(plans, new, known, asked), access)
    _report(plans, outcomes, summary)
    if dry_run:
        return summary, {}
    complete = bool(manifest and manifest.complete) or (
        asked.has_all and _is_complete(answers, outcomes, old)
    )
    publication = Publication(plans, outcomes, known, new, old, manifest, complete)
    return summary, publish(store, state, publication, asked.now)


def _listed(
    answers: Mapping[Repository, tuple[str, ...] | CmpError],
    wanted: Mapping[Repository, tuple[Policy, ...]],
    summary: Summary,
) -> dict[Repository, tuple[Policy, ...]]:
    """Return the repositories that were listed, with the policies for them; report the others."""
    listed = {}
    for repository, answer in answers.items():
        if isinstance(answer, CmpError):
            summary.problem(answer, repository=repository)
        else:
            listed[repository] = wanted[repository]
    return listed


def _learn(
    access: RegistryAccess,
    listed: Mapping[Repository, tuple[Policy, ...]],
    new: Mapping[Repository, Snapshot],
    summary: Summary,
) -> dict[Repository, Snapshot]:
    """Return the snapshots with what the policies need to know of their tags."""
    looked_up = access.look_up(
        {
            (repository, name): task
            for repository, policies_of in listed.items()
            for name, task in access.needed(new[repository], policies_of).items()
        }
    )
    learnt: dict[Repository, list[Tag]] = {}
    for (repository, name), found in looked_up.items():
        if isinstance(found, CmpError):
            summary.problem(found, repository=repository, tag=name)
        else:
            learnt.setdefault(repository, []).append(found)
    return {**new, **{r: with_tags(new[r], tags) for r, tags in learnt.items()}}


def _is_complete(
    answers: Mapping[Repository, tuple[str, ...] | CmpError],
    outcomes: Outcomes,
    old: Mapping[Repository, Snapshot],
) -> bool:
    """Tell whether every image has an answer, or what was chosen for it before.

    Until then a render would take Git's images, and after the loss of an index that can be
    a step back for all. A registry that says it has no such repository has answered.
    """
    unanswered = {
        repository
        for repository, answer in answers.items()
        if isinstance(answer, CmpError) and not isinstance(answer, NotFound)
    }
    return not any(
        outcome.image.repository in unanswered
        and outcome.image.repository not in old
        and outcome.previous is None
        for outcome in outcomes.values()
    )


def _decide(
    plans: tuple[ApplicationPlan, ...],
    new: Mapping[Repository, Snapshot],
    known: Mapping[str, Known],
    asked: Pass,
) -> dict[tuple[str, int, str], Outcome]:
    outcomes: dict[tuple[str, int, str], Outcome] = {}
    for plan in plans:
        deployed = asked.deployed.get(plan.instance, _nothing)
        for number, source in enumerate(plan.sources):
            for image in source.image_list.images:
                snapshot = new.get(image.repository)
                previous = known[plan.instance].decision(plan, source, image) or restored(
                    image, deployed(image.repository), snapshot, plan.instance, asked.now
                )
                key = (plan.instance, number, image.alias)
                outcomes[key] = decide_image(image, snapshot, previous)
        outcomes |= agreed(plan.instance, outcomes, new)
    return {key: in_window(outcome, asked.now) for key, outcome in outcomes.items()}


def _nothing(_: Repository) -> tuple[Image, ...]:
    return ()


def _verify(outcomes: Outcomes, access: RegistryAccess) -> dict[tuple[str, int, str], Outcome]:
    """Ask for each new winner once before it is decided; what cannot be pulled is not."""
    changing = {key: outcome.winner for key, outcome in outcomes.items() if outcome.winner}
    answers = access.verify_all(set(changing.values()))
    verified = dict(outcomes)
    for key, winner in changing.items():
        answer = answers[winner]
        if isinstance(answer, CmpError):
            verified[key] = unverified(outcomes[key], str(answer))
    return verified


def _report(plans: tuple[ApplicationPlan, ...], outcomes: Outcomes, summary: Summary) -> None:
    for plan in plans:
        for source in plan.sources:
            if source.problem:
                summary.problem(source.problem, application=plan.instance)
            for note in source.image_list.notes:
                log.warning("policy key ignored", extra={"application": plan.instance, "key": note})
    for (instance, _, alias), outcome in outcomes.items():
        where = {"application": instance, "alias": alias, "image": outcome.image.repository}
        if outcome.changes and outcome.decision:
            summary.changed += 1
            before = outcome.previous.tag if outcome.previous else ""
            after = {"from": before, "to": outcome.decision.tag, "why": outcome.decision.why}
            log.info("image chosen", extra={**where, **after})
        elif outcome.problem:
            log.warning("image not decided", extra={**where, "reason": outcome.problem})
            summary.unanswered += outcome.refused
            summary.invalid += outcome.invalid
        elif outcome.decision and outcome.decision.held:
            held = {"tag": outcome.decision.tag, "reason": outcome.decision.held}
            log.warning("image held", extra={**where, **held})
        elif outcome.decision and outcome.decision.tag is None:
            log.warning("image not chosen", extra={**where, "reason": outcome.decision.why})
