"""Kubernetes Events of an Application, which Argo CD and kubectl show people."""

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cmp.refresh.cluster import Cluster, ClusterFailed, Conflict
from cmp.refresh.observed import Observed

log = logging.getLogger(__name__)

COMPONENT = "image-cmp-refresher"
_LONGEST = 1000  # bytes; the API server takes 1024
_WARNINGS = frozenset(
    {
        "ImageHeld",
        "ImageLockReverted",
        "ImageNotRolledBack",
        "ImageNotUpdated",
        "ImageRestored",
        "ImagesReverted",
    }
)


def event(app: Observed, reason: str, message: str, *, key: str, now: datetime) -> dict[str, Any]:
    """Return an Event that says ``message`` of an Application.

    Its name follows from what it says and from ``key``: what is written twice, before and
    after a restart, is one Event.
    """
    application = app.application
    identity = f"{app.uid}|{reason}|{key}|{message}"
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    time = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{application.name[:230].rstrip('-.')}.{digest}",
            "namespace": application.namespace,
        },
        "involvedObject": {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "name": application.name,
            "namespace": application.namespace,
            "uid": app.uid,
            "resourceVersion": app.resource_version,
        },
        "reason": reason,
        "type": "Warning" if reason in _WARNINGS else "Normal",
        "message": message.encode()[:_LONGEST].decode(errors="ignore"),
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    }


def create_event(cluster: Cluster, manifest: Mapping[str, Any]) -> None:
    """Create an Event; one that is there already says the same, and one that fails is logged."""
    try:
        cluster.create(f"/api/v1/namespaces/{manifest['metadata']['namespace']}/events", manifest)
    except Conflict:
        pass
    except ClusterFailed as error:
        log.warning("no event", extra={"reason": error})
