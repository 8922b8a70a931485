"""Kubernetes Events of an Application, which Argo CD and kubectl show people."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cmp.refresh.observed import Observed

COMPONENT = "image-cmp-refresher"
_LONGEST = 1000  # the API server takes 1024 bytes of message
_WARNINGS = frozenset({"ImageNotUpdated", "ImageHeld"})


def event(
    app: Observed,
    reason: str,
    images: tuple[tuple[str, str], ...],
    note: str,
    *,
    key: str,
    now: datetime,
) -> dict[str, Any]:
    """Return an Event that says how images changed, or why not.

    Its name follows from what it says and ``key``: one that is written twice, before and
    after a restart, is one.
    """
    application = app.application
    changes = ", ".join(dict.fromkeys(_change(before, after) for before, after in images))
    message = ": ".join(filter(None, (changes, note)))[:_LONGEST]
    identity = "|".join((app.uid, reason, key, note))
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    time = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    involved: Mapping[str, str] = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "name": application.name,
        "namespace": application.namespace,
        "uid": app.uid,
        "resourceVersion": app.resource_version,
    }
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{application.name[:230]}.{digest}",
            "namespace": application.namespace,
        },
        "involvedObject": involved,
        "reason": reason,
        "type": "Warning" if reason in _WARNINGS else "Normal",
        "message": message,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    }


def _change(before: str, after: str) -> str:
    return f"{before} → {after or 'as in Git'}"
