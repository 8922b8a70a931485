"""Docker's client configuration, as image pull Secrets hold it: whose images, which credential.

Which entry an image belongs to is kubelet's rule (Kubernetes 1.37,
pkg/credentialprovider/keyring.go), with two differences. A key's path matches whole components:
to kubelet ``registry.test/team`` is also for ``registry.test/teamwork``. And kubelet tries all
that match, one after the other; here it is the closest one.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Self

from cmp.core.image import DOCKER_HUB, DOCKER_HUB_SPELLINGS
from cmp.errors import InvalidInput, quoted
from cmp.registry.auth.base import Credential

IDENTITY_USER = "<token>"
"""The user of a credential whose password is an identity token.

Such a token is for the OAuth2 POST only, as its ``refresh_token`` (distribution,
docs/spec/auth/oauth.md), never for basic authentication. The spelling is that of Docker's
credential helpers (docker/cli, cli/config/credentials/native_store.go).
"""

_MAKE_ONE = "kubectl create secret docker-registry makes one that can be used"
_KEPT_ELSEWHERE = (
    "the passwords are in a credential store (credsStore, credHelpers) of the machine where this "
    f"was written; {_MAKE_ONE}"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one key of the configuration gives, and for which images."""

    host: str
    """With its port; each label may hold ``*``."""
    path: str = ""
    """Where its repositories' paths begin; none: anywhere."""
    credential: Credential | None = None
    complaint: str = ""
    """Why there is no credential in it that could be used."""

    @property
    def name(self) -> str:
        """The key without its scheme, and without a user that may stand in it."""
        return f"{self.host}/{self.path}" if self.path else self.host

    def is_for(self, host: str, path: str) -> bool:
        """Tell whether the repository at ``path`` is one of its; ``host`` is a `place`'s."""
        return _is_host(self.host, host) and (
            not self.path or path == self.path or path.startswith(f"{self.path}/")
        )


@dataclass(frozen=True, slots=True)
class DockerConfig:
    """All entries of one configuration, in the order in which they are written."""

    entries: tuple[Entry, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``.dockerconfigjson``, or the older ``.dockercfg``: the same without ``auths``.

        Raises `InvalidInput` naming the key that is wrong. An entry in which only the credential
        is missing, or of a kind nobody can use, is no error before it is wanted (`find`): that
        one registry's is broken is nothing to the others.
        """
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            raise InvalidInput(f"not JSON; {_MAKE_ONE}") from None
        if not isinstance(document, dict):
            raise InvalidInput(f"not a JSON object; {_MAKE_ONE}")
        kept_elsewhere = not document.keys().isdisjoint({"credsStore", "credHelpers"})
        auths = document.get("auths", document)
        if auths is document and kept_elsewhere:
            raise InvalidInput(f"it has no auths: {_KEPT_ELSEWHERE}")
        if auths is document and not all(isinstance(said, dict) for said in auths.values()):
            raise InvalidInput(f"it has no auths; {_MAKE_ONE}")
        if not isinstance(auths, dict | None):
            raise InvalidInput(f"auths is not an object with registries as keys; {_MAKE_ONE}")
        otherwise = _KEPT_ELSEWHERE if kept_elsewhere else "write auth, or username and password"
        return cls(tuple(_entry(key, said, otherwise) for key, said in (auths or {}).items()))


def find(config: DockerConfig, registry_host: str, path: str) -> Credential | None:
    """Return the credential for the repository at ``path``, None when no key is for it.

    A key without ``*`` in its host comes before one with it; among those, the one that says
    more of the host, then the one with the longest path, then one that can be used, then the
    one that is written first.

    Raises `InvalidInput` when the entry that is for it holds nothing that can be used.
    """
    host, _ = place(registry_host)
    matching = [entry for entry in config.entries if entry.is_for(host, path)]
    if not matching:
        return None
    entry = max(matching, key=_closeness)
    if entry.credential is None:
        raise InvalidInput(entry.complaint, where=f"key {quoted(entry.name)}")
    return entry.credential


def place(written: str) -> tuple[str, str]:
    """Return host and path that a key names, in the one spelling that places are compared in.

    Without scheme, API version and slashes at the end, as kubelet; Docker Hub's hosts are one.
    A port is part of the host, even one that the scheme implies, also as kubelet. What stands
    before an ``@`` may be a password and is dropped.
    """
    rest = re.sub(r"\Ahttps?://", "", written, flags=re.IGNORECASE).rpartition("@")[2]
    host, *components = re.split(r"[?#]", rest)[0].split("/")
    host = host.lower()
    components = [component for component in components if component]
    if components and components[0] in {"v1", "v2"}:
        del components[0]
    return DOCKER_HUB if host in DOCKER_HUB_SPELLINGS else host, "/".join(components)


def _is_host(pattern: str, host: str) -> bool:
    """Match label by label: ``*.azurecr.io`` is for ``x.azurecr.io``, not for ``a.b.azurecr.io``.

    Kubernetes documentation, "Images", "Interpretation of config.json".
    """
    if "*" not in pattern:
        return pattern == host
    name, _, port = host.partition(":")
    # No other wildcard: Go takes no host that holds a class, and `?` begins a query.
    pattern_name, _, pattern_port = pattern.replace("[", "[[]").partition(":")
    labels, patterns = name.split("."), pattern_name.split(".")
    return (
        port == pattern_port
        and len(labels) == len(patterns)
        and all(map(fnmatchcase, labels, patterns))
    )


def _closeness(entry: Entry) -> tuple[bool, int, int, bool]:
    host = entry.host.replace("*", "")
    return host == entry.host, len(host), len(entry.path), entry.credential is not None


def _entry(key: str, said: Any, otherwise: str) -> Entry:
    host, path = place(key)
    entry = Entry(host, path)
    where = f"key {quoted(entry.name)}"
    if not isinstance(said, dict):
        raise InvalidInput("not an object that holds auth, or username and password", where=where)
    try:
        user, password = _pair(said)
        identity_token = _text(said, "identitytoken")
        registry_token = _text(said, "registrytoken")
    except InvalidInput as error:
        raise error.within(where) from None
    # A password before a token, as kubelet and containerd (ParseAuth): every token server takes
    # one. Where Docker has a token it writes no password, so they hardly ever meet.
    if user and password:
        return Entry(host, path, Credential(user, password))
    if identity_token:
        return Entry(host, path, Credential(IDENTITY_USER, identity_token))
    if registry_token:
        complaint = (
            "it holds only a registrytoken, which is no password and cannot be exchanged for a "
            f"token (kubelet does not use it either); {otherwise}"
        )
    elif user or password:
        missing = "password" if user else "user"
        complaint = f"it holds no {missing}; {otherwise}"
    else:
        complaint = f"it holds no user and no password; {otherwise}"
    return Entry(host, path, complaint=complaint)


def _pair(said: Mapping[str, Any]) -> tuple[str, str]:
    """Return user and password; what ``auth`` says comes before the two in clear, as kubelet."""
    encoded = _text(said, "auth")
    user, password = _text(said, "username"), _text(said, "password")
    if not encoded:
        return user, password
    packed = encoded.translate({ord("\r"): None, ord("\n"): None})  # Go's decoder skips them
    if not packed.endswith("="):
        packed += "=" * (-len(packed) % 4)  # kubelet takes it without padding too
    try:
        user, colon, password = base64.b64decode(packed, validate=True).decode().partition(":")
    except ValueError:
        raise InvalidInput("auth is not base64 of user:password") from None
    if not colon:
        raise InvalidInput("auth is base64, but not of user:password")
    return user, password


def _text(said: Mapping[str, Any], field: str) -> str:
    value = said.get(field)
    if value is None:
        return ""
    if not isinstance(value, str) or not _is_unicode(value):
        raise InvalidInput(f"{field} is not text")
    return value


def _is_unicode(text: str) -> bool:
    """Tell whether ``text`` can be sent: JSON may hold half a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
