"""One registry over HTTP: tags, manifests and image configurations.

Distribution specification 1.1; token authentication as Docker's registry describes it.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from cmp.errors import RegistryFailed
from cmp.registry.challenge import Challenge, parse_challenges
from cmp.registry.configuration import Registry
from cmp.registry.credentials import Credential

_TIMEOUT_S = (5, 20)  # to connect, between two bytes
_LARGEST_BODY = 32 * 1024 * 1024  # bytes; half a million tags
_CHUNK = 64 * 1024
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_NOT_FOUND = 404
_MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class RegistryClient:
    """Asks one registry; may be used by several threads at once."""

    def __init__(self, registry: Registry, credential: Credential | None, connections: int) -> None:
        """Prepare a client; nothing is sent yet."""
        self._registry = registry
        self._credential = credential
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()
        self._session = requests.Session()
        self._session.verify = not registry.insecure
        retry = Retry(
            total=2,
            backoff_factor=0.2,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=("GET", "HEAD"),
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        adapter = HTTPAdapter(pool_maxsize=connections, max_retries=retry)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    @property
    def name(self) -> str:
        """The registry's name, for messages."""
        return self._registry.name

    def tags(self, path: str) -> tuple[str, ...]:
        """Return all tags of the repository at ``path``, every page of them.

        Raises `RegistryFailed` unless the listing is complete: a page that fails, is no
        JSON or speaks of another repository, or a link that leads to another host, leaves
        no list at all.
        """
        url = f"{self._registry.api_url}/v2/{path}/tags/list"
        names: dict[str, None] = {}
        seen = set()
        while url not in seen:
            seen.add(url)
            document, headers = self._json(url, path)
            if document.get("name") != path:
                raise self._failed(url, f"it lists {document.get('name')!r}, not {path!r}")
            page = document.get("tags")
            if page is None:
                page = []
            if not isinstance(page, list) or not all(isinstance(tag, str) for tag in page):
                raise self._failed(url, "tags is not a list of names")
            names.update(dict.fromkeys(page))
            following = self._next_page(url, headers)
            if following is None:
                return tuple(names)
            url = following
        raise self._failed(url, "its pages lead round in a circle")

    def manifest(self, path: str, reference: str) -> tuple[Mapping[str, Any], str]:
        """Return the manifest or index that a tag or digest names, and its digest."""
        url = f"{self._registry.api_url}/v2/{path}/manifests/{reference}"
        body, _ = self._get(url, path, {"Accept": ", ".join(_MANIFEST_TYPES)})
        return self._parsed(url, body), f"sha256:{hashlib.sha256(body).hexdigest()}"

    def digest(self, path: str, reference: str) -> str:
        """Return the digest that a tag names, by a HEAD where the registry tells it."""
        url = f"{self._registry.api_url}/v2/{path}/manifests/{reference}"
        headers = {"Accept": ", ".join(_MANIFEST_TYPES)}
        answer = self._request("HEAD", url, path, headers)
        answer.close()
        found = answer.headers.get("Docker-Content-Digest", "")
        return found if answer.ok and found else self.manifest(path, reference)[1]

    def blob(self, path: str, digest: str) -> Mapping[str, Any]:
        """Return a JSON blob, such as an image configuration."""
        return self._json(f"{self._registry.api_url}/v2/{path}/blobs/{digest}", path)[0]

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _next_page(self, url: str, headers: Mapping[str, str]) -> str | None:
        link = requests.utils.parse_header_links(headers.get("Link", ""))
        following = next((item["url"] for item in link if item.get("rel") == "next"), None)
        if not following:
            return None
        absolute = urljoin(url, following)
        if urlsplit(absolute)[:2] != urlsplit(url)[:2]:
            raise self._failed(
                url, f"its next page is on another host: {urlsplit(absolute).netloc}"
            )
        return absolute

    def _json(self, url: str, path: str) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        body, headers = self._get(url, path, {"Accept": "application/json"})
        return self._parsed(url, body), headers

    def _parsed(self, url: str, body: bytes) -> Mapping[str, Any]:
        try:
            document = json.loads(body)
        except ValueError:
            raise self._failed(url, "the answer is not JSON") from None
        if not isinstance(document, dict):
            raise self._failed(url, "the answer is not a JSON object")
        return document

    def _get(
        self, url: str, path: str, headers: Mapping[str, str]
    ) -> tuple[bytes, Mapping[str, str]]:
        with self._request("GET", url, path, headers) as answer:
            if not answer.ok:
                raise self._failed(url, _refusal(answer, self._credential))
            body = bytearray()
            try:
                for chunk in answer.iter_content(_CHUNK):
                    body += chunk
                    if len(body) > _LARGEST_BODY:
                        raise self._failed(url, f"the answer is larger than {_LARGEST_BODY} bytes")
            except requests.RequestException as error:
                raise self._failed(url, _reason(error)) from error
            return bytes(body), answer.headers

    def _request(
        self, method: str, url: str, path: str, headers: Mapping[str, str]
    ) -> requests.Response:
        """Send a request; once more with what a 401 asks for."""
        token = self._tokens.get(path)
        answer = self._send(method, url, headers, token)
        if answer.status_code == _UNAUTHORIZED:
            challenges = parse_challenges(answer.headers.get("WWW-Authenticate", ""))
            authorization = self._authorization(challenges, path)
            if authorization:
                answer.close()
                answer = self._send(method, url, headers, authorization)
        return answer

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], authorization: str | None
    ) -> requests.Response:
        sent = dict(headers)
        if authorization:
            sent["Authorization"] = authorization
        try:
            return self._session.request(
                method, url, headers=sent, timeout=_TIMEOUT_S, stream=True, auth=_no_netrc
            )
        except requests.RequestException as error:
            raise self._failed(url, _reason(error)) from error

    def _authorization(self, challenges: tuple[Challenge, ...], path: str) -> str | None:
        by_scheme = {challenge.scheme: challenge for challenge in challenges}
        if "bearer" in by_scheme:
            authorization = f"Bearer {self._token(by_scheme['bearer'], path)}"
        elif "basic" in by_scheme and self._credential:
            authorization = _basic(self._credential)
        else:
            return None
        with self._lock:
            self._tokens[path] = authorization
        return authorization

    def _token(self, challenge: Challenge, path: str) -> str:
        realm = challenge.parameters.get("realm", "")
        if not realm.startswith(("https://", "http://")):
            raise self._failed(self._registry.api_url, "it asks for a token without saying where")
        query = {"scope": challenge.parameters.get("scope") or f"repository:{path}:pull"}
        if "service" in challenge.parameters:
            query["service"] = challenge.parameters["service"]
        url = requests.Request("GET", realm, params=query).prepare().url or realm
        authorization = _basic(self._credential) if self._credential else None
        with self._send("GET", url, {"Accept": "application/json"}, authorization) as answer:
            if not answer.ok:
                raise self._failed(realm, _refusal(answer, self._credential))
            document = self._parsed(realm, answer.content)
        token = document.get("token") or document.get("access_token")
        if not isinstance(token, str):
            raise self._failed(realm, "the answer holds no token")
        return token

    def _failed(self, url: str, reason: str) -> RegistryFailed:
        return RegistryFailed(f"{reason} ({url})", where=f"registry {self._registry.name}")


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from adding credentials of its own finding (~/.netrc)."""
    return request


def _basic(credential: Credential) -> str:
    pair = f"{credential.username}:{credential.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def _refusal(answer: requests.Response, credential: Credential | None) -> str:
    status = f"HTTP {answer.status_code} {answer.reason}"
    if answer.status_code in {_UNAUTHORIZED, _FORBIDDEN}:
        who = "with the configured credentials" if credential else "without credentials"
        return f"{status} {who}; check credentials in registries.conf"
    if answer.status_code == _NOT_FOUND:
        return f"{status}; check the image's name"
    return status


def _reason(error: requests.RequestException) -> str:
    """Return what failed, without the URL's query: it may hold what is nobody's business."""
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    return f"no answer: {error.__class__.__name__}: {cause}"
