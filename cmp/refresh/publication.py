"""Publishing what a pass came to: documents first, the manifest last."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from cmp.core.image import Repository
from cmp.core.people import Instruction
from cmp.core.record import ApplicationRecord, History, Recorded, SourceRecord
from cmp.core.snapshot import Snapshot
from cmp.index import Manifest
from cmp.index.protocols import IndexWriter
from cmp.refresh.decisions import Outcomes, extended, record
from cmp.refresh.known import Known, history_key
from cmp.refresh.plan import ApplicationPlan, SourcePlan
from cmp.refresh.state import State


@dataclass(frozen=True, slots=True)
class Publication:
    """Everything that one pass may change."""

    plans: tuple[ApplicationPlan, ...]
    outcomes: Outcomes
    known: Mapping[str, Known]
    new: Mapping[Repository, Snapshot]
    old: Mapping[Repository, Snapshot]
    manifest: Manifest | None
    """Of the last publication; without one this begins a new life of the store."""
    complete: bool
    forgotten: frozenset[tuple[str, str]] = frozenset()
    """Documents to delete, by kind and identity."""


def publish(
    index: IndexWriter, state: State, publication: Publication, now: datetime
) -> Mapping[str, ApplicationRecord]:
    """Write what changed and return all records, by instance.

    First the state, so that nothing is ever rendered that could be forgotten; then the
    documents; the manifest last.
    """
    manifest, last = publication.manifest, _last_generation(publication)
    records = {plan.instance: _record(plan, publication, now) for plan in publication.plans}
    state.put_histories(_new_histories(publication, records))
    index.begin()
    changed = manifest is None or bool(publication.forgotten)
    if publication.forgotten:
        index.forget(sorted(publication.forgotten), last + 1, now)
    for repository, snapshot in publication.new.items():
        before = publication.old.get(repository)
        if snapshot == before:
            continue  # it could not be listed
        same = before is not None and before.tags == snapshot.tags
        changed |= not same
        index.put_snapshot(snapshot if same else replace(snapshot, generation=last + 1))
    for plan in publication.plans:
        fresh = records[plan.instance]
        known = publication.known[plan.instance]
        recorded = known.record or ApplicationRecord(plan.instance, plan.application, ())
        if known.is_torn or fresh._replace(generation=recorded.generation) != recorded:
            changed = True
            index.put_application(fresh._replace(generation=last + 1))
    index.put_manifest(
        Manifest(
            epoch=manifest.epoch if manifest else str(uuid4()),
            generation=last + changed,
            time=now,
            complete=publication.complete,
        )
    )
    return records


def _new_histories(
    publication: Publication, records: Mapping[str, ApplicationRecord]
) -> dict[str, History]:
    histories = {}
    for plan in publication.plans:
        known = publication.known[plan.instance]
        history = _history(plan, records[plan.instance], known)
        if history != known.history or publication.manifest is None:
            histories[plan.instance] = history
    return histories


def _last_generation(publication: Publication) -> int:
    """Return the highest number used so far.

    A pass that was killed has left documents of a generation that the manifest does not
    know; the same number must not stand for two contents.
    """
    documents = [snapshot.generation for snapshot in publication.old.values()]
    documents += [k.record.generation for k in publication.known.values() if k.record]
    manifest = publication.manifest
    return max([*documents, manifest.generation if manifest else 0])


def _record(plan: ApplicationPlan, publication: Publication, now: datetime) -> ApplicationRecord:
    sources = []
    for number, source in enumerate(plan.sources):
        decisions: dict[str, Recorded] = {}
        instructions = dict[str, Instruction]()
        if source.problem:
            decisions = _decisions_before(publication.known[plan.instance], source)
        for image in source.image_list.images:
            outcome = publication.outcomes[plan.instance, number, image.alias]
            recorded = record(outcome, plan.instance, now)
            if recorded:
                decisions[image.alias] = recorded
            if outcome.instruction:
                instructions[image.alias] = outcome.instruction
        sources.append(
            SourceRecord(
                source.source.id, source.annotations, source.parameters, decisions, instructions
            )
        )
    return ApplicationRecord(plan.instance, plan.application, tuple(sources))


def _decisions_before(known: Known, source: SourcePlan) -> dict[str, Recorded]:
    """Return what was decided before a policy became unreadable: it stands until it is mended."""
    for recorded in known.record.sources if known.record else ():
        if recorded.source == source.source.id:
            return dict(recorded.decisions)
    return {}


def _history(plan: ApplicationPlan, fresh: ApplicationRecord, known: Known) -> History:
    history = known.history or {}
    for source, recorded in zip(plan.sources, fresh.sources, strict=True):
        decisions = {
            history_key(plan, source, alias): decision
            for alias, decision in recorded.decisions.items()
        }
        history = extended(history, decisions)
    return history
