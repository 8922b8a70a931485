"""Docker Hub: a tag was pushed (Docker documentation, "Webhooks").

There is one kind of event, and neither a signature nor a header. That ``push_data`` has the type
of the image's configuration in ``media_type`` is not documented; Kargo relies on it
(pkg/webhook/external/dockerhub.go).
"""

from typing import Any

from cmp.core.image import DOCKER_HUB
from cmp.registry.webhooks.base import Delivery, Pushed, Sender
from cmp.registry.webhooks.fields import find, needed, repository_path, text
from cmp.registry.webhooks.images import host_of, image, is_chart
from cmp.registry.webhooks.proofs import in_query


def _has_shape(document: Any) -> bool:
    """Tell it from registries that copy the format: they give their own ``repo_url``."""
    if not isinstance(find(document, "push_data"), dict):
        return False
    url = find(document, "repository.repo_url")
    host = host_of(url) if isinstance(url, str) else "docker.com"
    named = isinstance(find(document, "repository.repo_name"), str)
    return named and (host == "docker.com" or host.endswith(".docker.com"))


def _read(delivery: Delivery) -> Pushed:
    document = delivery.document
    path = repository_path(document, "repository", "repo_name")
    if is_chart(text(document, "push_data.media_type")):
        return Pushed(why="a Helm chart was pushed")
    return Pushed((image(DOCKER_HUB, path, needed(document, "push_data.tag")),))


SENDER = Sender(DOCKER_HUB, _has_shape, _read, proofs=(in_query,))
