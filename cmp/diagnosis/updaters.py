"""argocd-image-updater beside us: two that write the same images."""

from collections.abc import Iterator

from cmp.core.rival import is_before_1, is_updater, selects
from cmp.diagnosis.applications import Ours, ours
from cmp.diagnosis.facts import Facts, Object
from cmp.diagnosis.finding import Finding, advice, ok, some, wrong
from cmp.diagnosis.workloads import name_of


def updaters(facts: Facts) -> Iterator[Finding]:
    """Look for one that runs, and selects our Applications."""
    running = [found for found in facts.updaters if is_updater(found)]
    found = ours(facts)
    is_clear = True
    for resource in facts.image_updaters:
        names = [str(one.application) for one in found if _selects(resource, one)]
        if not names:
            continue
        is_clear = False
        said = f"ImageUpdater {_called(resource)} selects {some(names)}, which name our plugin"
        step = "take them out of its applicationRefs: one alone may write an Application's images"
        yield wrong(said, step) if running else advice(f"{said}; no updater runs now", step)
    old = [_called(one) for one in running if is_before_1(one)]
    if old and found:
        is_clear = False
        yield advice(
            f"{some(old)} is of a version before 1.0, which reads the annotations that we read",
            "it passes plugin Applications over; scale it to 0 when none is left for it",
        )
    if is_clear:
        yield ok("no argocd-image-updater writes to our Applications")


def _selects(resource: Object, one: Ours) -> bool:
    labels = (one.manifest.get("metadata") or {}).get("labels") or {}
    return selects(resource, one.application, labels)


def _called(found: Object) -> str:
    namespace = (found.get("metadata") or {}).get("namespace", "")
    return f"{namespace}/{name_of(found)}"
