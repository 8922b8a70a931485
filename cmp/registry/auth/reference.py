"""Where a credential is to be had: ``[<registry>=]<kind>:<definition>``.

The grammar of ``credentials`` in registries.conf and of the annotation ``pull-secret``, which is
argocd-image-updater's (registry-scanner/pkg/image/credentials.go, ParseCredentialSource). It is
where passwords are written by mistake, so no error repeats what was read.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cmp.core.keys import nearest
from cmp.errors import InvalidInput
from cmp.registry.auth.docker_config import place


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretField:
    """``secret:<namespace>/<name>#<field>``: a field of a Secret that holds user:password."""

    namespace: str
    name: str
    field: str
    registry: str = ""
    """Host of the registry that alone is given the credential; none: any it is written for."""

    @property
    def where(self) -> str:
        """The Secret, for messages."""
        return f"Secret {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullSecret:
    """``pullsecret:<namespace>/<name>``: a Secret such as pods name in ``imagePullSecrets``."""

    namespace: str
    name: str
    registry: str = ""
    """As `SecretField.registry`."""

    @property
    def where(self) -> str:
        """The Secret, for messages."""
        return f"Secret {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """``env:<variable>``: a variable of the refresher's that holds user:password."""

    name: str
    registry: str = ""
    """As `SecretField.registry`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """``ext:<path>``: a program beside the refresher that prints user:password."""

    path: str
    registry: str = ""
    """As `SecretField.registry`."""


Reference = SecretField | PullSecret | Variable | Script

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_REGISTRY = re.compile(
    # As in a Docker configuration, where the host is often found in an URL.
    rf"(?:https?://)?(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?(?:/v[12])?/?",
    re.IGNORECASE,
)
# Kubernetes, "Object Names and IDs": RFC 1123 label and subdomain; keys of a Secret's data
# ("Secrets"); names of variables as IsEnvVarName checks them.
_NAMESPACE = re.compile(r"(?=.{1,63}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
)
_FIELD = re.compile(r"[-._A-Za-z0-9]{1,253}")
_VARIABLE = re.compile(r"[-._A-Za-z][-._A-Za-z0-9]*")

_FIELD_FORM = "write secret:<namespace>/<name>#<field>"
_PULL_FORM = "write pullsecret:<namespace>/<name>"


def parse(written: str) -> Reference:
    """Read a reference; raise `InvalidInput` that says the form it should have."""
    registry, rest = _split_registry(written.strip())
    kind, colon, definition = rest.partition(":")
    kind = kind.lower()
    if colon and kind in _KINDS:
        return _KINDS[kind](definition, registry)
    known = ", ".join(f"{name}:" for name in sorted(_KINDS))
    before, equals, after = kind.rpartition("=")
    if equals and before and after in _KINDS:
        raise InvalidInput("before = stands no registry's host; write <host>[:<port>]=<kind>:…")
    raise InvalidInput(
        "it does not begin with a kind of credentials, and a password does not belong here; "
        f"use one of: {known}{nearest(kind, _KINDS)}"
    )


def is_for(reference: Reference, registry_host: str) -> bool:
    """Tell whether the registry at ``registry_host`` may be given the credential."""
    return not reference.registry or reference.registry == place(registry_host)[0]


def allowed_from_annotation(
    reference: Reference, application_namespace: str
) -> SecretField | PullSecret:
    """Return what an annotation may name: a Secret in its Application's own namespace.

    Who may write an Application there must not be able to have the refresher send somebody
    else's Secret, its environment or a program's output to a registry of their choice (design
    §7). argocd-image-updater intends the same and compares spellings (update.go:124-135).

    Raises `InvalidInput` for anything else, however it was spelt.
    """
    if not isinstance(reference, SecretField | PullSecret):
        kind = "env" if isinstance(reference, Variable) else "ext"
        raise InvalidInput(
            f"{kind}: is for registries.conf only, an annotation cannot use it; "
            "write secret:<namespace>/<name>#<field> or pullsecret:<namespace>/<name> "
            f"with the Application's namespace, {application_namespace!r}"
        )
    if reference.namespace != application_namespace:
        raise InvalidInput(
            f"the Secret is in namespace {reference.namespace!r}, the Application in "
            f"{application_namespace!r}: an annotation can only use the Secrets beside it"
        )
    return reference


def _split_registry(text: str) -> tuple[str, str]:
    """Split ``<registry>=`` off; a path to a script may hold ``=`` itself."""
    before, equals, after = text.partition("=")
    if equals and _REGISTRY.fullmatch(before):
        return place(before)[0], after
    return "", text


def _secret_field(definition: str, registry: str) -> SecretField:
    """``<namespace>/<name>#<field>``."""
    secret, hash_sign, field = definition.partition("#")
    if not hash_sign:
        raise InvalidInput(f"secret: names no field; {_FIELD_FORM}")
    namespace, name = _secret(secret, f"secret: names no namespace; {_FIELD_FORM}", _FIELD_FORM)
    if not _FIELD.fullmatch(field):
        raise InvalidInput(f"secret: a field cannot be named like this; {_FIELD_FORM}")
    return SecretField(namespace=namespace, name=name, field=field, registry=registry)


def _pull_secret(definition: str, registry: str) -> PullSecret:
    """``<namespace>/<name>``."""
    if "#" in definition:
        raise InvalidInput(
            f"pullsecret: takes no field; {_PULL_FORM}, "
            "or secret:<namespace>/<name>#<field> for a field that holds user:password"
        )
    nameless = (
        "pullsecret: names no namespace, which is required even where there is but one choice, "
        f"as in argocd-image-updater; {_PULL_FORM}"
    )
    namespace, name = _secret(definition, nameless, _PULL_FORM)
    return PullSecret(namespace=namespace, name=name, registry=registry)


def _secret(text: str, nameless: str, form: str) -> tuple[str, str]:
    namespace, slash, name = text.partition("/")
    if not slash:
        raise InvalidInput(nameless)
    if not _NAMESPACE.fullmatch(namespace) or not _NAME.fullmatch(name):
        raise InvalidInput(f"no namespace and name that Kubernetes would take; {form}")
    return namespace, name


def _variable(definition: str, registry: str) -> Variable:
    """``<variable>``."""
    if not _VARIABLE.fullmatch(definition):
        raise InvalidInput("env: takes the name of a variable that holds user:password")
    return Variable(name=definition, registry=registry)


def _script(definition: str, registry: str) -> Script:
    """``<absolute path>``."""
    if not definition.startswith("/") or not definition.isprintable():
        raise InvalidInput(
            "ext: takes the absolute path of a program that prints user:password, nothing else"
        )
    return Script(path=definition, registry=registry)


_KINDS: Mapping[str, Callable[[str, str], Reference]] = MappingProxyType(
    {"secret": _secret_field, "pullsecret": _pull_secret, "env": _variable, "ext": _script}
)
