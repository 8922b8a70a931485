"""Google Artifact Registry, and gcr.io: a Pub/Sub push subscription to the topic ``gcr``.

Google, "Configure Pub/Sub notifications"; Pub/Sub wraps the notification in an object that has it
in base64, unless the subscription unwraps it ("Payload unwrapping for Pub/Sub push
subscriptions"). Charts are told of as images are.

Pub/Sub sends no header but a signed token of its own ("Authentication for push subscriptions"),
which is not looked at: the secret is in ``?secret=``, or a proxy adds ``Authorization: Bearer``.
"""

import base64
from typing import Any

from cmp.core.image import split_tag
from cmp.errors import InvalidInput, quoted
from cmp.registry.webhooks.base import Delivery, Pushed, Sender
from cmp.registry.webhooks.fields import find, json_of, needed
from cmp.registry.webhooks.images import image
from cmp.registry.webhooks.proofs import in_authorization, in_query

_ACTIONS = frozenset({"INSERT", "DELETE"})


def _has_shape(document: Any) -> bool:
    wrapped = isinstance(find(document, "subscription"), str)
    if wrapped and isinstance(find(document, "message"), dict):
        return True
    action = find(document, "action")
    named = isinstance(find(document, "digest"), str) or isinstance(find(document, "tag"), str)
    return isinstance(action, str) and action in _ACTIONS and named


def told(document: Any) -> Pushed:
    """Return what a notification tells, wrapped or not."""
    message = find(document, "message")
    said = document if message is None else _unwrapped(message)
    action = needed(said, "action")
    if action != "INSERT":
        return Pushed(why=f"the action {quoted(action)} pushes nothing")
    host, slash, rest = needed(said, "tag", "digest").partition("/")
    if not slash:
        raise InvalidInput(f"{quoted(host)} names no registry")
    path, tag = split_tag(rest.partition("@")[0])
    return Pushed((image(host, path, tag or ""),))


def _unwrapped(message: Any) -> Any:
    data = find(message, "data")
    if not isinstance(data, str):
        raise InvalidInput("there is no message.data in it")
    try:
        notification = base64.b64decode(data, validate=True)
    except ValueError:
        raise InvalidInput("message.data is not base64") from None
    return json_of(notification, "message.data")


def _read(delivery: Delivery) -> Pushed:
    return told(delivery.document)


SENDER = Sender("artifact-registry", _has_shape, _read, proofs=(in_query, in_authorization))
