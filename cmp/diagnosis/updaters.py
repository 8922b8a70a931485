"""argocd-image-updater beside us: two that write the same images.

Source: its docs and CRD as of 1.3 (reference/image-updater.md §9): a custom resource selects
Applications of its own namespace by glob; those before 1.0 read the annotations that we read.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from cmp.diagnosis.applications import Ours, ours
from cmp.diagnosis.facts import Facts, Object
from cmp.diagnosis.finding import Finding, advice, ok, some, wrong
from cmp.diagnosis.workloads import name_of, ready


def updaters(facts: Facts) -> Iterator[Finding]:
    """Look for one that runs, and selects our Applications."""
    running = [_called(found) for found in facts.updaters if ready(found)[1]]
    found = ours(facts)
    is_clear = True
    for resource in facts.image_updaters:
        names = [str(one.application) for one in found if selects(resource, one)]
        if not names:
            continue
        is_clear = False
        said = f"ImageUpdater {_called(resource)} selects {some(names)}, which name our plugin"
        step = "take them out of its applicationRefs: one alone may write an Application's images"
        yield wrong(said, step) if running else advice(f"{said}; no updater runs now", step)
    if running and not facts.image_updaters and found:
        is_clear = False
        yield advice(
            f"{some(running)} runs, and there is no ImageUpdater: before its version 1.0 it reads "
            "the annotations that we read",
            "it passes plugin Applications over; scale it to 0 when none is left for it",
        )
    if is_clear:
        yield ok("no argocd-image-updater writes to our Applications")


def selects(resource: Object, one: Ours) -> bool:
    """Tell whether a custom resource selects an Application."""
    namespace = (resource.get("metadata") or {}).get("namespace")
    if namespace != one.application.namespace:
        return False
    labels = (one.manifest.get("metadata") or {}).get("labels") or {}
    references = (resource.get("spec") or {}).get("applicationRefs") or ()
    return any(
        fnmatchcase(one.application.name, str(reference.get("namePattern", "")))
        and _has(labels, reference.get("labelSelectors") or {})
        for reference in references
    )


def _has(labels: Object, selector: Object) -> bool:
    """Tell whether labels match a selector (apimachinery, LabelSelector)."""
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(name) != value for name, value in wanted.items()):
        return False
    return all(_holds(labels, rule) for rule in selector.get("matchExpressions") or ())


def _holds(labels: Object, rule: Object) -> bool:
    key, values = str(rule.get("key")), rule.get("values") or ()
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }.get(str(rule.get("operator")), False)


def _called(found: Object) -> str:
    namespace = (found.get("metadata") or {}).get("namespace", "")
    return f"{namespace}/{name_of(found)}"
