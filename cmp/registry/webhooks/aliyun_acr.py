"""Alibaba Cloud Container Registry: a tag was pushed (its documentation, "Manage triggers").

The payload does not name the registry. Of a region's shared registry the host follows from the
region; of an Enterprise instance, or inside a VPC, it is what ``?registry_url=`` in the trigger's
URL says, as in argocd-image-updater.
"""

from typing import Any

from cmp.errors import InvalidInput
from cmp.registry.webhooks.base import Delivery, Pushed, Sender
from cmp.registry.webhooks.fields import find, needed, repository_path, text
from cmp.registry.webhooks.images import host_of, image
from cmp.registry.webhooks.proofs import in_query


def _has_shape(document: Any) -> bool:
    named = isinstance(find(document, "repository.repo_full_name"), str)
    return named and isinstance(find(document, "push_data"), dict)


def _read(delivery: Delivery) -> Pushed:
    document = delivery.document
    path = repository_path(document, "repository", "repo_full_name")
    host = host_of(delivery.query.get("registry_url", ""))
    region = text(document, "repository.region")
    if not host and not region:
        raise InvalidInput(
            "there is no repository.region in it; add &registry_url=<host> to the webhook's URL"
        )
    host = host or f"registry.{region}.aliyuncs.com"
    return Pushed((image(host, path, needed(document, "push_data.tag")),))


SENDER = Sender("aliyun-acr", _has_shape, _read, proofs=(in_query,))
