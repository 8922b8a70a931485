"""CloudEvents, whoever wrote what is in them (CloudEvents 1.0.2, "HTTP Protocol Binding").

In structured mode the body is the event, in binary mode its data, with the attributes in headers.
Several in one request are sent only to who asks for it (3.), and nobody here does.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from cmp.errors import InvalidInput, quoted
from cmp.registry.webhooks import acr, artifact_registry, ecr, harbor
from cmp.registry.webhooks.base import Delivery, Pushed, Sender
from cmp.registry.webhooks.fields import find, needed, text
from cmp.registry.webhooks.images import host_of, image
from cmp.registry.webhooks.proofs import in_authorization, in_own_header, in_query

_ATTRIBUTES = ("specversion", "type", "source", "subject")
_NOT_PUSHED = re.compile(r".*(?:deleted?|pull(?:ed)?)", re.IGNORECASE)


def _marks(headers: Mapping[str, str]) -> bool:
    return "ce-specversion" in headers or _is_structured(headers)


def _is_structured(headers: Mapping[str, str]) -> bool:
    """Tell by the media type (3.); the attributes may be in headers as well."""
    return headers.get("content-type", "").lower().startswith("application/cloudevents")


def _has_shape(document: Any) -> bool:
    return all(isinstance(find(document, key), str) for key in ("specversion", "type"))


def _read(delivery: Delivery) -> Pushed:
    event = _event(delivery)
    needed(event, "specversion")
    kind = needed(event, "type")
    for prefix, told in _KINDS.items():
        if kind.startswith(prefix):
            return told(event)
    if "container" in kind.lower() or "image" in kind.lower():
        return _generic(event)
    known = ", ".join(f"{prefix}…" for prefix in _KINDS)
    raise InvalidInput(
        f"events of type {quoted(kind)} are not known; known are {known}, and types that have "
        "container or image in them"
    )


def _event(delivery: Delivery) -> Any:
    headers = delivery.headers
    if "ce-specversion" not in headers or _is_structured(headers):
        return delivery.document
    attributes = {name: _decoded(headers.get(f"ce-{name}", ""), name) for name in _ATTRIBUTES}
    return {**attributes, "data": delivery.document}


def _decoded(value: str, name: str) -> str:
    """Undo quotes and one round of percent-encoding (3.1.3.2)."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise InvalidInput(f"the header ce-{name} is not UTF-8 in percent-encoding") from None


def _of_ecr(event: Any) -> Pushed:
    return _unless_not_pushed(event) or ecr.told(event)


def _of_harbor(event: Any) -> Pushed:
    return harbor.told(text(event, "type"), find(event, "data"))


def _of_acr(event: Any) -> Pushed:
    return acr.told(find(event, "data"))


def _of_pubsub(event: Any) -> Pushed:
    return artifact_registry.told(find(event, "data"))


def _generic(event: Any) -> Pushed:
    """Read what argocd-image-updater does of an image event that is nobody's in particular."""
    nothing = _unless_not_pushed(event)
    if nothing:
        return nothing
    subject_path, _, subject_tag = text(event, "subject").partition(":")
    path = text(event, "data.repositoryName", "data.repository") or subject_path
    if not path:
        raise InvalidInput("there is no data.repositoryName, data.repository and subject in it")
    tag = text(event, "data.imageTag", "data.tag") or subject_tag
    registry = text(event, "data.registryUrl", "data.registry") or needed(event, "source")
    return Pushed((image(host_of(registry), path, tag),))


def _unless_not_pushed(event: Any) -> Pushed | None:
    kind = text(event, "type")
    if _NOT_PUSHED.fullmatch(kind):
        return Pushed(why=f"an event of type {quoted(kind)} pushes nothing")
    return None


_KINDS: Mapping[str, Callable[[Any], Pushed]] = MappingProxyType(
    {
        "com.amazon.ecr.": _of_ecr,
        "google.cloud.pubsub.": _of_pubsub,
        "harbor.": _of_harbor,
        "Microsoft.ContainerRegistry.": _of_acr,
    }
)

SENDER = Sender(
    "cloudevents",
    _has_shape,
    _read,
    proofs=(in_query, in_own_header, in_authorization),
    marks=_marks,
)
