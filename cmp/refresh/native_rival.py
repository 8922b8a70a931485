"""Whether an argocd-image-updater writes the same Applications: two writers would fight."""

from collections.abc import Iterable

from cmp.core.rival import API, is_before_1, is_updater, selects
from cmp.refresh.cluster import Cluster, ClusterFailed, Missing, Object
from cmp.refresh.observed import Observed
from cmp.refresh.scope import Scope

_WAY_OUT = (
    "stop it (kubectl scale --replicas=0), or have it select others; with "
    "--native-beside-updater true both may write"
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
                updaters += self._list(f"{API}/namespaces/{namespace}/imageupdaters")
        except Missing:  # no such kind: it is of the time before
            return f"{who} runs, and serves all with an image-list; {_WAY_OUT}"
        if any(map(is_before_1, running)):
            return f"{who} runs, and serves all with an image-list; {_WAY_OUT}"
        for updater in updaters:
            for app in apps:
                if selects(updater, app.application, app.labels):
                    name = updater["metadata"]["name"]
                    return (
                        f"{who} runs, and its ImageUpdater {name} selects {app.application}; "
                        + (_WAY_OUT)
                    )
        return ""

    def _list(self, path: str) -> list[Object]:
        found, _ = self._cluster.list(path)
        return found
