"""What a Secret gives: the credential in a field of it, or in the Docker configuration it holds.

Messages name fields and registries, never what is in them.
"""

from collections.abc import Mapping

from cmp.errors import InvalidInput
from cmp.registry.auth.base import Credential
from cmp.registry.auth.docker_config import DockerConfig, find

DOCKER_CONFIG_FIELDS = (".dockerconfigjson", ".dockercfg")
"""The newer first (Kubernetes documentation, "Secrets", "Docker config Secrets")."""

ARGO_CD_LABEL = "argocd.argoproj.io/secret-type"
"""What Argo CD marks its own with: repositories, clusters."""

_MOST_NAMES = 20


def credential(text: str) -> Credential | None:
    """Read ``user:password``, the password after the first colon; None when it is no such pair."""
    user, _, password = text.partition(":")
    return Credential(user, password) if user and password else None


def from_field(data: Mapping[str, bytes], field: str, *, where: str) -> Credential:
    """Return the ``user:password`` that ``field`` holds; a line's end after it is not part of it.

    Several lines are refused: a private key's first one may hold a colon too, and what is read
    here is sent away.

    Raises `InvalidInput` naming ``where`` and the field.
    """
    text = _text(data, field, where)
    if field in DOCKER_CONFIG_FIELDS:
        raise InvalidInput(
            f"field {field!r} holds a Docker configuration, not user:password; "
            "write pullsecret:<namespace>/<name>",
            where=where,
        )
    text = text.rstrip("\r\n")
    found = None if "\n" in text or "\r" in text else credential(text)
    if found is None:
        raise InvalidInput(f"field {field!r} does not hold one line user:password", where=where)
    return found


def from_pull_secret(
    data: Mapping[str, bytes], registry_host: str, path: str, *, where: str
) -> Credential:
    """Return the credential for the repository at ``path`` from the Docker configuration.

    Raises `InvalidInput` naming ``where``: there is none, or none for this repository, and then
    for which registries there are.
    """
    field = next((name for name in DOCKER_CONFIG_FIELDS if name in data), None)
    if field is None:
        raise InvalidInput(
            f"it is no image pull Secret: it has no field {DOCKER_CONFIG_FIELDS[0]}; "
            f"{_listed('fields', data)}; for a field that holds user:password "
            "write secret:<namespace>/<name>#<field>",
            where=where,
        )
    text = _text(data, field, where)
    try:
        config = DockerConfig.parse(text)
        found = find(config, registry_host, path)
    except InvalidInput as error:
        raise error.within(f"{where}: field {field!r}") from None
    if found is None:
        keys = dict.fromkeys(entry.name for entry in config.entries)
        raise InvalidInput(
            f"it holds nothing for {registry_host}/{path}; {_listed('keys', keys)}", where=where
        )
    return found


def refuse_argo_cds_own(labels: Mapping[str, str], *, where: str) -> None:
    """Raise `InvalidInput` for a Secret that an annotation may not name: Argo CD's own (design §7).

    Of the refresher, as of Argo CD's, one asks only for what one was given oneself.
    """
    if ARGO_CD_LABEL in labels:
        raise InvalidInput(
            f"it has the label {ARGO_CD_LABEL}: it is Argo CD's own, and an annotation cannot "
            "use it; make a Secret for the registry alone",
            where=where,
        )


def _text(data: Mapping[str, bytes], field: str, where: str) -> str:
    if field not in data:
        raise InvalidInput(f"it has no field {field!r}; {_listed('fields', data)}", where=where)
    try:
        return data[field].decode()
    except UnicodeDecodeError:
        raise InvalidInput(f"field {field!r} holds no text", where=where) from None


def _listed(what: str, names: Mapping[str, object]) -> str:
    """Return the names there are, as far as they can be read at a glance."""
    shown = ", ".join(map(repr, sorted(names)[:_MOST_NAMES]))
    more = ", …" if len(names) > _MOST_NAMES else ""
    return f"its {what} are {shown}{more}" if shown else f"it has no {what}"
