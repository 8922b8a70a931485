"""Just enough of a Kubernetes client to look at an API server, and to change it."""

import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests

from tests.support.waiting import NotYet, TookTooLong, wait_for

Object = dict[str, Any]
"""What the API server says of something."""

_NOT_FOUND = 404
_BUSY = (429, 503)
_QUIET_S = (0.5, 2, 8)  # what has happened comes at once


class Refused(Exception):
    """The API server did not do as asked; the message has its words."""

    def __init__(self, method: str, reply: requests.Response) -> None:
        super().__init__(f"{method} {reply.url}: {reply.status_code} {reply.text[:2000]}")
        self.status = reply.status_code


class Busy(Refused, NotYet):
    """It cannot do it now, for instance because it is still starting."""


class Kubernetes:
    """One user of an API server. Paths are those of its API, ``/api/v1/namespaces``.

    Args:
        url: of the API server.
        ca: a file with the certificate it is to show, which may be written later.
        token: who asks.
    """

    def __init__(self, url: str, *, ca: Path, token: str) -> None:
        self.url = url
        self.ca = ca
        self.token = token
        self._session = requests.Session()
        self._session.trust_env = False  # loopback needs no proxy and no .netrc
        self._session.verify = str(ca)
        self._session.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self._session.close()

    def get(self, path: str) -> Object:
        return self._object("GET", path)

    def find(self, path: str) -> Object | None:
        """Return what is at ``path``, or None where there is nothing."""
        try:
            return self.get(path)
        except Refused as refusal:
            if refusal.status == _NOT_FOUND:
                return None
            raise

    def post(self, path: str, body: Mapping[str, Any]) -> Object:
        return self._object("POST", path, body)

    def post_yaml(self, path: str, text: bytes) -> Object:
        """Create what a YAML file says, which the API server reads itself."""
        return self._object("POST", path, data=text, headers={"Content-Type": "application/yaml"})

    def patch(self, path: str, body: Mapping[str, Any]) -> Object:
        """Merge ``body`` into what is there (RFC 7386)."""
        headers = {"Content-Type": "application/merge-patch+json"}
        return self._object("PATCH", path, body, headers=headers)

    def apply(self, path: str, body: Mapping[str, Any]) -> Object:
        """Make an object as ``body`` says; an unknown field or one given twice is refused."""
        headers = {"Content-Type": "application/apply-patch+yaml"}
        query = "fieldManager=tests&fieldValidation=Strict&force=true"
        return self._object("PATCH", f"{path}?{query}", body, headers=headers)

    def delete(self, path: str) -> Object:
        return self._object("DELETE", path)

    def is_ready(self) -> bool:
        return self._session.get(f"{self.url}/readyz", timeout=30).ok

    def wait(
        self, path: str, what: str, until: Callable[[Object], Any], *, within_s: float = 30
    ) -> Object:
        """Return the object at ``path`` as soon as it is there and ``until`` holds for it.

        ``what`` says what is waited for, should it not come.
        """
        seen: Object | None = None

        def probe() -> Object | None:
            nonlocal seen
            seen = self.find(path)
            return seen if seen and until(seen) else None

        try:
            return wait_for(f"{what} at {path}", probe, within_s=within_s)
        except TookTooLong as error:
            raise TookTooLong(f"{error}\n{json.dumps(seen, indent=1)}") from None

    def since(self, path: str, version: str) -> list[tuple[str, Object]]:
        """Return what became of a collection after a version: (ADDED, object) and so on."""
        newest = max((_version(item) for item in self.get(path)["items"]), default=0)
        events: list[Object] = []
        for quiet_s in _QUIET_S:
            events = self._changes(f"{path}?watch=true&resourceVersion={version}", quiet_s)
            seen = max((_version(event["object"]) for event in events), default=int(version))
            if seen >= newest:
                break  # else this machine is too busy to send it at once
        return [(event["type"], event["object"]) for event in events]

    def _changes(self, path: str, quiet_s: float) -> list[Object]:
        """Return a watch's events until nothing comes for so long."""
        events = []
        with contextlib.suppress(requests.ConnectionError):
            reply = self._call("GET", path, stream=True, timeout=(5, quiet_s))
            for line in filter(None, reply.iter_lines(None)):
                events.append(json.loads(line))  # noqa: PERF401 - those before the end count
        return events

    def create_namespace(self, name: str) -> None:
        self.post("/api/v1/namespaces", {"metadata": {"name": name}})

    def as_service_account(self, namespace: str, name: str) -> "Kubernetes":
        """Return a service account as a user, with a token as its Pods would have."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        token = self.post(path, request)["status"]["token"]
        return Kubernetes(self.url, ca=self.ca, token=token)

    def kubeconfig(self, namespace: str) -> Object:
        """Return what makes another program this user, in a namespace."""
        context = {"cluster": "e2e", "user": "e2e", "namespace": namespace}
        cluster = {"server": self.url, "certificate-authority": str(self.ca)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "e2e", "cluster": cluster}],
            "users": [{"name": "e2e", "user": {"token": self.token}}],
            "contexts": [{"name": "e2e", "context": context}],
            "current-context": "e2e",
        }

    def _object(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **options: Any
    ) -> Object:
        found: Object = self._call(method, path, json=body, **options).json()
        return found

    def _call(self, method: str, path: str, **options: Any) -> requests.Response:
        options = {"timeout": 30, **options}
        reply = self._session.request(method, urljoin(self.url, path), **options)
        if not reply.ok:
            raise (Busy if reply.status_code in _BUSY else Refused)(method, reply)
        return reply


def _version(manifest: Object) -> int:
    return int(manifest["metadata"]["resourceVersion"])
