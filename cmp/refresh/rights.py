"""Who we are to an API server, and what we and others may do there."""

from collections.abc import Mapping
from typing import Any

from cmp.errors import CmpError
from cmp.refresh.cluster import Cluster

_AUTHENTICATION = "/apis/authentication.k8s.io/v1"
_AUTHORIZATION = "/apis/authorization.k8s.io/v1"


def user(cluster: Cluster) -> str:
    """Return who the API server takes us for (authentication.k8s.io, SelfSubjectReview)."""
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        found = cluster.create(f"{_AUTHENTICATION}/selfsubjectreviews", review)
        return str(found["status"]["userInfo"]["username"])
    except (CmpError, KeyError, TypeError):
        return ""


def account(namespace: str, name: str) -> str:
    """Return what a service account is called as a user."""
    return f"system:serviceaccount:{namespace}:{name}"


def may_we(cluster: Cluster, attributes: Mapping[str, str]) -> bool:
    """Tell whether we may do something (authorization.k8s.io, ResourceAttributes)."""
    return _asked(
        cluster,
        f"{_AUTHORIZATION}/selfsubjectaccessreviews",
        {"kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}},
    )


def may_account(cluster: Cluster, namespace: str, name: str, attributes: Mapping[str, str]) -> bool:
    """Tell whether a service account may; that we may ask is a right of its own."""
    where = attributes["namespace"]
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
    spec = {
        "user": account(namespace, name),
        "groups": [*groups, "system:authenticated"],
        "resourceAttributes": attributes,
    }
    review = {"kind": "LocalSubjectAccessReview", "metadata": {"namespace": where}, "spec": spec}
    return _asked(cluster, f"{_AUTHORIZATION}/namespaces/{where}/localsubjectaccessreviews", review)


def _asked(cluster: Cluster, path: str, review: Mapping[str, Any]) -> bool:
    found = cluster.create(path, {"apiVersion": "authorization.k8s.io/v1", **review})
    return (found.get("status") or {}).get("allowed") is True
