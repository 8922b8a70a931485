"""What the spec of a native Application is to have, or why it is left alone.

The rules are argocd-image-updater's (reference/image-updater.md §3 and §5), but for these: an
Application that does not sync by itself is left alone (design §6), and an image counts as live
when Argo CD says that it runs, or that its last sync applied it.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from cmp.core.image import Image, Repository
from cmp.core.image_list import ManagedImage
from cmp.core.injection import Choice
from cmp.core.keys import FORCE_UPDATE, REQUIRE_AUTO_SYNC
from cmp.core.policy import is_true
from cmp.core.write_back import GIT, native_method, requires_auto_sync
from cmp.errors import CmpError, InvalidImage
from cmp.refresh.native_spec import KINDS, Source, says_otherwise, with_choices
from cmp.refresh.observed import Observed
from cmp.refresh.plan import ApplicationPlan, SourcePlan
from cmp.refresh.running import runs
from cmp.refresh.update_log import Updated
from cmp.refresh.wanted import Wanted, WantedImage


class Write(NamedTuple):
    """Its spec is to be another."""

    sources: tuple[Source, ...]
    updates: tuple[Updated, ...]
    decisions: str
    """Their ids."""


class Keep(NamedTuple):
    """Its spec is as it is to be."""

    absent: tuple[str, ...] = ()
    """Images that it does not get, for Argo CD lists none of their repositories."""


class Leave(NamedTuple):
    """It is not updated."""

    why: str
    is_mistake: bool = False
    """Its owner wrote what cannot be."""


class Commit(NamedTuple):
    """Its repository is to be another."""

    wanted: Wanted
    updates: tuple[Updated, ...]

    @property
    def decisions(self) -> str:
        """Their ids."""
        return self.wanted.decisions


Wish = Write | Commit | Keep | Leave


class Part(NamedTuple):
    """An image that a source is to have."""

    number: int
    """Of the source, in the spec."""
    managed: ManagedImage
    wanted: WantedImage


def wish(app: Observed, plan: ApplicationPlan, wanted: Wanted) -> Wish:
    """Return what is to become of a native Application that has a policy."""
    try:
        return _wish(app, plan, wanted)
    except CmpError as error:
        return Leave(str(error), is_mistake=True)


def _wish(app: Observed, plan: ApplicationPlan, wanted: Wanted) -> Wish:
    annotations = app.application.annotations
    found = native_method(annotations)
    for problem in filter(None, (source.problem for source in plan.sources)):
        raise problem
    if not app.sync.automated and requires_auto_sync(annotations):
        return Leave(
            "it does not sync by itself; set spec.syncPolicy.automated, or the annotation "
            f'{REQUIRE_AUTO_SYNC}: "false"'
        )
    parts = list(_parts(app, plan, wanted))
    live = [part for part in parts if _live(app, part.managed) or _is_forced(part.managed)]
    # While a sync runs Argo CD does not list what it has synced.
    gone = [part for part in parts if part not in live] if app.operation.is_over else []
    absent = tuple(part.wanted.reference for part in gone)
    images = [part.wanted for part in live]
    updates = tuple(filter(None, (_update(app, part, images) for part in live)))
    if found == GIT:
        # As argocd-image-updater has it: what runs already need not stand in a file.
        whole = replace(wanted, images=tuple(images))
        return Commit(whole, updates) if updates else Keep(absent)
    for number in {part.number for part in live}:
        if why := _why_unsupported(app.application.sources[number].kind):
            return Leave(why)
    sources = _with(app, live)
    # As argocd-image-updater has it: what runs already need not stand in the spec. But nothing
    # else may, as after a rollback: the next sync would bring that.
    if sources == app.sources or (runs(app, images) and not _says_otherwise(app, sources)):
        return Keep(absent)
    return Write(sources, updates, ",".join(image.decision.id for image in images))


def _parts(app: Observed, plan: ApplicationPlan, wanted: Wanted) -> Iterator[Part]:
    """Yield the images of which something is decided, in the order of the image-list."""
    decided = {(image.source, image.alias): image for image in wanted.images}
    for source in plan.sources:
        number = _number(app, source)
        for managed in source.image_list.images if number is not None else ():
            found = decided.get((source.source.id, managed.alias))
            if found and number is not None:
                yield Part(number, managed, found)


def _number(app: Observed, source: SourcePlan) -> int | None:
    """Return which source of the spec is meant; None where it is not there any more."""
    sources = app.application.sources
    return sources.index(source.source) if source.source in sources else None


def _is_forced(managed: ManagedImage) -> bool:
    return is_true({FORCE_UPDATE: managed.force_update}, FORCE_UPDATE)


def _why_unsupported(kind: str) -> str:
    if kind in KINDS:
        return ""
    if not kind:
        return "Argo CD has not rendered it yet, and so has not said what it is"
    return f"Argo CD renders it as {kind}; only {' and '.join(KINDS)} take images"


def _with(app: Observed, parts: Sequence[Part]) -> tuple[Source, ...]:
    return tuple(
        with_choices(
            manifest,
            app.application.sources[number].kind,
            [
                Choice(part.managed, part.wanted.decision.tag, part.wanted.decision.digest)
                for part in parts
                if part.number == number
            ],
        )
        for number, manifest in enumerate(app.sources)
    )


def _says_otherwise(app: Observed, sources: Sequence[Source]) -> bool:
    triples = zip(app.sources, sources, app.application.sources, strict=True)
    return any(
        before != after and says_otherwise(before, after, source.kind)
        for before, after, source in triples
    )


def _update(app: Observed, part: Part, images: Sequence[WantedImage]) -> Updated | None:
    """Return what is said of an image, or None of one that runs already."""
    image = part.wanted
    same = [other for other in images if other.repository == image.repository]
    if runs(app, same):
        return None
    before = current(image, _live(app, part.managed))
    name = str(before) if before else image.repository.written
    return Updated(image.name, name, image.reference) if name != image.reference else None


def current(image: WantedImage, live: Sequence[Image]) -> Image | None:
    """Return which of the live images is to be another: of the same tag, if there is one."""
    others = [found for found in live if not image.is_among((found,))]
    same_tag = [found for found in others if found.tag == image.decision.tag]
    return next(iter(same_tag or others or live), None)


def _live(app: Observed, managed: ManagedImage) -> tuple[Image, ...]:
    """Return what is live of an image, by the name that the manifests have for it, too."""
    repositories = [managed.repository]
    if name := managed.target.kustomize_name:
        with suppress(InvalidImage):
            repositories.insert(0, Repository.parse(name))
    return tuple(image for repository in repositories for image in app.seen(repository))
