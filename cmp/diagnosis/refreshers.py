"""Whether a refresher works, and there is another."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cmp.diagnosis.facts import REFRESHER, Facts
from cmp.diagnosis.finding import Finding, advice, ok, wrong
from cmp.diagnosis.workloads import ready, workload

_LOG = f"look into the logs of the Pods of {REFRESHER}"
_DURATION_S = 15


def leader(facts: Facts) -> Iterator[Finding]:
    """Look at the Lease, which the refresher that works renews every other second."""
    spec = (facts.lease or {}).get("spec") or {}
    holder, renewed = spec.get("holderIdentity"), _time(spec.get("renewTime"))
    if not holder or renewed is None:
        yield wrong("no refresher works: nobody holds the Lease", _LOG)
        return
    age = facts.now - renewed
    # A clock here and one there: half a minute apart is no news.
    if age > timedelta(seconds=int(spec.get("leaseDurationSeconds") or _DURATION_S) + 30):
        yield wrong(
            f"no refresher works: {holder} renewed the Lease last at {renewed.isoformat()}", _LOG
        )
        return
    yield ok(f"{holder} works")


def deployment(facts: Facts) -> Iterator[Finding]:
    """Look at how many there are."""
    found = workload(facts, REFRESHER)
    if found is None:
        yield wrong(
            f"there is no Deployment {REFRESHER} in {facts.control_plane}", "apply kustomize/base"
        )
        return
    there, wanted = ready(found)
    if not there:
        yield wrong(f"none of {wanted} Pods of {REFRESHER} is ready", _LOG)
    elif there < wanted:
        yield advice(f"{there} of {wanted} Pods of {REFRESHER} are ready", _LOG)
    elif wanted == 1:
        yield advice(
            f"one Pod of {REFRESHER} runs: while its node is down, no image changes",
            "have two: one works, and the other takes over",
        )
    else:
        yield ok(f"{there} Pods of {REFRESHER} are ready")


def _time(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
