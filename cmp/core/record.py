"""What the index knows of an Application: its policy and the decisions made under it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from cmp.core.image import Repository
    from cmp.core.image_list import ManagedImage
    from cmp.core.people import Instruction


class Recorded(NamedTuple):
    """A decision as the refresher recorded it."""

    id: str
    repository: Repository
    tag: str
    """Empty when nothing is chosen: the image is Git's, and `held` says why."""
    digest: str
    fingerprint: str
    """Of the policy this record answers for: a render with the same policy uses it as it is."""
    chosen_under: str
    """Of the policy that led to the tag: while it stays, the tag is the floor. Empty for a pin."""
    since: datetime
    why: str
    held: str = ""
    created: datetime | None = None
    """When the chosen image was built or first seen, where tags are ordered by that."""
    by: str = ""
    """``person`` where one told the refresher so: before policy and lock file."""

    @property
    def is_pinned(self) -> bool:
        """A person named it: no policy led to it, and it is not merely kept."""
        return bool(self.tag) and not self.chosen_under and not self.held


History = Mapping[str, tuple[Recorded, ...]]
"""Past decisions of one Application by alias, newest first."""


def without_credentials(url: str) -> str:
    """Return a repository's URL without the user and password it may hold.

    They name no other repository, and a record may be read by many.
    """
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" if separator else url


class SourceId(NamedTuple):
    """Which source of an Application is meant, as ``ARGOCD_APP_SOURCE_*`` name it."""

    repo_url: str
    path: str = ""
    chart: str = ""
    target_revision: str = ""

    def same_place(self, other: SourceId) -> bool:
        """Tell whether ``other`` is this source, at whatever revision.

        Argo CD does not tell a plugin the name of a chart, so one may be missing there.
        """
        chart = self.chart if other.chart else ""
        return (self.repo_url, self.path, chart) == (other.repo_url, other.path, other.chart)

    def __str__(self) -> str:
        where = f" chart {self.chart}" if self.chart else f" path {self.path or '.'}"
        return f"{self.repo_url}{where} at {self.target_revision or 'HEAD'}"


def shared_name(source: SourceId, alias: str) -> str:
    """Return how an image is called whose alias several sources of its Application have."""
    return f"{source.chart or source.path}/{alias}"


def named(images: Iterable[tuple[SourceId, str]]) -> tuple[str, ...]:
    """Return how the images of an Application are called, given by source and alias."""
    known = tuple(images)
    aliases = [alias for _, alias in known]
    return tuple(
        alias if aliases.count(alias) == 1 else shared_name(source, alias)
        for source, alias in known
    )


class SourceRecord(NamedTuple):
    """One source with its policy and its decisions."""

    source: SourceId
    annotations: Mapping[str, str]
    """Policy keys from annotations: what a render cannot see by itself."""
    parameters: Mapping[str, str]
    """Policy keys from plugin parameters, as the refresher saw them."""
    decisions: Mapping[str, Recorded]
    """By alias."""
    instructions: Mapping[str, Instruction] = MappingProxyType({})
    """By alias: what people told the refresher, as far as it is in force."""

    def renamed(self, image: ManagedImage, images: Sequence[ManagedImage]) -> Recorded | None:
        """Return the decision of another alias, where it is clear that ``image`` was called so.

        An owner who gives an image another alias has not asked for another image. It is clear
        where as many images have no decision as decisions have no image, of one repository and
        policy, and what was chosen is the same.
        """
        key = image.policy.floor_key()
        present = {(other.alias, other.repository) for other in images}
        orphans = [
            decision
            for alias, decision in self.decisions.items()
            if (alias, decision.repository) not in present
            and (decision.repository, decision.chosen_under) == (image.repository, key)
        ]
        claimants = [
            other
            for other in images
            if not self._has(other)
            and (other.repository, other.policy.floor_key()) == (image.repository, key)
        ]
        chosen = {(orphan.tag, orphan.digest) for orphan in orphans}
        return orphans[0] if len(orphans) == len(claimants) and len(chosen) == 1 else None

    def _has(self, image: ManagedImage) -> bool:
        decision = self.decisions.get(image.alias)
        return decision is not None and decision.repository == image.repository


class ApplicationRecord(NamedTuple):
    """All sources of one Application that have a policy."""

    instance: str
    """``ARGOCD_APP_NAME``: the name, or ``<namespace>_<name>`` outside the control plane."""
    application: str
    """``<namespace>/<name>``, for people."""
    sources: tuple[SourceRecord, ...]
    generation: int = 0
