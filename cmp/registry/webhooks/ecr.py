"""Amazon ECR: EventBridge's events as they are, and as argocd-image-updater has them rewritten.

"Amazon ECR events and EventBridge"; an API destination without an input transformer sends them
unchanged. The account and the region are those of the registry where the image arrived, for a
replication too. The CloudEvents are argocd-image-updater's own (docs/configuration/webhook.md).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from cmp.errors import InvalidInput, quoted
from cmp.registry.webhooks.base import Delivery, Pushed, Sender
from cmp.registry.webhooks.fields import find, needed, text
from cmp.registry.webhooks.images import image
from cmp.registry.webhooks.proofs import in_own_header, in_query

_ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "ECR Image Action": "PUSH",
        "ECR Replication Action": "REPLICATE",
        "ECR Pull Through Cache Action": "",  # it has none
    }
)
_SOURCE = re.compile(r"(?:urn|arn):aws[a-z-]*:ecr:([a-z0-9-]+):([0-9]+):.*")
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]+(?:-[a-z0-9]+)+")


def _has_shape(document: Any) -> bool:
    typed = isinstance(find(document, "detail-type"), str)
    return typed and find(document, "source") == "aws.ecr"


def _read(delivery: Delivery) -> Pushed:
    document = delivery.document
    kind, detail = needed(document, "detail-type"), find(document, "detail")
    action = text(detail, "action-type")
    if _ACTIONS.get(kind) != action:
        return Pushed(why=f"{quoted(f'{kind} {action}'.strip())} pushes nothing")
    outcome = needed(detail, "result", "sync-status")
    if outcome != "SUCCESS":
        return Pushed(why=f"{quoted(kind)} ended with {quoted(outcome)}")
    host = _host(needed(document, "account"), needed(document, "region"))
    return Pushed((image(host, needed(detail, "repository-name"), text(detail, "image-tag")),))


def told(event: Any) -> Pushed:
    """Return what a CloudEvent tells; it may have the image in ``subject`` only."""
    source = needed(event, "source")
    where = _SOURCE.fullmatch(source)
    if where is None:
        raise InvalidInput(
            f"source is {quoted(source)}, not urn:aws:ecr:<region>:<account>:repository/<name>"
        )
    path, _, tag = text(event, "subject").partition(":")
    path = text(event, "data.repositoryName") or path
    if not path:
        raise InvalidInput("there is no data.repositoryName and no subject in it")
    host = _host(text(event, "data.registryId") or where[2], where[1])
    return Pushed((image(host, path, text(event, "data.imageTag") or tag),))


def _host(account: str, region: str) -> str:
    """Return a private registry's host (AWS, "Private registry concepts")."""
    if not _ACCOUNT.fullmatch(account) or not _REGION.fullmatch(region):
        raise InvalidInput(
            f"account {quoted(account)} and region {quoted(region)} are none of AWS's"
        )
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{account}.dkr.ecr.{region}.{suffix}"


SENDER = Sender("ecr", _has_shape, _read, proofs=(in_query, in_own_header))
