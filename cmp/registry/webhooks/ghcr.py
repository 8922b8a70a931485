"""GitHub's container registry: the events ``package`` and ``registry_package``.

GitHub documentation, "Webhook events and payloads"; a webhook of a repository sends the first, a
GitHub App's the second, with the same content under another key (Kargo,
pkg/webhook/external/github.go). What they have of a container is in google/go-github#2033.
"""

from collections.abc import Mapping
from typing import Any

from cmp.errors import InvalidInput, quoted
from cmp.registry.webhooks.base import Delivery, Pushed, Sender
from cmp.registry.webhooks.fields import find, needed, text
from cmp.registry.webhooks.images import host_of, image, is_chart
from cmp.registry.webhooks.proofs import signed

_EVENT = "x-github-event"
# Gitea and Forgejo send GitHub's headers too (services/webhook/deliver.go), and other packages.
_OTHERS = frozenset({"x-gitea-event", "x-gogs-event", "x-forgejo-event"})
_KEYS = frozenset({"package", "registry_package"})
_PUSHES = frozenset({"published", "updated"})  # argocd-image-updater: the first only


def _marks(headers: Mapping[str, str]) -> bool:
    return _EVENT in headers and _OTHERS.isdisjoint(headers)


def _has_shape(_: Any) -> bool:
    return False  # the header is always there


def _read(delivery: Delivery) -> Pushed:
    if not _marks(delivery.headers):
        raise InvalidInput("not sent by GitHub: it has no X-GitHub-Event, or another's as well")
    key = delivery.headers[_EVENT]
    if key not in _KEYS:
        return Pushed(why=f"GitHub's event {quoted(key[:80])} tells of no image")
    action = needed(delivery.document, "action")
    if action not in _PUSHES:
        return Pushed(why=f"the action {quoted(action)} pushes nothing")
    try:
        return _of_package(find(delivery.document, key))
    except InvalidInput as error:
        raise error.within(key) from None


def _of_package(package: Any) -> Pushed:
    kind = needed(package, "package_type", "ecosystem")
    if kind.lower() != "container":
        return Pushed(why=f"a package of type {quoted(kind)} is no image")
    version = find(package, "package_version")
    if is_chart(text(version, "container_metadata.manifest.config.media_type")):
        return Pushed(why="a Helm chart was pushed")
    # An owner keeps its capitals here, and an image's name has none.
    path = f"{needed(package, 'owner.login', 'namespace')}/{needed(package, 'name')}".lower()
    # ghcr.io/<owner>/<name>:<tag>; a GitHub Enterprise Server has a registry of its own.
    host = host_of(text(version, "package_url")) or "ghcr.io"
    tag = text(version, "container_metadata.tag.name", "name", "version")
    return Pushed((image(host, path, tag),))


SENDER = Sender("ghcr.io", _has_shape, _read, proofs=(signed,), marks=_marks)
