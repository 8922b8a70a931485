"""What an Application is to run by its record, and what Argo CD was told of that."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from cmp.core.image import Image, Repository, reference_suffix
from cmp.core.image_list import read_image_list
from cmp.core.record import ApplicationRecord, Recorded, SourceId, shared_name
from cmp.core.write_back import ARGOCD, GIT, method
from cmp.errors import InvalidPolicy


class WantedImage(NamedTuple):
    """One decision in force."""

    name: str
    """Its alias, with the source's path where several sources have that alias."""
    alias: str
    source: SourceId
    decision: Recorded
    told: str = ""
    """The kind of what a person said of it: ``pin``, ``hold``, ``rollback``, or nothing."""

    @property
    def repository(self) -> Repository:
        """The image's repository."""
        return self.decision.repository

    @property
    def reference(self) -> str:
        """The image as it is wanted: ``registry/path:tag``."""
        suffix = reference_suffix(self.decision.tag, self.decision.digest)
        return f"{self.repository.written}{suffix}"

    @property
    def locked(self) -> str:
        """As it stands in ``image-lock``: ``tag[@digest]``."""
        return reference_suffix(self.decision.tag, self.decision.digest).removeprefix(":")

    def is_among(self, images: tuple[Image, ...]) -> bool:
        """Tell whether it is what ``images``, all of its repository, have."""
        decision = self.decision
        return any(
            (image.digest == decision.digest if decision.digest else image.tag == decision.tag)
            for image in images
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What Argo CD was told, and took."""

    decisions: str = ""
    """The ids of the decisions."""
    policy: str = ""
    """What else of the record a render depends on, as a hash."""
    images: Mapping[str, str] = field(default_factory=dict)
    """References by the images' names, to tell people what was before."""
    uid: str = ""
    """Of the Application: one that is created anew was told nothing."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that a render takes from an Application's record."""

    images: tuple[WantedImage, ...]
    policy: str
    held: Mapping[str, str]
    """By name: why an image is not what the registry alone would lead to."""
    in_spec: Mapping[SourceId, frozenset[str]] = field(default_factory=dict)
    """With ``write-back-method: argocd``: by source the aliases of its image-list. Else nothing."""
    in_git: Mapping[SourceId, Mapping[str, str]] = field(default_factory=dict)
    """With ``write-back-method: git``: by source its policy keys. Else nothing."""

    @property
    def decisions(self) -> str:
        """The ids of all decisions: another text means that other images are wanted."""
        return ",".join(image.decision.id for image in self.images)

    @property
    def told(self) -> Told:
        """What is to be remembered once Argo CD took it."""
        return Told(self.decisions, self.policy, {i.name: i.reference for i in self.images})

    def lock(self, source: SourceId) -> dict[str, str]:
        """Return the parameter ``image-lock`` for a source: alias to ``tag[@digest]``."""
        return {image.alias: image.locked for image in self.images if image.source == source}


def wanted_by(record: ApplicationRecord) -> Wanted:
    """Return what a record asks for."""
    images = tuple(_images(record))
    inputs = [[*source.source, sorted(source.annotations.items())] for source in record.sources]
    # A person's word goes before a lock file: that changes a render, and no decision's id.
    told = [[i.name, i.decision.by] for i in images if i.decision.by]
    held = {image.name: image.decision.held for image in images if image.decision.held}
    digest = hashlib.sha256(json.dumps([*inputs, *told]).encode()).hexdigest()[:16]
    policies = {s.source: {**s.annotations, **s.parameters} for s in record.sources}
    methods = _methods(policies)
    return Wanted(
        images,
        digest if record.sources else "",
        held,
        in_spec=_aliases(policies) if ARGOCD in methods else {},
        in_git=policies if GIT in methods and ARGOCD not in methods else {},
    )


_Policies = Mapping[SourceId, Mapping[str, str]]


def _methods(policies: _Policies) -> set[str]:
    """Return the methods of all sources: what one says is for all, for the Application is one.

    With a policy that cannot be read nothing is written.
    """
    try:
        return {method(policy) for policy in policies.values()}
    except InvalidPolicy:
        return set()


def _aliases(policies: _Policies) -> dict[SourceId, frozenset[str]]:
    try:
        return {
            source: frozenset(image.alias for image in read_image_list(policy).images)
            for source, policy in policies.items()
        }
    except InvalidPolicy:
        return {}


def _images(record: ApplicationRecord) -> Iterator[WantedImage]:
    shared = [alias for source in record.sources for alias in source.decisions]
    for source in record.sources:
        for alias, decision in source.decisions.items():
            if decision.tag:
                is_shared = shared.count(alias) > 1
                name = shared_name(source.source, alias) if is_shared else alias
                said = source.instructions.get(alias)
                yield WantedImage(name, alias, source.source, decision, said.kind if said else "")
