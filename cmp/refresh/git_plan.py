"""What is to be written to Git of one Application: which files of which branches, as values."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from cmp.core.application import PLUGIN, Source
from cmp.core.image import Image
from cmp.core.image_list import read_image_list
from cmp.core.injection import Choice
from cmp.core.keys import GIT_BRANCH, GIT_REPOSITORY, PULL_REQUEST, WRITE_BACK_TARGET
from cmp.core.lock import Locked
from cmp.core.people import HOLD, PIN
from cmp.core.record import History
from cmp.core.write_back_target import WriteBackTarget
from cmp.errors import InvalidImage, InvalidPolicy
from cmp.refresh.git_edits import ApplicationEdit, Item, SourceEdit
from cmp.refresh.observed import Observed
from cmp.refresh.update_log import Updated
from cmp.refresh.wanted import Told, Wanted, WantedImage
from cmp.writeback.git_address import normalized, without_userinfo
from cmp.writeback.git_branch import DEFAULT, Branches
from cmp.writeback.git_update import Change, Update, target_key
from cmp.writeback.pull_request import PullRequest, asked_from

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_PLACE = (GIT_REPOSITORY, GIT_BRANCH, WRITE_BACK_TARGET, PULL_REQUEST)

Keys = Mapping[str, str]


class Known(NamedTuple):
    """What is known of an Application besides what it wants."""

    told: Told | None
    """What was written, or told to Argo CD, before."""
    history: History
    instance: str
    is_here: bool = True
    """It was written where it is to be written now."""

    @property
    def written(self) -> frozenset[str]:
        """The ids of the decisions that were written, where they are wanted now."""
        if self.told is None or not self.is_here:
            return frozenset()
        return frozenset(self.told.decisions.split(","))


class Spot(NamedTuple):
    """Where in Git, as its keys say."""

    url: str
    branches: Branches
    pull_request: PullRequest | None = None

    @property
    def is_base(self) -> bool:
        """Tell whether what is written is what Argo CD reads; else others merge it."""
        return self.branches.write is None and self.pull_request is None

    def written(self, update: Update) -> str:
        """Return the branch that is written; empty for the base itself."""
        if self.pull_request:
            return asked_from(self.branches, update)
        return self.branches.written(update)


class GitWish(NamedTuple):
    """What one Application wants in one repository."""

    spot: Spot
    update: Update
    edit: ApplicationEdit
    images: tuple[Updated, ...]
    """What of it is new, with what was there before; none where that is not known."""
    is_new: bool
    """Something of it was not written yet; else it is only looked whether it is still there."""
    is_said: bool = False
    """Of what is new a person told the refresher."""


def place_in_git(app: Observed, wanted: Wanted) -> str:
    """Return a hash of where its owner wants it: elsewhere nothing was written yet.

    What stands there then is of another time, or another's, and no revert of ours.
    """
    used = {image.source for image in wanted.images}
    places = [
        [*source.id, source.plugin == PLUGIN, *(keys.get(key, "").strip() for key in _PLACE)]
        for source in app.application.sources
        if source.id in used and (keys := wanted.in_git.get(source.id)) is not None
    ]
    return hashlib.sha256(json.dumps(places).encode()).hexdigest()[:16]


def git_wishes(app: Observed, wanted: Wanted, known: Known) -> tuple[GitWish, ...]:
    """Return what an Application wants written, one for each repository and branch.

    Nothing where Argo CD does not say yet what its sources are. Raises `InvalidPolicy` for what
    its owner has to change.
    """
    places: dict[Spot, tuple[Spot, list[tuple[SourceEdit, list[WantedImage]]]]] = {}
    for source, manifest in zip(app.application.sources, app.sources, strict=True):
        keys = wanted.in_git.get(source.id)
        images = [image for image in wanted.images if image.source == source.id]
        if keys is None or not images:
            continue
        renderer = "plugin" if source.plugin == PLUGIN else source.kind.lower()
        if not renderer:
            return ()
        # As it is written: ssh is told a user there, which names no other repository.
        url = keys.get(GIT_REPOSITORY, "").strip() or str(manifest.get("repoURL", ""))
        spot = Spot(url, _branches(app, keys, source, url), PullRequest.parse(keys))
        edit = SourceEdit(
            _target(keys, source, renderer, known.instance),
            known.instance,
            _items(keys, images, known, spot),
        )
        # Spelt otherwise it is the same repository, of which the engine has one request.
        same = spot._replace(url=normalized(url))
        places.setdefault(same, (spot, []))[1].append((edit, images))
    return tuple(
        _wish(app, spot, [edit for edit, _ in found], [i for _, own in found for i in own], known)
        for spot, found in places.values()
    )


def _target(keys: Keys, source: Source, renderer: str, instance: str) -> WriteBackTarget:
    text = keys.get(WRITE_BACK_TARGET, "")
    if source.id.chart and not (text.strip() and keys.get(GIT_REPOSITORY, "").strip()):
        raise InvalidPolicy(
            f"the chart {source.id.chart} lies in no Git repository; name one in git-repository "
            "and the values file in write-back-target",
            where=GIT_REPOSITORY,
        )
    return WriteBackTarget.parse(text, source=renderer, path=source.id.path, instance=instance)


def _branches(app: Observed, keys: Keys, source: Source, url: str) -> Branches:
    """Return the branches; without a key the one that Argo CD reads of that repository."""
    revision, written = DEFAULT, normalized(without_userinfo(url))
    for other in (source, *app.application.sources):
        if normalized(other.id.repo_url) == written and not other.id.chart:
            revision = other.id.target_revision
            break
    text = keys.get(GIT_BRANCH, "").strip()
    if _COMMIT.fullmatch(revision) and (not text or text.startswith(":")):
        raise InvalidPolicy(
            f"its target revision is the commit {revision[:12]}, which stays as it is; name a "
            "branch in git-branch",
            where=GIT_BRANCH,
        )
    return Branches.parse(text, revision)


def _items(keys: Keys, images: list[WantedImage], known: Known, spot: Spot) -> tuple[Item, ...]:
    """Return a source's images in the order of its image-list.

    That the base has another image than a branch of ours, which nobody merged, is no revert.
    """
    by_alias = {image.alias: image for image in images}
    items = []
    for managed in read_image_list(keys).images:
        image = by_alias.get(managed.alias)
        if image is None or image.repository != managed.repository:
            continue
        decision = image.decision
        # What a person pinned goes before what another wrote in Git.
        is_theirs = decision.is_pinned or image.told in (PIN, HOLD)
        items.append(
            Item(
                image.name,
                Choice(managed, decision.tag, decision.digest),
                is_written=spot.is_base and decision.id in known.written and not is_theirs,
                past=tuple(_past(image, known.history)),
            )
        )
    return tuple(items)


def _past(image: WantedImage, history: History) -> Iterator[Locked]:
    now = (image.decision.tag, image.decision.digest)
    for past in history.get(image.name, ()):
        if past.tag and past.repository == image.repository and (past.tag, past.digest) != now:
            yield Locked(past.tag, past.digest)


def _wish(
    app: Observed,
    spot: Spot,
    edits: list[SourceEdit],
    images: list[WantedImage],
    known: Known,
) -> GitWish:
    new = [image for image in images if image.decision.id not in known.written]
    told = known.told if spot.is_base else None
    before = {image.name: _before(app, image, told) for image in images}
    other = [image for image in images if before[image.name] != image.reference]
    update = Update(
        app.application.name,
        app.application.namespace,
        tuple(_change(image, before[image.name]) for image in other or new or images),
        target_key(without_userinfo(spot.url), spot.branches.base, edits[0].target.files[0]),
    )
    updates = tuple(
        Updated(image.alias, before[image.name], image.reference) for image in other if image in new
    )
    is_said = any(_is_said(image, known.history) for image in new)
    edit = ApplicationEdit(tuple(edits))
    return GitWish(spot, update, edit, updates, is_new=bool(new), is_said=is_said)


def _is_said(image: WantedImage, history: History) -> bool:
    """Tell whether a person said so: by an instruction, by a pin, or by releasing one."""
    before = (past for past in history.get(image.name, ()) if past.id != image.decision.id)
    is_released = any(past.by for past in islice(before, 1))
    return bool(image.told) or image.decision.is_pinned or is_released


def _before(app: Observed, image: WantedImage, told: Told | None) -> str:
    """Return what an image was: as it was written, else as it runs."""
    if told and image.name in told.images:
        return told.images[image.name]
    deployed = app.deployed(image.repository)
    return str(deployed[0]) if len(deployed) == 1 else ""


def _change(image: WantedImage, before: str) -> Change:
    decision = image.decision
    new = decision.digest or decision.tag
    return Change(image.repository.path, image.alias, _version(before), new)


def _version(reference: str) -> str:
    try:
        image = Image.parse(reference)
    except InvalidImage:
        return ""
    return image.digest or image.tag or ""
