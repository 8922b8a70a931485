"""COMMAND  A source directory to manifests, with the chosen images in them.

Runs where Argo CD generates manifests: no network, no credentials. Either the whole
output or none of it reaches standard output.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from cmp import renderers
from cmp.core.image_list import read_image_list
from cmp.core.injection import Choice
from cmp.core.keys import IMAGE_LIST, is_policy_key, nearest_key
from cmp.errors import (
    IndexUnavailable,
    InvalidApplication,
    InvalidPolicy,
    InvalidSource,
    RenderRefused,
)
from cmp.index import open_reader
from cmp.renderers.paths import repository_root
from cmp.settings import DEFAULT_INDEX, RenderRequest, setting

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping
    from datetime import datetime

    from cmp.core.image_list import ManagedImage
    from cmp.core.record import ApplicationRecord, Recorded, SourceRecord
    from cmp.index import Manifest
    from cmp.index.protocols import IndexReader

_STALE_AFTER = timedelta(hours=1)


class Chosen(NamedTuple):
    """What goes into the render, and what a person should hear about it."""

    choices: tuple[Choice, ...]
    notes: tuple[str, ...]
    allow_empty: bool


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "directory",
        metavar="DIR",
        nargs="?",
        help="the application's source directory (default: this one, or the path that the "
        "Application names below it)",
    )
    parser.add_argument("--index", metavar="URL", help=f"the index (default: {DEFAULT_INDEX})")
    parser.add_argument(
        "--application", metavar="FILE", help="an Application manifest, where Argo CD is not"
    )
    parser.add_argument(
        "--diff",
        action="store_true",
        help="print the difference between Git's images and the chosen ones instead",
    )


def main(args: Namespace, env: Mapping[str, str], now: datetime) -> int:
    """Render what ``args`` and the environment ask for, and print it."""
    application = getattr(args, "application", None)
    directory = getattr(args, "directory", None)
    annotations: Mapping[str, str] | None = None
    if application:
        request, annotations = _from_file(application, env)
        directory = directory or _source_directory(request)
    else:
        request = RenderRequest.from_environment(env)
    url = setting(getattr(args, "index", None), env, "CMP_INDEX", DEFAULT_INDEX)
    try:
        chosen = choose(request, open_reader(url), now, annotations)
    except IndexUnavailable as error:
        raise error.within(f"index {url}") from None
    for note in chosen.notes:
        print(f"note: {note}", file=sys.stderr)  # noqa: T201 - a note to a person
    output = _render(request, directory or os.getcwd(), chosen, env)
    if getattr(args, "diff", False):
        git = _render(request, directory or os.getcwd(), Chosen((), (), chosen.allow_empty), env)
        output = _diff(git, output)
    sys.stdout.buffer.write(output)
    sys.stdout.buffer.flush()
    return 0


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
    for image in image_list.images:
        recorded = record.decisions.get(image.alias) if record else None
        choice, remarks = _choose_image(image, recorded, reader)
        notes += remarks
        if choice:
            choices.append(choice)
    return Chosen(tuple(choices), tuple(notes), _is_true(keys, "allow-empty"))


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
        elif not name.startswith(tuple(f"{kind}." for kind in renderers.RENDERERS)):
            raise InvalidSource(f"no parameter {name!r}{nearest_key(name, ())}", where="parameters")
    return keys


def _choose_image(
    image: ManagedImage, recorded: Recorded | None, reader: IndexReader
) -> tuple[Choice | None, tuple[str, ...]]:
    if recorded and recorded.repository != image.repository:
        recorded = None  # the owner moved the image: the old choice says nothing of the new place
    if recorded and recorded.fingerprint == image.policy.fingerprint():
        return _recorded_choice(image, recorded)
    return _decide_image(image, recorded, reader)


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
    from cmp.core.decide import Selection, decide

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


def _is_true(keys: Mapping[str, str], name: str) -> bool:
    value = keys.get(name, "").strip().lower()
    if value not in ("", "true", "false"):
        raise InvalidPolicy(f"{value!r} is neither true nor false", where=name)
    return value == "true"


def _render(
    request: RenderRequest, directory: str, chosen: Chosen, env: Mapping[str, str]
) -> bytes:
    directory = os.path.abspath(directory)
    kind = _kind(request, directory)
    options = [name for name in request.parameters if not is_policy_key(name)]
    renderers.check_options(kind, options)
    job = renderers.Job(
        directory=directory,
        root=repository_root(directory, request.source.path),
        request=request,
        choices=chosen.choices,
        env=env,
    )
    output = renderers.renderer(kind).render(job)
    if not chosen.allow_empty and _is_empty(output):
        raise RenderRefused(
            "nothing was rendered, and Argo CD would delete what runs; "
            "set allow-empty to true if that is meant",
            where=kind,
        )
    return output


def _kind(request: RenderRequest, directory: str) -> str:
    try:
        found = renderers.detect(os.listdir(directory))
    except OSError as error:
        raise InvalidSource(f"cannot be read: {error.strerror}", where=directory) from error
    if found is None:
        raise InvalidSource(
            f"no chart and no kustomization in {request.source.path or directory!r}: there is no "
            "Chart.yaml and no kustomization.yaml; check the source's path "
            "(plain directories are not supported yet)"
        )
    explicit = (
        kind
        for kind in renderers.RENDERERS
        for name in request.parameters
        if name.startswith(f"{kind}.") and not is_policy_key(name)
    )
    # An option decides, as an explicit helm or kustomize section does natively.
    return next(explicit, found)


def _is_empty(output: bytes) -> bool:
    """Tell whether Argo CD would find no object in ``output``, and delete what runs.

    It drops empty documents and takes a List for its items (argo-cd, util/kube). Nearly
    every output has a line that settles it; the others are parsed.
    """
    for line in output.split(b"\n"):
        if line.startswith(b"kind: ") and not line.startswith(b"kind: List"):
            return False
    return not any(_holds_object(document) for document in _documents(output))


def _documents(output: bytes) -> list[object]:
    import yaml

    try:
        return list(yaml.safe_load_all(output))
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise RenderRefused(f"what was rendered is not YAML: {reason}") from error


def _holds_object(document: object) -> bool:
    if isinstance(document, dict) and isinstance(document.get("items"), list):
        return any(_holds_object(item) for item in document["items"])
    return bool(document)


def _from_file(path: str, env: Mapping[str, str]) -> tuple[RenderRequest, Mapping[str, str]]:
    from cmp.manifest_file import read_application

    application = read_application(path)
    source = application.policy_source
    if source is None:
        raise InvalidApplication("no source of it is rendered by image-cmp or natively", where=path)
    request = RenderRequest.from_application(application, source, env)
    return request, application.policy(source)


def _source_directory(request: RenderRequest) -> str:
    """Return where the source is when a person stands in the repository's root, or in it."""
    here = os.getcwd()
    path = os.path.normpath(request.source.path or ".")
    if os.path.isabs(path) or path.startswith(".."):
        raise InvalidApplication(
            f"{request.source.path!r} leads out of the repository", where="spec.source.path"
        )
    if path == "." or here.endswith(os.sep + path):
        return here
    if os.path.isdir(os.path.join(here, path)):
        return os.path.join(here, path)
    raise InvalidApplication(
        f"there is no {path} in {here}; go to the repository's root, or name the source's "
        "directory: render DIR --application FILE"
    )


def _diff(git: bytes, chosen: bytes) -> bytes:
    from difflib import unified_diff

    lines = unified_diff(
        git.decode(errors="replace").splitlines(keepends=True),
        chosen.decode(errors="replace").splitlines(keepends=True),
        "images as in Git",
        "images as chosen",
    )
    return "".join(lines).encode()
