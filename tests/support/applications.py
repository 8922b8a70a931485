"""An Application in an API server: what Argo CD makes of it, and what a person does to it."""

import json
from datetime import UTC, datetime
from uuid import uuid4

from tests.support.kubernetes import Kubernetes, Object

API = "/apis/argoproj.io/v1alpha1"
APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
REFRESH = "argocd.argoproj.io/refresh"
REFRESH_TIMESTAMP = "argocd.argoproj.io/refresh-timestamp"


class Application:
    """One Application, and what it deploys into a Namespace that no other uses."""

    def __init__(
        self, kubernetes: Kubernetes, *, namespace: str, name: str, destination: str
    ) -> None:
        self._kubernetes = kubernetes
        self.destination = destination
        self.name = name
        self.namespace = namespace
        self.path = f"{API}/namespaces/{namespace}/applications/{name}"

    def status(self) -> Object:
        return _status(self._kubernetes.get(self.path))

    def synced(self) -> Object:
        """Wait until what is deployed is what is rendered, and no operation is at it."""
        return _status(self._kubernetes.wait(self.path, "Synced", _is_synced))

    def is_out_of_sync(self) -> Object:
        """Wait until what is deployed is not what is rendered."""

        def probe(application: Object) -> bool:
            return bool(_status(application).get("sync", {}).get("status") == "OutOfSync")

        return _status(self._kubernetes.wait(self.path, "OutOfSync", probe))

    def condition(self, kind: str) -> str:
        """Wait until Argo CD reports a condition, ``ComparisonError``; return its message."""
        found = self._kubernetes.wait(self.path, kind, lambda a: kind in _conditions(a))
        return _conditions(found)[kind]

    def refresh(self) -> Object:
        """Have Argo CD compare again what was generated last, and wait until it has."""
        return self._refreshed("normal")

    def hard_refresh(self) -> Object:
        """Have the manifests generated anew, and wait until they are."""
        return self._refreshed("hard")

    def _refreshed(self, kind: str) -> Object:
        now = datetime.now(UTC).isoformat()  # noqa: TID251 - as every client of Argo CD does
        annotations = {REFRESH: kind, REFRESH_TIMESTAMP: now}
        self._kubernetes.patch(self.path, {"metadata": {"annotations": annotations}})
        return _status(self._kubernetes.wait(self.path, "the refresh is over", _is_refreshed))

    def sync(self) -> Object:
        """Apply all that was generated last, and wait until that is over.

        An operation asked for while there is another would be lost, and one asked for during
        a hard refresh would apply the manifests of before.
        """
        self._kubernetes.wait(self.path, "no operation is there", _is_idle)
        ours = [{"name": "e2e", "value": str(uuid4())}]
        operation = {"initiatedBy": {"username": "e2e"}, "info": ours, "sync": {}}
        self._kubernetes.patch(self.path, {"operation": operation})

        def is_over(application: Object) -> bool:
            last = _operation(application).get("operation", {})
            return _is_idle(application) and last.get("info") == ours

        return _status(self._kubernetes.wait(self.path, "the operation is over", is_over))

    def images(self) -> dict[str, str]:
        """Return the image of each Deployment's first container by the Deployment's name."""
        path = f"/apis/apps/v1/namespaces/{self.destination}/deployments"
        return {
            deployment["metadata"]["name"]: _containers(deployment)[0]["image"]
            for deployment in self._kubernetes.get(path)["items"]
        }

    def applied(self) -> dict[str, Object]:
        """Return each of its objects as it was applied last, by kind and name."""
        objects = map(self._object, self.status()["resources"])
        return {
            f"{found['kind']} {found['metadata']['name']}": json.loads(
                found["metadata"]["annotations"][APPLIED]
            )
            for found in objects
        }

    def _object(self, resource: Object) -> Object:
        group = f"apis/{resource['group']}" if resource.get("group") else "api"
        kind = f"{resource['kind'].lower()}s"
        folder = f"/{group}/{resource['version']}/namespaces/{resource['namespace']}/{kind}"
        return self._kubernetes.get(f"{folder}/{resource['name']}")


def _status(application: Object) -> Object:
    status: Object = application.get("status", {})
    return status


def _operation(application: Object) -> Object:
    """Return what is known of the operation that runs, or ran last."""
    state: Object = _status(application).get("operationState", {})
    return state


def _conditions(application: Object) -> dict[str, str]:
    return {c["type"]: c["message"] for c in _status(application).get("conditions", [])}


def _is_refreshed(application: Object) -> bool:
    return REFRESH not in application["metadata"].get("annotations", {})


def _is_idle(application: Object) -> bool:
    return "operation" not in application and _operation(application).get("phase") != "Running"


def _is_synced(application: Object) -> bool:
    return (
        _is_idle(application)
        and _operation(application).get("phase") == "Succeeded"
        and _status(application).get("sync", {}).get("status") == "Synced"
    )


def _containers(deployment: Object) -> list[Object]:
    containers: list[Object] = deployment["spec"]["template"]["spec"]["containers"]
    return containers
