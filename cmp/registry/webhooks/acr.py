"""Azure Container Registry: an image was pushed ("Azure Container Registry webhook reference").

The same data is in Event Grid's CloudEvents ("Azure Container Registry as an Event Grid source").
The request to test a webhook is ``ping``, without a target (Kargo, pkg/webhook/external/azure.go).
"""

from typing import Any

from cmp.errors import quoted
from cmp.registry.webhooks.base import Delivery, Pushed, Sender
from cmp.registry.webhooks.fields import find, needed, text
from cmp.registry.webhooks.images import image
from cmp.registry.webhooks.proofs import in_authorization


def _has_shape(document: Any) -> bool:
    action = find(document, "action")
    return isinstance(action, str) and (
        isinstance(find(document, "target"), dict) or action == "ping"
    )


def told(data: Any) -> Pushed:
    """Return what an event tells, with whatever envelope it came."""
    action = needed(data, "action")
    if action != "push":
        return Pushed(why=f"the action {quoted(action)} pushes no image")
    host, path = needed(data, "request.host"), needed(data, "target.repository")
    return Pushed((image(host, path, text(data, "target.tag")),))


def _read(delivery: Delivery) -> Pushed:
    return told(delivery.document)


SENDER = Sender("acr", _has_shape, _read, proofs=(in_authorization,))
