"""Deliveries as vendors document them: bodies in payloads/, and the headers that come with them.

Docker Hub: docs.docker.com/docker-hub/webhooks. GitHub: docs.github.com/en/webhooks,
payload-examples of octokit/webhooks, deliveries in google/go-github#2033 and
octokit/webhooks.net#178. Harbor: goharbor.io/docs, "Configure Webhooks". Quay: Red Hat Quay,
"Repository notifications". ACR and Event Grid: learn.microsoft.com. Alibaba:
alibabacloud.com/help/en/acr/user-guide/manage-webhooks. ECR: docs.aws.amazon.com/AmazonECR, "ECR
events and EventBridge". Artifact Registry and Pub/Sub: cloud.google.com. distribution:
docs/content/about/notifications.md. GitLab: container-registry!1869. CloudEvents:
argocd-image-updater, docs/configuration/webhook.md and config/examples/cloudevents.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cmp.registry.webhooks import Delivery, Pushed

_FOLDER = Path(__file__).parent / "payloads"
_JSON = {"Content-Type": "application/json"}
_HEADERS: Mapping[str, Mapping[str, str]] = {
    "acr-ping": {**_JSON, "User-Agent": "AzureContainerRegistry/1.0"},
    "cloudevents": {"Content-Type": "application/cloudevents+json; charset=UTF-8"},
    "distribution": {"Content-Type": "application/vnd.docker.distribution.events.v2+json"},
    "distribution-gitlab": {"Content-Type": "application/vnd.docker.distribution.events.v1+json"},
    "ghcr": {**_JSON, "X-GitHub-Event": "package"},
    "ghcr-ping": {**_JSON, "X-GitHub-Event": "ping"},
    "ghcr-registry-package": {**_JSON, "X-GitHub-Event": "registry_package"},
    "like-ghcr": {**_JSON, "X-Gitea-Event": "package", "X-GitHub-Event": "package"},
}
_SENDERS = {
    "acr": "acr",
    "aliyun-acr": "aliyun-acr",
    "artifact-registry": "artifact-registry",
    "cloudevents": "cloudevents",
    "distribution": "distribution",
    "docker-hub": "docker.io",
    "ecr": "ecr",
    "ghcr": "ghcr.io",
    "harbor": "harbor",
    "like": "",
    "quay": "quay.io",
}
NAMES = tuple(sorted(file.stem for file in _FOLDER.glob("*.json")))
KNOWN = tuple(name for name in NAMES if not name.startswith("like-"))


def _longest(name: str, table: Mapping[str, Any]) -> Any:
    """Return what the table has for the longest beginning of ``name``."""
    return table[max((key for key in table if name.startswith(key)), key=len)]


def body(name: str) -> bytes:
    return (_FOLDER / f"{name}.json").read_bytes()


def document(name: str) -> Any:
    return json.loads(body(name))


def headers(name: str) -> Mapping[str, str]:
    found: Mapping[str, str] = _longest(name, {"": _JSON, **_HEADERS})
    return found


def sender(name: str) -> str:
    return str(_longest(name, _SENDERS))


def delivery(name: str, **query: str) -> Delivery:
    return Delivery.parse(body(name), headers(name), query)


def posted(document: object, given: Mapping[str, str] | None = None, **query: str) -> Delivery:
    return Delivery.parse(json.dumps(document).encode(), given or {}, query)


def written(pushed: Pushed) -> list[str]:
    return [f"{repository}:{tag}" if tag else str(repository) for repository, tag in pushed.images]
