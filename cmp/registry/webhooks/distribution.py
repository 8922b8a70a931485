"""Notifications of the distribution registry, and of those made of it, GitLab's among them.

distribution, "Work with notifications"; one request has events that need not be related, and each
pushed layer is one. The media type is v1 up to distribution 2 and v2 from 3 on.

A GitLab project has no webhook for images; whoever runs GitLab can have its registry send these
(GitLab, "Container registry administration", "Configure container registry notifications").

What answers with an error is sent the same again, and the registry's queue waits for it.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from cmp.errors import InvalidInput
from cmp.registry.webhooks.base import Delivery, Pushed, PushedImage, Sender
from cmp.registry.webhooks.fields import find, items, needed, text
from cmp.registry.webhooks.images import gathered, host_of, image, is_chart
from cmp.registry.webhooks.proofs import in_authorization, in_query

_MEDIA_TYPE = "application/vnd.docker.distribution.events."


def _marks(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").lower().startswith(_MEDIA_TYPE)


def _has_shape(document: Any) -> bool:
    return isinstance(find(document, "events"), list)


def _read(delivery: Delivery) -> Pushed:
    if not _has_shape(delivery.document):
        raise InvalidInput("there are no events in it")
    # Behind a proxy that does not hand the Host header on, only its owner knows the name.
    host = host_of(delivery.query.get("registry_url", ""))
    return gathered(
        items(delivery.document, "events"),
        partial(_of_event, host),
        each="event",
        why="none of its events pushes an image",
    )


def _of_event(registry_host: str, event: Any) -> Iterator[PushedImage]:
    if needed(event, "action") != "push" or _is_layer(event) or _is_chart(event):
        return
    host = registry_host or text(event, "request.host") or host_of(text(event, "target.url"))
    yield image(host, needed(event, "target.repository"), text(event, "target.tag"))


def _is_layer(event: Any) -> bool:
    """Tell by the URL, or by the type that blobs have (registry/storage/blobstore.go)."""
    media_type = text(event, "target.mediaType")
    return "/blobs/" in text(event, "target.url") or media_type == "application/octet-stream"


def _is_chart(event: Any) -> bool:
    """Tell by what the manifest refers to, where the registry is to tell (includereferences)."""
    references = items(event, "target.references")
    return any(is_chart(text(reference, "mediaType")) for reference in references)


SENDER = Sender(
    "distribution", _has_shape, _read, proofs=(in_authorization, in_query), marks=_marks
)
