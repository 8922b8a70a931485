"""One pass over all Applications: list, decide, verify, publish."""

import logging
from collections.abc import Mapping
from functools import partial

from cmp.core.image import Repository
from cmp.core.people import Instruction
from cmp.core.policy import Policy
from cmp.core.record import ApplicationRecord
from cmp.core.snapshot import Snapshot
from cmp.errors import CmpError, NotFound
from cmp.index.protocols import Index
from cmp.refresh.decisions import Outcome, Outcomes
from cmp.refresh.known import history_key, known_of, whole
from cmp.refresh.listing import RegistryAccess
from cmp.refresh.merged import snapshots
from cmp.refresh.passes import Pass, Summary
from cmp.refresh.plan import ApplicationPlan, images, policies, pull_secrets
from cmp.refresh.publication import Publication, publish
from cmp.refresh.settled import Settling
from cmp.refresh.state import State
from cmp.registry.client import Listing

log = logging.getLogger(__name__)


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
    plans = tuple(
        plan
        for plan in asked.plans
        if not known[plan.instance].is_lost and plan.instance not in asked.unreadable
    )
    for instance, error in asked.unreadable.items():
        summary.problem(error, application=instance)
    wanted = policies(plans)
    summary.applications = sum(plan.has_policy for plan in plans)
    summary.images = len(list(images(plans)))
    summary.repositories = len(wanted)
    manifest = whole(store.manifest, summary.problem)
    read = {r: whole(partial(store.snapshot, r), summary.problem) for r in wanted}
    old = {repository: found for repository, found in read.items() if found is not None}
    access.begin(asked.registries, pull_secrets(plans, summary.problem))
    answers = access.list_all(
        {r: old.get(r) for r in wanted if r not in asked.listed or r not in old}
    )
    settling = Settling(plans, known, asked, access, summary)
    listed = _listed(answers, wanted, summary)
    outcomes, new = settling.settle(settling.learn(listed, snapshots(answers, old, asked.now)))
    summary.answered = frozenset(listed)
    summary.news = frozenset(r for r, before in old.items() if new[r].tags != before.tags)
    _report(plans, outcomes, summary)
    summary.ended = _ended(plans, outcomes, asked)
    if dry_run:
        return summary, {}
    complete = bool(manifest and manifest.complete) or (
        asked.has_all and _is_complete(answers, outcomes, old, asked.natives)
    )
    forgotten = asked.forgotten
    publication = Publication(plans, outcomes, known, new, old, manifest, complete, forgotten)
    return summary, publish(store, state, publication, asked.now)


def _ended(
    plans: tuple[ApplicationPlan, ...], outcomes: Outcomes, asked: Pass
) -> dict[str, dict[str, Instruction]]:
    """Return what people said that is over: its time has run out, or something newer is there."""
    ended: dict[str, dict[str, Instruction]] = {}
    for plan in plans:
        told = asked.instructions.get(plan.instance) or {}
        for number, source in enumerate(plan.sources if told else ()):
            for image in source.image_list.images:
                name = history_key(plan, source, image.alias)
                outcome = outcomes[plan.instance, number, image.alias]
                if name in told and outcome.instruction is None:
                    ended.setdefault(plan.instance, {})[name] = told[name]
    return ended


def _listed(
    answers: Mapping[Repository, Listing | CmpError],
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


def _is_complete(
    answers: Mapping[Repository, Listing | CmpError],
    outcomes: Outcomes,
    old: Mapping[Repository, Snapshot],
    natives: frozenset[str],
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
        and instance not in natives
        for (instance, _, _), outcome in outcomes.items()
    )


def _report(plans: tuple[ApplicationPlan, ...], outcomes: Outcomes, summary: Summary) -> None:
    for plan in plans:
        for source in plan.sources:
            if source.problem:
                summary.problem(source.problem, application=plan.instance)
            for note in source.image_list.notes:
                log.warning("policy key ignored", extra={"application": plan.instance, "key": note})
    for (instance, _, alias), outcome in outcomes.items():
        where = {"application": instance, "alias": alias, "image": outcome.image.repository}
        summary.rows.append(_row(instance, alias, outcome))
        summary.outcomes[_word(outcome)] += 1
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


def _word(outcome: Outcome) -> str:
    """Return which of `OUTCOMES` it is."""
    decision = outcome.decision
    if outcome.invalid:
        return "invalid"
    if decision is None:
        return "held" if outcome.waits else "undecided"
    if decision.held:
        return "held"
    return "changed" if outcome.changes else "kept" if decision.tag else "none"


def _row(instance: str, alias: str, outcome: Outcome) -> tuple[str, ...]:
    previous, decision = outcome.previous, outcome.decision
    before = previous.tag if previous else ""
    if decision is None:
        return instance, alias, before, before, outcome.problem
    now = decision.tag or ""
    if decision.held:
        return instance, alias, before, now, f"held: {decision.held}"
    return instance, alias, before, now, decision.why
