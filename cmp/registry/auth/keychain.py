"""Credentials as they are needed: fetched, kept for most of their life, and not once refused."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import NamedTuple

from cmp.errors import EdgeFailed, InvalidInput
from cmp.registry.auth import ext, secret
from cmp.registry.auth.base import OF_ITS_LIFE, Credential, Issued
from cmp.registry.auth.reference import PullSecret, Reference, Script, SecretField, Variable
from cmp.registry.auth.secret import refuse_argo_cds_own

log = logging.getLogger(__name__)

_SECRET_S = 300.0  # until a Secret is read again
_FAILED_S = 30.0  # until something that failed, or was refused, is asked again

NATIVE = ("cmp.registry.auth.ecr", "cmp.registry.auth.google", "cmp.registry.auth.azure")
"""Registries that know the identity of a pod: each has ``serves`` and ``issue``."""


class Secret(NamedTuple):
    """What a cluster holds under a name."""

    data: Mapping[str, bytes]
    labels: Mapping[str, str]


ReadSecret = Callable[[str, str], Secret]
"""Takes namespace and name; raises `InvalidInput` for none, `EdgeFailed` for no answer."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Where credentials come from: the environment, and a cluster's Secrets where there is one."""

    env: Mapping[str, str]
    secrets: ReadSecret | None = None
    _read: dict[tuple[str, str], tuple[Secret | None, float]] = field(default_factory=dict)

    def secret(
        self, reference: SecretField | PullSecret, *, annotated: bool
    ) -> Mapping[str, bytes]:
        """Read a Secret; of one that an annotation names, only if it is not Argo CD's own."""
        if self.secrets is None:
            kind = "secret" if isinstance(reference, SecretField) else "pullsecret"
            raise InvalidInput(
                f"{kind}: is read from a cluster, and there is none here; "
                "write env:<VARIABLE> holding user:password"
            )
        key = (reference.namespace, reference.name)
        found, until_s = self._read.get(key, (None, 0.0))
        if found is None or time.monotonic() >= until_s:
            found = self.secrets(*key)  # for each of many repositories that it has credentials for
            self._read[key] = (found, time.monotonic() + _FAILED_S)
        if annotated:
            refuse_argo_cds_own(found.labels, where=reference.where)
        return found.data


Fetch = Callable[[str], Issued | None]
"""Takes a repository's path; None where the registry is to be asked without credentials."""


class Keychain:
    """The credential for one registry; may be used by several threads at once."""

    def __init__(
        self,
        fetch: Fetch,
        source: str,
        where: str = "",
        *,
        by_path: bool = False,
        is_written: bool = True,
    ) -> None:
        """Prepare; nothing is fetched yet.

        Args:
            fetch: what has the credential.
            source: what that is, for a person.
            where: the place where it is written, for errors.
            by_path: each repository has a credential of its own.
            is_written: somebody wants it used; else it is tried where a registry asks for one.
        """
        self._fetch = fetch
        self.source = source
        self._where = where or source
        self.by_path = by_path
        self.is_written = is_written
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Issued | None, float]] = {}
        self._failed: dict[str, tuple[EdgeFailed, float]] = {}
        self._renewed_s: dict[str, float] = {}

    def credential(self, path: str) -> Credential | None:
        """Return the credential for the repository at ``path``.

        One that cannot be renewed is used on. Raises `InvalidInput` and `EdgeFailed`.
        """
        key = path if self.by_path else ""
        with self._lock:  # a second thread waits rather than fetch the same
            kept = self._kept.get(key)
            if kept and time.monotonic() < kept[1]:
                return kept[0].credential if kept[0] else None
            failed = self._failed.get(key)
            if failed and time.monotonic() < failed[1]:
                raise failed[0]  # many repositories ask, and each try may take its time
            try:
                issued = self._fetch(path)
            except EdgeFailed as error:
                if kept is None or kept[0] is None:
                    error = error.within(self._where)
                    self._failed[key] = (error, time.monotonic() + _FAILED_S)
                    raise error from None
                log.warning(
                    "credential not renewed", extra={"source": self.source, "reason": error}
                )
                issued = Issued(kept[0].credential, _SECRET_S)
            except InvalidInput as error:
                raise error.within(self._where) from None
            valid_s = issued.valid_s if issued else _SECRET_S
            until_s = float("inf") if valid_s is None else time.monotonic() + valid_s * OF_ITS_LIFE
            self._kept[key] = (issued, until_s)
            return issued.credential if issued else None

    def renewed(self, path: str, refused: Credential | None) -> Credential | None:
        """Return another credential than the one that was refused, or None when there is none."""
        key = path if self.by_path else ""
        with self._lock:
            kept = self._kept.get(key)
            if kept and kept[0] and kept[0].credential == refused:
                now_s = time.monotonic()
                if now_s < self._renewed_s.get(key, 0.0) + _FAILED_S:
                    return None  # many repositories may be forbidden to it
                self._renewed_s[key] = now_s
                self._kept[key] = (kept[0], 0.0)  # it may have served elsewhere
        fresh = self.credential(path)
        return None if fresh == refused else fresh


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which credential, and for which registry."""

    reference: Reference | None
    """None for the identity that this pod has."""
    host: str
    """Of the images."""
    api_url: str
    valid_s: float | None = None
    """How long its owner wants a credential used (``credsexpire``)."""
    where: str = ""
    """The place where it is written, for errors."""
    annotated: bool = False
    """An Application's annotation names it."""

    def keychain(self, keyring: Keyring) -> Keychain:
        """Return what fetches it."""
        reference = self.reference
        if reference is None:
            source = f"this pod's identity for {self.host}"
            return Keychain(
                lambda _: _native(self.host, self.api_url, keyring.env), source, is_written=False
            )

        def fetch(path: str) -> Issued:
            issued = self._issued(reference, path, keyring)
            return Issued(issued.credential, self.valid_s) if self.valid_s else issued

        by_path = isinstance(reference, PullSecret)
        return Keychain(fetch, described(reference), self.where, by_path=by_path)

    def _issued(self, reference: Reference, path: str, keyring: Keyring) -> Issued:
        match reference:
            case SecretField():
                data = keyring.secret(reference, annotated=self.annotated)
                found = secret.from_field(data, reference.field, where=reference.where)
                return Issued(found, _SECRET_S)
            case PullSecret():
                data = keyring.secret(reference, annotated=self.annotated)
                return Issued(self._from_pull_secret(data, path, reference.where), _SECRET_S)
            case Variable():
                return Issued(_from_variable(reference.name, keyring.env))
            case Script():
                return ext.issue(reference.path, keyring.env)

    def _from_pull_secret(self, data: Mapping[str, bytes], path: str, where: str) -> Credential:
        """Return the credential for the name that its images have, or else for its API's."""
        try:
            return secret.from_pull_secret(data, self.host, path, where=where)
        except InvalidInput:
            api_host = self.api_url.partition("://")[2].partition("/")[0]
            if api_host in ("", self.host):
                raise
            return secret.from_pull_secret(data, api_host, path, where=where)


def described(reference: Reference) -> str:
    """Return what a reference says, for messages; it holds no secret."""
    match reference:
        case SecretField():
            return f"secret:{reference.namespace}/{reference.name}#{reference.field}"
        case PullSecret():
            return f"pullsecret:{reference.namespace}/{reference.name}"
        case Variable():
            return f"env:{reference.name}"
        case Script():
            return f"ext:{reference.path}"


def _from_variable(name: str, env: Mapping[str, str]) -> Credential:
    if name not in env:
        raise InvalidInput(f"could not fetch credentials: env {name!r} is not set")
    found = secret.credential(env[name])
    if found is None:
        raise InvalidInput(f"env {name!r} does not hold user:password")
    return found


def _native(host: str, api_url: str, env: Mapping[str, str]) -> Issued | None:
    for name in NATIVE:
        kind = import_module(name)
        if kind.serves(host):
            issued: Issued | None = kind.issue(host, api_url, env)
            return issued
    return None
