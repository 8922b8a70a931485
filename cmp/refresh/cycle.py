"""One pass over all Applications: list, decide, verify, publish."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import uuid4

from cmp.core.image import Repository
from cmp.core.policy import Policy
from cmp.core.record import ApplicationRecord, History, Recorded, SourceRecord
from cmp.core.snapshot import Snapshot, Tag
from cmp.errors import CmpError, InvalidInput
from cmp.index import Manifest
from cmp.index.protocols import Store
from cmp.refresh.decisions import Outcome, decide_image, extended, record, unverified
from cmp.refresh.listing import RegistryAccess, snapshots, with_tags
from cmp.refresh.plan import ApplicationPlan, SourcePlan, images, policies

log = logging.getLogger(__name__)

_T = TypeVar("_T")


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

    def problem(self, error: CmpError, **where: object) -> None:
        """Log and count what went wrong."""
        if isinstance(error, InvalidInput):
            self.invalid += 1
        else:
            self.unanswered += 1
        log.warning("not refreshed", extra={**where, "reason": error})


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knew of an Application before this pass."""

    record: ApplicationRecord | None
    history: History | None
    """None when it cannot be read."""

    def decision(self, source: SourcePlan, alias: str) -> Recorded | None:
        """Return the decision in force for an image of a source."""
        for recorded in self.record.sources if self.record else ():
            if recorded.source == source.source.id and alias in recorded.decisions:
                return recorded.decisions[alias]
        return next(iter((self.history or {}).get(alias, ())), None)


Outcomes = Mapping[tuple[str, int, str], Outcome]
"""By instance, number of the source and alias."""


def run(
    plans: tuple[ApplicationPlan, ...],
    access: RegistryAccess,
    store: Store,
    now: datetime,
    *,
    dry_run: bool,
) -> Summary:
    """Run one pass and publish what came of it, unless ``dry_run``.

    A registry or repository that fails keeps its old snapshot and its decisions; the others
    go on. Raises `IndexUnavailable` when the store itself fails.
    """
    wanted = policies(plans)
    managed = sum(bool(plan.sources) for plan in plans)
    summary = Summary(managed, len(list(images(plans))), len(wanted))
    manifest = _whole(store.manifest, summary)
    old = {r: found for r in wanted if (found := _whole(partial(store.snapshot, r), summary))}
    new = _list(access, wanted, old, now, summary)
    known = {plan.instance: _known(store, plan.instance, summary) for plan in plans}
    outcomes = _verify(_decide(plans, new, known), access)
    _report(plans, outcomes, summary)
    if not dry_run:
        _publish(store, _Publication(plans, outcomes, known, new, old, manifest), now)
    return summary


def _whole(read: Callable[[], _T | None], summary: Summary) -> _T | None:
    """Return a document of the store; a torn one is reported, and then written anew."""
    try:
        return read()
    except CmpError as error:
        summary.problem(error)
        return None


def _known(store: Store, instance: str, summary: Summary) -> Known:
    """Return what is known; the history stands in for a torn record."""
    history = _whole(partial(store.history, instance), summary)
    return Known(_whole(partial(store.application, instance), summary), history)


def _list(
    access: RegistryAccess,
    wanted: Mapping[Repository, tuple[Policy, ...]],
    old: Mapping[Repository, Snapshot],
    now: datetime,
    summary: Summary,
) -> dict[Repository, Snapshot]:
    """Return each repository's snapshot, with what the policies need to know of its tags."""
    answers = access.list_all(wanted)
    for repository, answer in answers.items():
        if isinstance(answer, CmpError):
            summary.problem(answer, repository=repository)
    new = snapshots(answers, old, now)
    looked_up = access.look_up(
        {
            (repository, name): task
            for repository, answer in answers.items()
            if not isinstance(answer, CmpError)
            for name, task in access.needed(new[repository], wanted[repository]).items()
        }
    )
    learnt: dict[Repository, list[Tag]] = {}
    for (repository, name), found in looked_up.items():
        if isinstance(found, CmpError):
            summary.problem(found, repository=repository, tag=name)
        else:
            learnt.setdefault(repository, []).append(found)
    return new | {r: with_tags(new[r], tags) for r, tags in learnt.items()}


def _decide(
    plans: tuple[ApplicationPlan, ...],
    new: Mapping[Repository, Snapshot],
    known: Mapping[str, Known],
) -> dict[tuple[str, int, str], Outcome]:
    return {
        (plan.instance, number, image.alias): decide_image(
            image, new.get(image.repository), known[plan.instance].decision(source, image.alias)
        )
        for plan in plans
        for number, source in enumerate(plan.sources)
        for image in source.image_list.images
    }


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


@dataclass(frozen=True, slots=True)
class _Publication:
    """Everything that one pass may change in the store."""

    plans: tuple[ApplicationPlan, ...]
    outcomes: Outcomes
    known: Mapping[str, Known]
    new: Mapping[Repository, Snapshot]
    old: Mapping[Repository, Snapshot]
    manifest: Manifest | None
    """Of the last publication; without one this begins a new life of the store."""


def _publish(store: Store, publication: _Publication, now: datetime) -> None:
    """Write what changed, documents first and the manifest last."""
    manifest = publication.manifest
    generation = (manifest.generation if manifest else 0) + 1
    changed = False
    for repository, snapshot in publication.new.items():
        before = publication.old.get(repository)
        if snapshot == before:
            continue  # it could not be listed
        if before is None or before.tags != snapshot.tags:
            changed = True
            snapshot = replace(snapshot, generation=generation)  # noqa: PLW2901
        store.put_snapshot(snapshot)
    for plan in publication.plans:
        fresh = _record(plan, publication, now)
        known = publication.known[plan.instance]
        history = _history(fresh, known)
        if history != known.history:
            store.put_history(plan.instance, history)
        if fresh.sources != (known.record.sources if known.record else ()):
            changed = True
            store.put_application(fresh._replace(generation=generation))
    store.put_manifest(
        Manifest(
            epoch=manifest.epoch if manifest else str(uuid4()),
            generation=generation if changed or manifest is None else manifest.generation,
            time=now,
            complete=True,
        )
    )


def _record(plan: ApplicationPlan, publication: _Publication, now: datetime) -> ApplicationRecord:
    sources = []
    for number, source in enumerate(plan.sources):
        decisions = {}
        if source.problem:
            decisions = _decisions_before(publication.known[plan.instance], source)
        for image in source.image_list.images:
            outcome = publication.outcomes[plan.instance, number, image.alias]
            recorded = record(outcome, plan.instance, now)
            if recorded:
                decisions[image.alias] = recorded
        sources.append(
            SourceRecord(source.source.id, source.annotations, source.parameters, decisions)
        )
    return ApplicationRecord(plan.instance, plan.application, tuple(sources))


def _decisions_before(known: Known, source: SourcePlan) -> dict[str, Recorded]:
    """Return what was decided before a policy became unreadable: it stands until it is mended."""
    for recorded in known.record.sources if known.record else ():
        if recorded.source == source.source.id:
            return dict(recorded.decisions)
    return {}


def _history(fresh: ApplicationRecord, known: Known) -> History:
    history = known.history or {}
    for source in fresh.sources:
        history = extended(history, source.decisions)
    return history
