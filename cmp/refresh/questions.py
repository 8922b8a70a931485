"""What is asked of a tag besides that it is listed: what it names, and of what kind that is."""

import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cmp.core.decide import tags_to_describe
from cmp.core.image import Repository
from cmp.core.policy import Policy, wants_platform
from cmp.core.snapshot import Snapshot, Tag
from cmp.errors import InvalidPolicy, NotFound, RegistryFailed
from cmp.registry.client import RegistryClient
from cmp.registry.describe import Configurations, Description, describe, is_artifact

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class RemoteRepository:
    """A repository where it can be asked."""

    client: RegistryClient
    path: str
    configurations: Configurations

    def described(self, reference: str, platforms: tuple[str, ...]) -> Description:
        """Read what a tag or digest names."""
        return describe(self.client, self.path, reference, platforms, self.configurations)


@dataclass(frozen=True, slots=True)
class Question:
    """What has to be known of a tag before it is decided, or stays decided."""

    repository: Repository
    tag: str
    platforms: tuple[str, ...] = ()
    """``os/arch[/variant]`` whose builds count; none means any."""
    is_winner: bool = False
    """It is about to be chosen: it has to be an image that can be pulled, for a platform."""
    created: bool = False
    """The choice depends on when it was built."""

    def answer(self, known: Tag, now: datetime, asked: RemoteRepository) -> Tag:
        """Return what is known of the tag now; what was read before stays while its digest does.

        Raises `RegistryFailed` when it cannot be told, or cannot be chosen.
        """
        head = asked.client.head(asked.path, known.name)
        tag = looked_at(known, head.digest, now)
        needs_build = self.is_winner and bool(self.platforms) and not self._is_built(tag.created)
        if needs_build or (self.created and not tag.is_read(self.platforms)):
            found = asked.described(head.digest, self.platforms)
            if needs_build and found.kind == "image" and not self._is_built(found.platforms):
                wanted = ", ".join(self.platforms)
                raise RegistryFailed(f"not built for {wanted}", where=self.tag)
            return described(tag, found, now)
        # A chart's manifest has the media type of an image's: only its text tells.
        may_be_artifact = self.is_winner and not tag.kind and head.may_be_artifact
        if may_be_artifact and is_artifact(asked.client, asked.path, head.digest):
            return replace(tag, kind="artifact")
        return tag

    def _is_built(self, platforms: Mapping[str, object] | tuple[str, ...]) -> bool:
        return any(wants_platform(self.platforms, platform) for platform in platforms)


def unread(
    snapshot: Snapshot, policies: tuple[Policy, ...], chosen: Collection[str], now: datetime
) -> dict[str, tuple[str, ...]]:
    """Return the tags of which ``policies`` need to know more, each with the wanted platforms.

    None means any. Tags are pushed again: one of the ``chosen`` is looked at each time, another
    one after a day, or two. Which it is depends on its name, so that not all are looked at in
    the same pass.
    """
    wishes: dict[str, set[str] | None] = {}
    for policy in policies:
        for name in _to_describe(policy, snapshot):
            tag = snapshot.tags[name]
            is_due = name in chosen or _may_be_coming(tag, now) or _is_old(tag, now)
            if tag.is_read(policy.platforms) and not is_due:
                continue
            wish = wishes.setdefault(name, set(policy.platforms) or None)
            if wish is not None:
                wishes[name] = wish | set(policy.platforms) if policy.platforms else None
    for name, tag in snapshot.tags.items():
        if tag.kind == "artifact" and _is_old(tag, now):
            wishes.setdefault(name, None)  # an image may have been pushed in its place
    return {name: tuple(sorted(wish or ())) for name, wish in wishes.items()}


def read(tag: Tag, platforms: tuple[str, ...], now: datetime, asked: RemoteRepository) -> Tag:
    """Return what a tag's manifest says; of one that was read before, only whether it changed."""
    try:
        if tag.digest and tag.is_read(platforms):
            same = looked_at(tag, asked.client.head(asked.path, tag.name).digest, now)
            if same.is_read(platforms):
                return same
        found = asked.described(tag.name, platforms)
    except NotFound:
        if tag.kind == "missing" and not _is_old(tag, now):
            return tag
        return Tag(tag.name, tag.first_seen, kind="missing", looked_at=now)
    return described(tag, found, now)


def looked_at(known: Tag, digest: str, now: datetime) -> Tag:
    """Return what is known of a tag that names ``digest``: all that was, or nothing else."""
    if digest != known.digest:
        return Tag(known.name, known.first_seen, digest, looked_at=now)
    # The time is renewed once a day only: the document would change with every pass.
    return replace(known, looked_at=now) if _is_old(known, now) else known


def described(tag: Tag, found: Description, now: datetime) -> Tag:
    """Return the tag with what its manifest says."""
    known = (found.digest, found.created, found.kind, found.unread)
    return Tag(tag.name, tag.first_seen, *known, looked_at=now)


def _may_be_coming(tag: Tag, now: datetime) -> bool:
    """Tell whether a tag without a manifest may have one soon: it was just listed first."""
    return tag.kind == "missing" and (
        tag.first_seen is None or now - tag.first_seen < timedelta(hours=2)
    )


def _is_old(tag: Tag, now: datetime) -> bool:
    if tag.looked_at is None or tag.looked_at > now:
        return True  # a clock may have run ahead
    spread_s = zlib.crc32(tag.name.encode()) % _DAY_S
    return now - tag.looked_at > timedelta(seconds=_DAY_S + spread_s)


def _to_describe(policy: Policy, snapshot: Snapshot) -> tuple[str, ...]:
    try:
        return tags_to_describe(policy, snapshot)
    except InvalidPolicy:
        return ()  # the decision says so, once for each image
