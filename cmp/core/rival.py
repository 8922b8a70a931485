"""argocd-image-updater as a cluster shows it: whether it runs, and which Applications it takes.

Before 1.0 it served all that have an image-list; since then those that an ``ImageUpdater`` of
their namespace selects (its docs, "Migration from annotations"; reference/image-updater.md §9).
"""

import re
from collections.abc import Mapping
from typing import Any

from cmp.core.application import Application
from cmp.core.glob import glob_to_re2
from cmp.core.patterns import Expression
from cmp.core.selector import Requirement

NAMES = ("argocd-image-updater", "argocd-image-updater-controller")
NAME_LABEL = "app.kubernetes.io/name"
API = "/apis/argocd-image-updater.argoproj.io/v1alpha1"
# The tag, or a digest after it; `latest-annotation-based` is the old line's, too.
_BEFORE_1 = re.compile(r":v?0\.[^/]*$|annotation-based[^/]*$")
_SIGNS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}

Object = Mapping[str, Any]
"""Anything the API server has, as JSON."""


def is_updater(deployment: Object) -> bool:
    """Tell whether a Deployment is an argocd-image-updater that runs, of whatever version."""
    metadata, spec = deployment["metadata"], deployment.get("spec") or {}
    template = (spec.get("template") or {}).get("metadata") or {}
    named = {metadata["name"], *(_label(one) for one in (metadata, template))}
    return spec.get("replicas", 1) != 0 and not named.isdisjoint(NAMES)


def is_before_1(deployment: Object) -> bool:
    """Tell whether a Deployment runs a version that reads annotations by itself."""
    pod = (deployment["spec"].get("template") or {}).get("spec") or {}
    images = (str(container.get("image", "")) for container in pod.get("containers") or ())
    return any(_BEFORE_1.search(image.partition("@")[0]) for image in images)


def selects(updater: Object, application: Application, labels: Mapping[str, str]) -> bool:
    """Tell whether an ``ImageUpdater`` selects an Application (its argocd.go, FilterApplications).

    A pattern that cannot be read selects nothing there.
    """
    if updater["metadata"]["namespace"] != application.namespace:
        return False
    references = (updater.get("spec") or {}).get("applicationRefs") or ()
    return any(
        _matches(reference.get("namePattern", ""), application.name)
        and all(r.allows(labels) for r in _requirements(reference.get("labelSelectors") or {}))
        for reference in references
    )


def _label(metadata: Object) -> str:
    return str((metadata.get("labels") or {}).get(NAME_LABEL, ""))


def _matches(pattern: str, name: str) -> bool:
    expression = glob_to_re2(pattern)
    return expression is not None and Expression.compile(expression, where=pattern).matches(name)


def _requirements(selector: Object) -> list[Requirement]:
    """Read a LabelSelector (k8s.io/apimachinery, LabelSelectorAsSelector)."""
    exact = (selector.get("matchLabels") or {}).items()
    return [Requirement(key, "=", frozenset({value})) for key, value in exact] + [
        Requirement(one["key"], _SIGNS[one["operator"]], frozenset(one.get("values") or ()))
        for one in selector.get("matchExpressions") or ()
    ]
