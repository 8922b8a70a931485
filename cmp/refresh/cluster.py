"""The Kubernetes API: reading, watching and patching objects as they are, plain JSON.

The only import of the `kubernetes` client. It brings the configuration (a Pod's service
account or a kubeconfig), TLS and tokens; its models are left out, for they would cost memory
and hold only the fields they know. Its informer cannot take objects without a model.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import urllib3
from kubernetes.client import ApiClient, ApiException, Configuration
from kubernetes.config import ConfigException, load_incluster_config
from kubernetes.config.kube_config import list_kube_config_contexts, load_kube_config

from cmp.errors import EdgeFailed, InvalidInput

Object = dict[str, Any]
"""Anything the API server has, as JSON."""

API = "/apis/argoproj.io/v1alpha1"
_GONE = 410
_CONFLICT = 409
_NOT_FOUND = 404
_FORBIDDEN = (401, 403)
_PAGE = 500
_TIMEOUT_S = (5, 30)  # to connect; between two bytes
_SHORT_TIMEOUT_S = (2, 3)
# What the API server asks to be tried again, and what a load balancer before it says.
_TRY_AGAIN = (429, 500, 502, 503, 504)
_NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"


class ClusterFailed(EdgeFailed):
    """The API server did not answer, or did not do as asked."""

    status: int = 0


class Conflict(ClusterFailed):
    """Somebody else was faster: the object is another, or there already."""


class Missing(ClusterFailed):
    """There is no such object."""


class Expired(ClusterFailed):
    """What a watch was to go on from is forgotten; list again."""


class Cluster:
    """One user of one API server; may be used by several threads at once."""

    def __init__(self, configuration: Configuration, *, is_patient: bool = True) -> None:
        """Prepare; nothing is sent yet. One that is not patient asks once, for some seconds."""
        self._timeout_s = _TIMEOUT_S if is_patient else _SHORT_TIMEOUT_S
        configuration.retries = is_patient and urllib3.Retry(
            total=4,
            backoff_factor=0.3,
            backoff_jitter=0.3,
            status_forcelist=_TRY_AGAIN,
            allowed_methods=None,  # each of our requests may be made twice
            raise_on_status=False,
            retry_after_max=10,  # whatever a load balancer says: there is other work
        )
        self._client = ApiClient(configuration)
        self.url: str = configuration.host

    def get(self, path: str) -> Object:
        """Return the object at ``path``; raise `Missing` where there is none."""
        return self._object("GET", path)

    def list(self, path: str, *, only: str = "", labelled: str = "") -> tuple[list[Object], str]:
        """Return the objects of a collection, page by page, and the version of the list.

        All of them, or the one that is called ``only``: a Role can allow that by name; or
        those with labels as a selector says.
        """
        query, items = {"limit": str(_PAGE), **_named(only)}, list[Object]()
        if labelled:
            query["labelSelector"] = labelled
        while True:
            page = self._object("GET", path, query)
            items += page.get("items") or ()
            metadata = page.get("metadata", {})
            if not metadata.get("continue"):
                return items, str(metadata.get("resourceVersion", ""))
            query["continue"] = metadata["continue"]

    def watch(
        self, path: str, version: str, *, seconds: int, only: str = ""
    ) -> Iterator[tuple[str, Object]]:
        """Yield (ADDED | MODIFIED | DELETED | BOOKMARK, object) for what came after ``version``.

        Ends after ``seconds``, or when the server does. Raises `Expired` when the server does
        not remember that version.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
            **_named(only),
        }
        reply = self._send("GET", path, query, timeout_s=(_TIMEOUT_S[0], seconds + 10))
        try:
            for line in _lines(reply):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise _failed(path, int(event["object"].get("code", 0)), line)
                yield event["type"], event["object"]
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise ClusterFailed(f"the watch broke off: {error}", where=path) from error
        finally:
            reply.close()

    def create(self, path: str, body: Mapping[str, Any]) -> Object:
        """Create an object in a collection; raise `Conflict` when it is there already."""
        return self._object("POST", path, body=body)

    def merge(self, path: str, body: Mapping[str, Any]) -> Object:
        """Merge ``body`` into an object (RFC 7396) and return it.

        Raises `Conflict` when ``body`` has a resourceVersion and the object another.
        """
        return self._object("PATCH", path, body=body)

    def _object(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Object:
        reply = self._send(method, path, query, body)
        try:
            found: Object = json.loads(reply.read())
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise ClusterFailed(f"the answer broke off: {error}", where=path) from error
        return found

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        timeout_s: tuple[int, int] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": "application/json"}
        if body is not None:
            kind = "merge-patch+json" if method == "PATCH" else "json"
            headers["Content-Type"] = f"application/{kind}"
        request = self._client.param_serialize(
            method,
            path,
            header_params=headers,
            query_params=list((query or {}).items()),
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            reply = self._client.call_api(*request, _request_timeout=timeout_s or self._timeout_s)
        except ApiException as error:
            raise ClusterFailed(" ".join(str(error.reason).split()), where=self.url) from error
        except urllib3.exceptions.HTTPError as error:
            reason = getattr(error, "reason", None) or error
            raise ClusterFailed(f"does not answer: {reason}", where=self.url) from error
        if reply.status >= 300:  # noqa: PLR2004 - neither 2xx nor a redirection that was followed
            raise _failed(path, reply.status, _text(reply.response))
        answer: urllib3.BaseHTTPResponse = reply.response
        return answer


def connect(
    kubeconfig: str,
    *,
    is_patient: bool = True,
    otherwise: str = "read manifests with --applications",
) -> tuple[Cluster, str]:
    """Return the API server of a kubeconfig, or without one a Pod's own; and the namespace.

    Raises `InvalidInput` when there is neither, saying what to do ``otherwise``.
    """
    configuration = Configuration()
    try:
        if kubeconfig:
            load_kube_config(kubeconfig, client_configuration=configuration, persist_config=False)
            _, context = list_kube_config_contexts(kubeconfig)
            namespace = str(context["context"].get("namespace", ""))
        else:
            load_incluster_config(client_configuration=configuration)
            namespace = ""
            with suppress(OSError), open(_NAMESPACE_FILE, encoding="utf-8") as file:
                namespace = file.read().strip()
    except (ConfigException, OSError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"no cluster to watch: {' '.join(str(error).split())}; run in a Pod with a service "
            f"account, name a kubeconfig with --kubeconfig, or {otherwise}",
            where=kubeconfig,
        ) from error
    return Cluster(configuration, is_patient=is_patient), namespace


def _named(only: str) -> dict[str, str]:
    return {"fieldSelector": f"metadata.name={only}"} if only else {}


def _lines(reply: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    rest = b""
    for chunk in reply.stream(amt=None, decode_content=True):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from filter(None, lines)


def _text(reply: urllib3.BaseHTTPResponse) -> bytes:
    try:
        return reply.data
    except urllib3.exceptions.HTTPError:
        return b""


def _failed(path: str, status: int, body: bytes) -> ClusterFailed:
    """Return the error for a status, with the API server's own words."""
    try:
        document = json.loads(body)
        said = str(document.get("object", document)["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        said = " ".join(body.decode(errors="replace").split())[:200] or "nothing more"
    kind = {_CONFLICT: Conflict, _NOT_FOUND: Missing, _GONE: Expired}.get(status, ClusterFailed)
    hint = "; apply kustomize/refresher, which has the Role" if status in _FORBIDDEN else ""
    error = kind(f"the API server says {status}: {said}{hint}", where=path)
    error.status = status
    return error
