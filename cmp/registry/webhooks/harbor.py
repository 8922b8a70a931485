"""Harbor: an artifact was pushed, or replicated (Harbor documentation, "Configure Webhooks").

Its "Default" format; in its format "CloudEvents" the same data is in that envelope, and the type
has another name (src/pkg/notifier/formats/cloudevents.go). An artifact without a tag has its
digest for one. A chart is an artifact as any other: nothing tells it from an image.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from cmp.core.image import split_tag
from cmp.errors import InvalidInput, quoted
from cmp.registry.webhooks.base import Delivery, Pushed, PushedImage, Sender
from cmp.registry.webhooks.fields import find, items, needed, repository_path, text
from cmp.registry.webhooks.images import gathered, host_of, image
from cmp.registry.webhooks.proofs import in_authorization

_PUSHES = frozenset({"PUSH_ARTIFACT", "harbor.artifact.pushed"})
_REPLICATIONS = frozenset({"REPLICATION", "harbor.replication.status.changed"})
_IMAGES = frozenset({"image", "artifact"})


def _has_shape(document: Any) -> bool:
    typed = isinstance(find(document, "type"), str)
    return typed and isinstance(find(document, "event_data"), dict)


def _read(delivery: Delivery) -> Pushed:
    kind = needed(delivery.document, "type")
    return told(kind, find(delivery.document, "event_data"))


def told(kind: str, data: Any) -> Pushed:
    """Return what an event of the type ``kind`` tells; ``data`` is the same in both formats."""
    if kind in _PUSHES:
        path = repository_path(data, "repository", "repo_full_name")
        resources = items(data, "resources")
        if not resources:
            raise InvalidInput("there are no resources in it")
        return gathered(resources, partial(_of_resource, path), each="resource", why="")
    if kind in _REPLICATIONS:
        return _of_replication(find(data, "replication"))
    return Pushed(why=f"{quoted(kind)} pushes nothing")


def _of_resource(path: str, resource: Any) -> Iterator[PushedImage]:
    yield image(host_of(needed(resource, "resource_url")), path, text(resource, "tag"))


def _of_replication(said: Any) -> Pushed:
    """Return what arrived at the destination: this Harbor, or the registry it pushes to.

    The namespaces are of the policy's source and destination, while the resources are called
    after which of the two is this Harbor, the one without a name
    (src/controller/event/handler/webhook/artifact/replication.go): where it pushes, the
    destination's namespace is at the source.
    """
    host = host_of(needed(said, "dest_resource.endpoint"))
    remote = text(said, "dest_resource.registry_name")
    namespace = text(said, f"{'src' if remote else 'dest'}_resource.namespace")
    return gathered(
        items(said, "successful_artifact"),
        partial(_of_artifact, host, namespace),
        each="successful_artifact",
        why=f"a replication, {quoted(text(said, 'job_status'))}: no image has arrived",
    )


def _of_artifact(host: str, namespace: str, artifact: Any) -> Iterator[PushedImage]:
    """Read ``name_tag``: ``<name> [<n> item(s) in total]``, or ``<name>:<tag>``.

    src/controller/replication/flow/stage.go, getResourceName; ``references`` came with 2.10.
    """
    if needed(artifact, "type") not in _IMAGES:
        return
    name, tag = split_tag(needed(artifact, "name_tag").partition(" [")[0])
    path = f"{namespace}/{name}" if namespace else name
    for reference in items(artifact, "references") or [tag or ""]:
        yield image(host, path, reference if isinstance(reference, str) else "")


SENDER = Sender("harbor", _has_shape, _read, proofs=(in_authorization,))
