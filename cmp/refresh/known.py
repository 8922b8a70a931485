"""What is known of an Application before a pass: the floor of its decisions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from cmp.core.image_list import ManagedImage
from cmp.core.record import ApplicationRecord, History, Recorded, SourceRecord, shared_name
from cmp.errors import CmpError, IndexTorn
from cmp.index.protocols import IndexReader
from cmp.refresh.plan import ApplicationPlan, SourcePlan
from cmp.refresh.state import State

_T = TypeVar("_T")

Report = Callable[[CmpError], object]


@dataclass(frozen=True, slots=True)
class Known:
    """An Application's record and history; None where one is torn or was never written."""

    record: ApplicationRecord | None
    history: History | None
    is_torn: bool = False
    """The record is there, and not whole."""

    @property
    def is_lost(self) -> bool:
        """Tell whether something was chosen that cannot be read any more.

        Nothing is decided then: without a floor any choice could be a step back.
        """
        return self.is_torn and not self.history

    def decision(
        self, plan: ApplicationPlan, source: SourcePlan, image: ManagedImage
    ) -> Recorded | None:
        """Return the decision in force for an image of a source.

        A source whose revision or path was changed, and an image that was given another
        alias, are what they were before: what was chosen for them still is the floor.
        """
        recorded = self.record.sources if self.record else ()
        planned = [other.source.id for other in plan.sources]
        moved = (other for other in recorded if other.source not in planned)
        same_place = (s for s in recorded if s.source.same_place(source.source.id))
        candidates = (*_exactly(recorded, source), *same_place, *moved)
        past = (self.history or {}).get(history_key(plan, source, image.alias), ())
        by_alias = (before.decisions.get(image.alias) for before in candidates)
        renamed = (before.renamed(image, source.image_list.images) for before in candidates)
        # An alias may be another image's now: what was chosen for that says nothing here.
        return next(
            (
                found
                for found in (*by_alias, *past[:1], *renamed)
                if found and found.repository == image.repository
            ),
            None,
        )


def known_of(index: IndexReader, state: State, instance: str, report: Report) -> Known:
    """Read what is known of an Application; a torn document is reported.

    Raises `IndexUnavailable` when a document is there and cannot be read at all: that is
    no reason to write another in its place.
    """
    history = whole(partial(state.history, instance), report)
    try:
        return Known(index.application(instance), history)
    except IndexTorn as error:
        known = Known(None, history, is_torn=True)
        if known.is_lost:
            error.message += "; nor is there a history, so nothing is decided for it: remove both"
        report(error)
        return known


def whole(read: Callable[[], _T | None], report: Report) -> _T | None:
    """Return a document of the store; a torn one is reported, and then written anew."""
    try:
        return read()
    except IndexTorn as error:
        report(error)
        return None


def history_key(plan: ApplicationPlan, source: SourcePlan, alias: str) -> str:
    """Return the name of an image in the history: its alias, where only one source has it."""
    owners = [
        other
        for other in plan.sources
        if any(image.alias == alias for image in other.image_list.images)
    ]
    return alias if len(owners) < 2 else shared_name(source.source.id, alias)  # noqa: PLR2004 - one owner, or none


def _exactly(recorded: tuple[SourceRecord, ...], source: SourcePlan) -> tuple[SourceRecord, ...]:
    return tuple(other for other in recorded if other.source == source.source.id)
