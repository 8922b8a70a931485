"""Webhooks: which repositories a registry says were pushed to; a sender is one file.

A delivery is read without trust: its sender is told by headers and by shape, or by what the
webhook's URL says (``?type=``, or the header ``X-Registry-Type``, as in argocd-image-updater),
and never by a payload that could be another's.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from cmp.core.keys import nearest
from cmp.errors import InvalidInput, quoted
from cmp.registry.webhooks import (
    acr,
    aliyun_acr,
    artifact_registry,
    cloud_events,
    distribution,
    docker_hub,
    ecr,
    ghcr,
    harbor,
    quay,
)
from cmp.registry.webhooks.base import Delivery, Pushed, PushedImage, Sender

SENDERS: Mapping[str, Sender] = MappingProxyType(
    {
        sender.name: sender
        for sender in (
            acr.SENDER,
            aliyun_acr.SENDER,
            artifact_registry.SENDER,
            cloud_events.SENDER,
            distribution.SENDER,
            docker_hub.SENDER,
            ecr.SENDER,
            ghcr.SENDER,
            harbor.SENDER,
            quay.SENDER,
        )
    }
)


def sender_of(delivery: Delivery) -> Sender:
    """Return who sent ``delivery``: whose secret it has to show (`Sender.knows`).

    Raises `InvalidInput` for nobody that is known, for a payload that could be several's, and
    for one that is another's than the webhook's URL says.
    """
    found = _recognised(delivery)
    said = delivery.query.get("type") or delivery.headers.get("x-registry-type")
    if said:
        return _checked(said, delivery, found)
    if len(found) == 1:
        return found[0]
    names = ", ".join(sender.name for sender in found or SENDERS.values())
    if found:
        raise InvalidInput(f"it could be of {names}; say which in the webhook's URL: ?type=<name>")
    raise InvalidInput(
        f"it is of no sender that is known; known are {names}: "
        "?type=<name> in the webhook's URL says which it should be"
    )


def pushed(delivery: Delivery) -> Pushed:
    """Return what was pushed: repositories to check again, or why there are none.

    Raises `InvalidInput` for a sender that is not known (`sender_of`), and for a payload that
    cannot be understood; where several events are in it, only if nothing came of any.
    """
    sender = sender_of(delivery)
    try:
        return replace(sender.read(delivery), sender=sender.name)
    except InvalidInput as error:
        raise error.within(sender.name) from None


def _recognised(delivery: Delivery) -> tuple[Sender, ...]:
    """Return the senders it may be of: by headers that one of them alone sends, else by shape."""
    marked = tuple(s for s in SENDERS.values() if s.marks(delivery.headers))
    return marked or tuple(s for s in SENDERS.values() if s.has_shape(delivery.document))


def _checked(said: str, delivery: Delivery, found: tuple[Sender, ...]) -> Sender:
    sender = SENDERS.get(said)
    if sender is None:
        said = said[:80]
        raise InvalidInput(
            f"no sender is called {quoted(said)}; use one of: {', '.join(SENDERS)}"
            f"{nearest(said, SENDERS)}"
        )
    if found and sender not in found and not sender.has_shape(delivery.document):
        names = " or ".join(other.name for other in found)
        raise InvalidInput(f"the webhook's URL says {sender.name}, and this is of {names}")
    return sender


__all__ = ["SENDERS", "Delivery", "Pushed", "PushedImage", "Sender", "pushed", "sender_of"]
