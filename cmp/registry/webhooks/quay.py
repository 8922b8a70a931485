"""Quay, quay.io's or one's own: tags were pushed (Red Hat Quay, "Repository notifications").

Of its events only ``repo_push`` has ``updated_tags`` (notifications/notificationevent.py): those
of builds and mirrors are followed by it.
"""

from functools import partial
from typing import Any

from cmp.errors import InvalidInput
from cmp.registry.webhooks.base import Delivery, Pushed, PushedImage, Sender
from cmp.registry.webhooks.fields import find, items, needed, text
from cmp.registry.webhooks.images import gathered, host_of, image
from cmp.registry.webhooks.proofs import in_query


def _has_shape(document: Any) -> bool:
    keys = ("docker_url", "repository", "namespace", "homepage")
    return all(isinstance(find(document, key), str) for key in keys)


def _read(delivery: Delivery) -> Pushed:
    document = delivery.document
    path = needed(document, "repository")
    if find(document, "updated_tags") is None:
        return Pushed(why="it has no updated_tags: nothing was pushed")
    host = host_of(text(document, "docker_url")) or "quay.io"
    tags = items(document, "updated_tags") or [""]
    return gathered(tags, partial(_of_tag, host, path), each="tag", why="")


def _of_tag(host: str, path: str, tag: Any) -> tuple[PushedImage]:
    if not isinstance(tag, str):
        raise InvalidInput("not text")
    return (image(host, path, tag),)


SENDER = Sender("quay.io", _has_shape, _read, proofs=(in_query,))
