"""What is to be rendered for each image of a source: the table of design §3."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.image_list import read_image_list
from cmp.core.injection import Choice
from cmp.core.keys import (
    GIT_BRANCH,
    IMAGE_LIST,
    IMAGE_LOCK,
    OWN_PARAMETERS,
    PULL_REQUEST,
    WRITE_BACK_METHOD,
    is_policy_key,
    lock_file_name,
    nearest_key,
)
from cmp.core.policy import is_true
from cmp.errors import IndexUnavailable, InvalidApplication, InvalidPolicy, InvalidSource
from cmp.renderers import RENDERERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cmp.core.image_list import ManagedImage
    from cmp.core.lock import LockFile
    from cmp.core.record import ApplicationRecord, Recorded, SourceRecord
    from cmp.index import Manifest
    from cmp.index.protocols import IndexReader
    from cmp.locks import Locks
    from cmp.settings import RenderRequest

_STALE_AFTER = timedelta(hours=1)


class Outcome(NamedTuple):
    """What is to be rendered for one image, and why."""

    image: ManagedImage
    choice: Choice | None
    """None where the image is Git's."""
    why: str
    since: datetime | None = None
    """Of what is recorded."""
    notes: tuple[str, ...] = ()
    """What a person should hear about it."""
    by: str = ""
    """``person`` where one told the refresher so."""


class Chosen(NamedTuple):
    """What goes into the render, and what a person should hear about it."""

    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]
    allow_empty: bool
    keys: Mapping[str, str]
    """The policy: annotations under parameters."""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What goes into the render."""
        return tuple(o.choice for o in self.outcomes if o.choice)


def choose(
    request: RenderRequest,
    directory: str,
    reader: IndexReader,
    now: datetime,
    annotations: Mapping[str, str] | None = None,
) -> Chosen:
    """Choose the images of one source in ``directory``, as the table of design §3 says.

    ``annotations`` are the policy keys of an Application at hand; without them the record's
    apply, for Argo CD passes a plugin no annotations.
    """
    notes = list(_index_notes(reader.manifest(), now))
    record = _record(reader.application(request.instance), request)
    parameters = _policy_parameters(request)
    if annotations is None:
        annotations = record.annotations if record else {}
    keys = {**annotations, **parameters}
    image_list = read_image_list(keys)
    notes += image_list.notes
    if not image_list.images:
        notes.append(
            f"application {request.instance}: neither its parameters nor the index have an "
            "image-list for it, so its images are Git's"
        )
    locks = _locks(request, directory, keys)
    if locks:
        notes += locks.strangers([image.alias for image in image_list.images])
    outcomes = []
    for image in image_list.images:
        recorded = _recorded(image, image_list.images, record)
        given = locks.given(image, recorded, reader) if locks else None
        if given:
            outcomes.append(Outcome(image, given.choice, f"as {given.by} says"))
        else:
            outcomes.append(_choose_image(image, recorded, reader))
        notes += outcomes[-1].notes
    if locks and locks.file:
        notes += _file_notes(locks.file, outcomes)
    return Chosen(tuple(outcomes), tuple(notes), is_true(keys, "allow-empty"), keys)


def _index_notes(manifest: Manifest | None, now: datetime) -> tuple[str, ...]:
    if manifest is None or not manifest.complete:
        state = "nothing was ever published there" if manifest is None else "it is not complete"
        raise IndexUnavailable(
            f"cannot be used: {state}; wait for the refresher's first full pass, "
            "or run `refresh --once`"
        )
    age = now - manifest.time
    if age > _STALE_AFTER:
        return (f"the index is {_duration(age)} old; is the refresher running?",)
    return ()


def _duration(age: timedelta) -> str:
    hours = int(age.total_seconds()) // 3600
    return f"{hours // 24} days" if hours >= 48 else f"{hours} h"  # noqa: PLR2004 - two days


def _record(record: ApplicationRecord | None, request: RenderRequest) -> SourceRecord | None:
    """Return the record of the source that Argo CD asks for.

    A source whose target revision was just changed is still the same source. One that is
    not recorded although its Application is may be seconds ahead of the refresher: what is
    allowed and chosen for it cannot be told, and Git's images could be a step back.
    """
    if record is None or not record.sources:
        return None
    asked = request.source
    found = [s for s in record.sources if s.source.same_place(asked)]
    exact = [s for s in found if s.source.target_revision == asked.target_revision]
    if len(exact or found) > 1:
        first, second = (exact or found)[:2]
        raise InvalidApplication(
            f"two sources cannot be told apart: {first.source} and {second.source}; "
            "change the path or the target revision of one",
            where=f"application {request.instance}",
        )
    if not found and IMAGE_LIST not in request.parameters:
        known = ", ".join(str(source.source) for source in record.sources)
        raise IndexUnavailable(
            f"application {request.instance} is recorded with {known}, and not with {asked} yet; "
            "wait for the refresher, or run `refresh --once`"
        )
    return next(iter(exact or found), None)


def _policy_parameters(request: RenderRequest) -> dict[str, str]:
    keys = {}
    for name, value in request.parameters.items():
        if is_policy_key(name):
            if not isinstance(value, str):
                raise InvalidApplication("give it as string", where=f"parameter {name}")
            keys[name] = value
        elif name not in OWN_PARAMETERS and not name.startswith(
            tuple(f"{kind}." for kind in RENDERERS)
        ):
            raise InvalidSource(f"no parameter {name!r}{nearest_key(name, ())}", where="parameters")
    return keys


def _locks(request: RenderRequest, directory: str, keys: Mapping[str, str]) -> Locks | None:
    """Return the images that are given, or None where none is: as nearly always."""
    file = os.path.join(directory, lock_file_name(request.instance))
    has_file = os.path.lexists(file)
    is_proposed = not has_file and _is_proposed(keys)
    if not has_file and not is_proposed and IMAGE_LOCK not in request.parameters:
        return None
    from cmp.locks import Locks

    return Locks.of(request, directory, has_file=has_file, is_proposed=is_proposed)


def _is_proposed(keys: Mapping[str, str]) -> bool:
    """Tell whether others merge what is decided: until they do, it is not to be rendered."""
    if not keys.get(WRITE_BACK_METHOD, "").strip().startswith("git"):
        return False
    return bool(keys.get(PULL_REQUEST, "").strip()) or ":" in keys.get(GIT_BRANCH, "")


def _recorded(
    image: ManagedImage, images: tuple[ManagedImage, ...], record: SourceRecord | None
) -> Recorded | None:
    """Return what was decided before: of this repository, for the image may have moved."""
    if record is None:
        return None
    recorded = record.decisions.get(image.alias)
    if recorded is None or recorded.repository != image.repository:
        return record.renamed(image, images)
    return recorded


def _choose_image(image: ManagedImage, recorded: Recorded | None, reader: IndexReader) -> Outcome:
    if recorded and (recorded.by or recorded.fingerprint == image.policy.fingerprint()):
        if not recorded.tag:
            return _gits(image, recorded.held)
        return _kept(image, recorded)
    if (image.policy.group or image.window) and not image.policy.pin:
        # Left to the refresher: a render cannot tell the time, nor what others of a group do.
        what = f"group {image.policy.group}" if image.policy.group else "its update-window"
        return _as_it_was(image, recorded, f"waits for the refresher to decide, as {what} allows")
    return _decide_image(image, recorded, reader)


def _decide_image(image: ManagedImage, recorded: Recorded | None, reader: IndexReader) -> Outcome:
    """Decide here, by the refresher's own code: its record is of another policy, or missing."""
    from cmp.core.decide import decide
    from cmp.core.selection import Selection

    snapshot = reader.snapshot(image.repository)
    try:
        if snapshot is None:
            Selection.of(image.policy)
            return _as_it_was(image, recorded, f"{image.repository} is not in the index yet")
        decision = decide(image.policy, image.repository, snapshot, recorded)
    except InvalidPolicy as error:
        raise error.within(f"image {image.alias}") from None
    if decision.tag is None:
        return _gits(image, decision.why)
    choice = Choice(image, decision.tag, decision.digest or "")
    return Outcome(image, choice, decision.why, notes=_held_note(choice, decision.held))


def _as_it_was(image: ManagedImage, recorded: Recorded | None, reason: str) -> Outcome:
    if recorded is None or not recorded.tag:
        return _gits(image, reason)
    note = f"image {image.alias}: {reason}; {recorded.tag} is held"
    return _kept(image, recorded)._replace(notes=(note,))


def _gits(image: ManagedImage, reason: str) -> Outcome:
    return Outcome(image, None, reason, notes=(f"image {image.alias}: {reason}; it is Git's",))


def _kept(image: ManagedImage, recorded: Recorded) -> Outcome:
    choice = Choice(image, recorded.tag, recorded.digest)
    notes = _held_note(choice, recorded.held)
    return Outcome(image, choice, recorded.why, recorded.since, notes, recorded.by)


def _held_note(choice: Choice, held: str) -> tuple[str, ...]:
    return (f"image {choice.image.alias}: {choice.tag} is held: {held}",) if held else ()


def _file_notes(file: LockFile, outcomes: list[Outcome]) -> list[str]:
    from cmp.core.lock import listed

    why = f"as {file.name} says"
    aliases = {o.image.alias: o.choice is not None for o in outcomes if o.why == why}
    here = [alias for alias, is_there in aliases.items() if is_there]
    notes = [
        f"image {a}: {file.name} does not have it; it is Git's" for a in aliases if a not in here
    ]
    return [*notes, f"{why}: {listed(here)}"] if here else notes
