"""What a tag names: digest, kind, and when it was built for which platform."""

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cmp.core.image import is_digest
from cmp.core.policy import wants_platform
from cmp.errors import NotFound, RegistryFailed
from cmp.registry.client import RegistryClient

_IMAGE_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
_MOST_CHILDREN = 200  # of an index
_OF_CONFIGURATIONS = ("created", "os", "architecture", "variant")
_NO_PLATFORM = "unknown/unknown"  # of attestations that buildx puts beside an image


@dataclass(frozen=True, slots=True)
class Description:
    """What the manifest behind a tag, and the configurations behind that, say."""

    digest: str
    kind: str
    platforms: tuple[str, ...]
    created: Mapping[str, datetime] = field(default_factory=dict)
    """By platform; a build whose time is missing or no time is left out."""
    unread: tuple[str, ...] = ()
    """The platforms nobody wanted to know of."""


class Configurations:
    """Image configurations by digest, each read once however many manifests name it."""

    def __init__(self) -> None:
        """Begin with none; one pass of a refresher uses one of these."""
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str, str], Future[Mapping[str, Any]]] = {}

    def get(self, client: RegistryClient, path: str, digest: str) -> Mapping[str, Any]:
        """Return a configuration; who asks for one that is being read waits for it.

        Registries do not share, nor do who asks an error: each has its own to tell of.
        """
        key = (client.api_url, path, digest)
        while True:
            mine: Future[Mapping[str, Any]] = Future()
            with self._lock:
                found = self._found.setdefault(key, mine)
            if found is mine:
                break
            if found.exception() is None:
                return found.result()
            with self._lock:
                if self._found.get(key) is found:
                    del self._found[key]
        try:
            config = client.blob(path, digest)
        except BaseException as error:
            mine.set_exception(error)  # nobody is to wait for ever, whatever it was
            raise
        # Of all that one may hold, layers' commands and labels too, no more is needed.
        mine.set_result({key: config[key] for key in _OF_CONFIGURATIONS if key in config})
        return mine.result()


def describe(
    client: RegistryClient,
    path: str,
    reference: str,
    wanted: tuple[str, ...],
    configurations: Configurations,
) -> Description:
    """Read manifest and configuration of each build for a wanted platform (none: of all).

    Raises `RegistryFailed` when any of them cannot be had: a part would be no answer.
    """
    manifest, digest = client.manifest(path, reference)
    if "manifests" not in manifest:
        config = _configuration(client, path, manifest, configurations)
        if config is None:
            return Description(digest, kind="artifact", platforms=())
        platform = _platform(config)
        return Description(digest, "image", (platform,), _created(platform, config))
    platforms: list[str] = []
    unread: list[str] = []
    created: dict[str, datetime] = {}
    for child in _children(client, path, manifest):
        platform = _platform(child.get("platform") or {})
        if platform == _NO_PLATFORM or (wanted and not platform):
            continue
        platforms.append(platform)
        if not wants_platform(wanted, platform):
            unread.append(platform)
            continue
        try:
            build, _ = client.manifest(path, child["digest"])
            config = _configuration(client, path, build, configurations)
        except NotFound:
            platforms.remove(platform)  # as in a mirror of some platforms only
            continue
        if config is not None:
            created |= _created(platform, config)
    return Description(digest, "image", tuple(platforms), created, tuple(unread))


def is_artifact(client: RegistryClient, path: str, reference: str) -> bool:
    """Tell whether a manifest describes something else than an image, such as a Helm chart."""
    manifest, _ = client.manifest(path, reference)
    return "manifests" not in manifest and not _is_image(manifest)


def _children(
    client: RegistryClient, path: str, index: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    children = index["manifests"]
    if isinstance(children, list) and len(children) > _MOST_CHILDREN:
        raise RegistryFailed(
            f"an index of {len(children)} manifests, more than {_MOST_CHILDREN}",
            where=f"{client.name}/{path}",
        )
    if isinstance(children, list) and all(
        isinstance(child, dict)
        and is_digest(str(child.get("digest")))
        and isinstance(child.get("platform") or {}, dict)
        for child in children
    ):
        return children
    raise RegistryFailed("an index whose manifests cannot be read", where=f"{client.name}/{path}")


def _configuration(
    client: RegistryClient,
    path: str,
    manifest: Mapping[str, Any],
    configurations: Configurations,
) -> Mapping[str, Any] | None:
    """Return an image's configuration; None when the manifest is not an image's."""
    if not _is_image(manifest):
        return None
    digest = str(manifest["config"].get("digest"))
    if not is_digest(digest):
        raise RegistryFailed("its configuration has no digest", where=f"{client.name}/{path}")
    return configurations.get(client, path, digest)


def _is_image(manifest: Mapping[str, Any]) -> bool:
    config = manifest.get("config")
    return isinstance(config, dict) and config.get("mediaType") in _IMAGE_CONFIGS


def _platform(fields: Mapping[str, Any]) -> str:
    parts = [fields.get("os"), fields.get("architecture"), fields.get("variant")]
    return "/".join(str(part) for part in parts if part)


def _created(platform: str, config: Mapping[str, Any]) -> dict[str, datetime]:
    try:
        time = datetime.fromisoformat(str(config.get("created")))
        return {platform: time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)}
    except (ValueError, OverflowError):  # OverflowError: before the year 1 in UTC
        return {}
