"""Notifications: Argo CD's own triggers fire once for each revision, and images change without one.

Source: argo-cd, notifications_catalog/triggers; docs/operator-manual/notifications/triggers.md.
"""

import re
from collections.abc import Iterator

from cmp.diagnosis.facts import Facts
from cmp.diagnosis.finding import Finding, advice, ok

PER_OPERATION = "app.status?.operationState?.startedAt"
_REVISION = re.compile(r"\brevisions?\b")


def triggers(facts: Facts) -> Iterator[Finding]:
    """Look for triggers that a new image does not fire."""
    deaf = [
        trigger.name
        for trigger in facts.triggers
        if any(_REVISION.search(once) and "startedAt" not in once for once in trigger.once_per)
    ]
    if deaf:
        yield advice(
            f"triggers that fire once for each Git revision, so not for a new image: "
            f"{', '.join(deaf)}",
            f"in argocd-notifications-cm write oncePer: {PER_OPERATION} for each of them",
        )
    elif facts.triggers:
        yield ok("each trigger fires for a new image")
    else:
        yield ok("argocd-notifications-cm has no triggers")
