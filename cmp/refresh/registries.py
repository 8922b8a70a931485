"""Where registries.conf comes from, read again for each pass: a file, or a ConfigMap."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from cmp.errors import EdgeFailed, InvalidInput
from cmp.registry.auth.keychain import Secret
from cmp.registry.configuration import Registries
from cmp.registry.registries_file import read_registries, registries_from_text

if TYPE_CHECKING:
    from cmp.refresh.cluster import Cluster

log = logging.getLogger(__name__)

CONFIG_MAP = "argocd-image-updater-config"
_KEY = "registries.conf"

Read = Callable[[], Registries]


class Configured:
    """The registries as they are configured now; what cannot be read leaves what was."""

    def __init__(self, read: Read) -> None:
        """Read for the first time, which has to succeed where something is written."""
        self._read = read
        self._noted: tuple[str, ...] = ()
        self.last = read()
        self._note()

    def current(self) -> Registries:
        """Read again; a mistake in a new version is told, and the old one goes on."""
        try:
            found = self._read()
        except (InvalidInput, EdgeFailed) as error:
            log.warning("registries not read", extra={"reason": error})
            return self.last
        if found != self.last:
            level = logging.INFO if found.entries else logging.WARNING
            log.log(level, "registries read anew", extra={"count": len(found.entries)})
        self.last = found
        self._note()
        return found

    def _note(self) -> None:
        if self.last.notes != self._noted:
            for note in self.last.notes:
                log.warning("key ignored", extra={"reason": note})
            self._noted = self.last.notes


def from_file(path: str) -> Read:
    """Return what reads the file; without one, every registry is the host its images name."""
    return lambda: read_registries(path)


def from_config_map(cluster: "Cluster", namespace: str) -> Read:
    """Return what reads the ConfigMap that argocd-image-updater's users have, if there is one."""
    from cmp.refresh.cluster import Missing

    where = f"ConfigMap {namespace}/{CONFIG_MAP}, key {_KEY}"

    def read() -> Registries:
        try:
            found = cluster.get(f"/api/v1/namespaces/{namespace}/configmaps/{CONFIG_MAP}")
        except Missing:
            return Registries()
        data = found.get("data") or {}
        if _KEY not in data:
            there = ", ".join(sorted({*data, *(found.get("binaryData") or {})})) or "none"
            raise InvalidInput(f"there is no such key in data; its keys are: {there}", where=where)
        return registries_from_text(data[_KEY], where=where)

    return read


def secrets_of(cluster: "Cluster") -> Callable[[str, str], Secret]:
    """Return what reads a Secret of the cluster."""
    from base64 import b64decode

    from cmp.refresh.cluster import Missing

    def read(namespace: str, name: str) -> Secret:
        where = f"Secret {namespace}/{name}"
        try:
            found = cluster.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")
        except Missing:
            raise InvalidInput(
                "there is none of this name; create it, or name another", where=where
            ) from None
        data = {key: b64decode(value) for key, value in (found.get("data") or {}).items()}
        return Secret(data, found.get("metadata", {}).get("labels") or {})

    return read
