"""Whether an argocd-image-updater writes the same Applications: two writers would fight.

Before 1.0 it served all that have an image-list; since then those that an ``ImageUpdater`` of
their namespace selects (its docs, "Migration from annotations"; reference/image-updater.md §9).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from cmp.core.glob import glob_to_re2
from cmp.core.patterns import Expression
from cmp.core.selector import Requirement
from cmp.refresh.cluster import Cluster, ClusterFailed, Missing, Object
from cmp.refresh.observed import Observed
from cmp.refresh.scope import Scope

_NAMES = ("argocd-image-updater", "argocd-image-updater-controller")
_NAME_LABEL = "app.kubernetes.io/name"
_UPDATERS = "/apis/argocd-image-updater.argoproj.io/v1alpha1"
# The tag, or a digest after it; `latest-annotation-based` is the old line's, too.
_BEFORE_1 = re.compile(r":v?0\.[^/]*$|annotation-based[^/]*$")
_SIGNS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
_WAY_OUT = (
    "stop it (kubectl scale --replicas=0), or have it select others; with "
    "--native-beside-updater true both may write"
)


def is_updater(deployment: Object) -> bool:
    """Tell whether a Deployment is an argocd-image-updater that runs, of whatever version."""
    metadata, spec = deployment["metadata"], deployment.get("spec") or {}
    template = (spec.get("template") or {}).get("metadata") or {}
    named = {metadata["name"], *(_label(one) for one in (metadata, template))}
    return spec.get("replicas", 1) != 0 and not named.isdisjoint(_NAMES)


def is_before_1(deployment: Object) -> bool:
    """Tell whether a Deployment runs a version that reads annotations by itself."""
    pod = (deployment["spec"].get("template") or {}).get("spec") or {}
    images = (str(container.get("image", "")) for container in pod.get("containers") or ())
    return any(_BEFORE_1.search(image.partition("@")[0]) for image in images)


def selects(updater: Object, app: Observed) -> bool:
    """Tell whether an ``ImageUpdater`` selects an Application (its argocd.go, FilterApplications).

    A pattern that cannot be read selects nothing there.
    """
    if updater["metadata"]["namespace"] != app.application.namespace:
        return False
    references = (updater.get("spec") or {}).get("applicationRefs") or ()
    return any(
        _matches(reference.get("namePattern", ""), app.application.name)
        and all(r.allows(app.labels) for r in _requirements(reference.get("labelSelectors") or {}))
        for reference in references
    )


class Rivals:
    """Looks for them."""

    def __init__(self, cluster: Cluster, scope: Scope) -> None:
        """Look in ``cluster``, as far as ``scope`` goes."""
        self._cluster = cluster
        self._planes = dict.fromkeys((scope.control_plane, scope.updater_namespace))
        self._namespaces = dict.fromkeys((scope.control_plane, *scope.application_namespaces))

    def why_not(self, apps: Iterable[Observed]) -> str:
        """Return why the ``apps`` may not be written, or nothing.

        Where we may not look there may be one: that is a reason, too. Raises `ClusterFailed`
        when the API server does not answer.
        """
        try:
            running = [
                found
                for namespace in filter(None, self._planes)
                for found in self._list(f"/apis/apps/v1/namespaces/{namespace}/deployments")
                if is_updater(found)
            ]
            if not running:
                return ""
            return self._selected(running, tuple(apps))
        except ClusterFailed as error:
            if error.status not in (401, 403):
                raise
            return (
                "it cannot be told whether an argocd-image-updater runs, which would write the "
                f"same Applications; apply kustomize/native ({error.where or 'no permission'})"
            )

    def _selected(self, running: list[Object], apps: tuple[Observed, ...]) -> str:
        metadata = running[0]["metadata"]
        who = f"the argocd-image-updater {metadata['namespace']}/{metadata['name']}"
        updaters: list[Object] = []
        try:
            for namespace in self._namespaces:
                updaters += self._list(f"{_UPDATERS}/namespaces/{namespace}/imageupdaters")
        except Missing:  # no such kind: it is of the time before
            return f"{who} runs, and serves all with an image-list; {_WAY_OUT}"
        if any(map(is_before_1, running)):
            return f"{who} runs, and serves all with an image-list; {_WAY_OUT}"
        for updater in updaters:
            for app in apps:
                if selects(updater, app):
                    name = updater["metadata"]["name"]
                    return (
                        f"{who} runs, and its ImageUpdater {name} selects {app.application}; "
                        + (_WAY_OUT)
                    )
        return ""

    def _list(self, path: str) -> list[Object]:
        found, _ = self._cluster.list(path)
        return found


def _label(metadata: Mapping[str, Any]) -> str:
    return str((metadata.get("labels") or {}).get(_NAME_LABEL, ""))


def _matches(pattern: str, name: str) -> bool:
    expression = glob_to_re2(pattern)
    return expression is not None and Expression.compile(expression, where=pattern).matches(name)


def _requirements(selector: Mapping[str, Any]) -> list[Requirement]:
    """Read a LabelSelector (k8s.io/apimachinery, LabelSelectorAsSelector)."""
    exact = (selector.get("matchLabels") or {}).items()
    return [Requirement(key, "=", frozenset({value})) for key, value in exact] + [
        Requirement(one["key"], _SIGNS[one["operator"]], frozenset(one.get("values") or ()))
        for one in selector.get("matchExpressions") or ()
    ]
