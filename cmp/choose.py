"""What is to be rendered for each image of a source: the table of design §3."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.image_list import read_image_list
from cmp.core.injection import Choice
from cmp.core.keys import IMAGE_LIST, IMAGE_LOCK, OWN_PARAMETERS, is_policy_key, nearest_key
from cmp.core.policy import is_true
from cmp.errors import IndexUnavailable, InvalidApplication, InvalidPolicy, InvalidSource
from cmp.renderers import RENDERERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cmp.core.image_list import ManagedImage
    from cmp.core.lock import Locked
    from cmp.core.record import ApplicationRecord, Recorded, SourceRecord
    from cmp.index import Manifest
    from cmp.index.protocols import IndexReader
    from cmp.settings import RenderRequest

_STALE_AFTER = timedelta(hours=1)


class Chosen(NamedTuple):
    """What goes into the render, and what a person should hear about it."""

    choices: tuple[Choice, ...]
    notes: tuple[str, ...]
    allow_empty: bool


def choose(
    request: RenderRequest,
    reader: IndexReader,
    now: datetime,
    annotations: Mapping[str, str] | None = None,
) -> Chosen:
    """Choose the images of one source, as the table of design §3 says.

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
    choices = []
    aliases = [image.alias for image in image_list.images]
    locked = _locks(request)
    notes += [f"{IMAGE_LOCK}: no image is called {a!r}" for a in locked if a not in aliases]
    for image in image_list.images:
        if lock := locked.get(image.alias):
            choices.append(Choice(image, lock.tag, lock.digest))
            continue
        recorded = record.decisions.get(image.alias) if record else None
        if record and (recorded is None or recorded.repository != image.repository):
            recorded = record.renamed(image, image_list.images)
        choice, remarks = _choose_image(image, recorded, reader)
        notes += remarks
        if choice:
            choices.append(choice)
    return Chosen(tuple(choices), tuple(notes), is_true(keys, "allow-empty"))


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


def _locks(request: RenderRequest) -> Mapping[str, Locked]:
    """Return the images that are given: before all others, whatever is recorded."""
    if IMAGE_LOCK not in request.parameters:
        return {}
    from cmp.core.lock import parse_lock

    return parse_lock(request.parameters[IMAGE_LOCK])


def _choose_image(
    image: ManagedImage, recorded: Recorded | None, reader: IndexReader
) -> tuple[Choice | None, tuple[str, ...]]:
    if recorded and recorded.repository != image.repository:
        recorded = None  # the owner moved the image: the old choice says nothing of the new place
    if recorded and recorded.fingerprint == image.policy.fingerprint():
        return _recorded_choice(image, recorded)
    if (image.policy.group or image.window) and not image.policy.pin:
        return _as_it_was(image, recorded)
    return _decide_image(image, recorded, reader)


def _as_it_was(
    image: ManagedImage, recorded: Recorded | None
) -> tuple[Choice | None, tuple[str, ...]]:
    """Leave to the refresher what a render cannot tell: the time, and what others of a group do."""
    what = f"group {image.policy.group}" if image.policy.group else "its update-window"
    waits = f"image {image.alias}: waits for the refresher to decide, as {what} allows"
    if recorded is None or not recorded.tag:
        return None, (f"{waits}; it is Git's",)
    return Choice(image, recorded.tag, recorded.digest), (f"{waits}; {recorded.tag} is held",)


def _recorded_choice(
    image: ManagedImage, recorded: Recorded
) -> tuple[Choice | None, tuple[str, ...]]:
    if not recorded.tag:
        return None, (f"image {image.alias}: {recorded.held}; it is Git's",)
    notes = _held_note(image, recorded.tag, recorded.held)
    return Choice(image, recorded.tag, recorded.digest), notes


def _held_note(image: ManagedImage, tag: str, held: str) -> tuple[str, ...]:
    return (f"image {image.alias}: {tag} is held: {held}",) if held else ()


def _decide_image(
    image: ManagedImage, recorded: Recorded | None, reader: IndexReader
) -> tuple[Choice | None, tuple[str, ...]]:
    """Decide here, by the refresher's own code: its record is of another policy, or missing."""
    from cmp.core.decide import decide
    from cmp.core.selection import Selection

    snapshot = reader.snapshot(image.repository)
    try:
        if snapshot is None:
            Selection.of(image.policy)
            return _without_snapshot(image, recorded)
        decision = decide(image.policy, image.repository, snapshot, recorded)
    except InvalidPolicy as error:
        raise error.within(f"image {image.alias}") from None
    if decision.tag is None:
        return None, (f"image {image.alias}: {decision.why}; it is Git's",)
    notes = _held_note(image, decision.tag, decision.held)
    return Choice(image, decision.tag, decision.digest or ""), notes


def _without_snapshot(
    image: ManagedImage, recorded: Recorded | None
) -> tuple[Choice | None, tuple[str, ...]]:
    missing = f"image {image.alias}: {image.repository} is not in the index yet"
    if recorded is None or not recorded.tag:
        return None, (f"{missing}; it is Git's",)
    return Choice(image, recorded.tag, recorded.digest), (f"{missing}; {recorded.tag} is held",)
