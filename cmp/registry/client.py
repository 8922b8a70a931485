"""One registry over HTTP: tags, manifests and image configurations.

Distribution specification 1.1; token authentication as Docker's registry describes it.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from cmp.core.image import is_tag
from cmp.errors import NotFound, RegistryFailed
from cmp.registry.challenge import Challenge, parse_challenges
from cmp.registry.configuration import Registry
from cmp.registry.credentials import Credential

_TIMEOUT_S = (5, 20)  # to connect, between two bytes
_LARGEST_BODY = 32 * 1024 * 1024  # bytes; half a million tags
_MOST_PAGES = 10_000  # of a listing; a hundred tags a page make a million
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
# requests lets out some errors of sockets, of URLs and of urllib3 as they are.
_UNANSWERED = (OSError, ValueError, HTTPError)
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_TOKEN = re.compile(r"[!-~]+")  # what may stand in a header: a superset of RFC 6750, 2.1


class RegistryClient:
    """Asks one registry; may be used by several threads at once."""

    def __init__(self, registry: Registry, credential: Credential | None, connections: int) -> None:
        """Prepare a client; nothing is sent yet."""
        self._registry = registry
        self._credential = credential
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()
        self._session = _Session()
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
        no list at all. A name that is no tag is passed over: no manifest could say it.
        """
        url = f"{self._registry.api_url}/v2/{path}/tags/list"
        names: dict[str, None] = {}
        seen: set[str] = set()
        while url not in seen:
            if len(seen) == _MOST_PAGES:
                raise self._failed(url, f"it has more than {_MOST_PAGES} pages")
            seen.add(url)
            document, headers = self._json(url, path)
            if document.get("name") != path:
                raise self._failed(url, f"it lists {document.get('name')!r}, not {path!r}")
            page = document.get("tags")
            if page is None:
                page = []
            if not isinstance(page, list) or not all(isinstance(tag, str) for tag in page):
                raise self._failed(url, "tags is not a list of names")
            names.update(dict.fromkeys(filter(is_tag, page)))
            following = self._next_page(url, headers)
            if following is None:
                return tuple(names)
            url = following
        raise self._failed(url, "its pages lead round in a circle")

    def manifest(self, path: str, reference: str) -> tuple[Mapping[str, Any], str]:
        """Return the manifest or index that a tag or digest names, and its digest."""
        url = f"{self._registry.api_url}/v2/{path}/manifests/{reference}"
        with self._request("GET", url, path, {"Accept": ", ".join(_MANIFEST_TYPES)}) as answer:
            if answer.status_code == _NOT_FOUND:
                raise self._not_found(url, "it has no manifest for the tag")
            body = self._body(url, answer)
        return self._parsed(url, body), self._digest(url, body, reference)

    def digest(self, path: str, reference: str) -> str:
        """Return the digest that a tag names, by a HEAD where the registry tells it."""
        url = f"{self._registry.api_url}/v2/{path}/manifests/{reference}"
        headers = {"Accept": ", ".join(_MANIFEST_TYPES)}
        answer = self._request("HEAD", url, path, headers)
        _finish(answer)
        if answer.status_code == _NOT_FOUND:
            raise self._not_found(url, "it has no manifest for the tag")
        found = answer.headers.get("Docker-Content-Digest", "")
        if answer.ok and _SHA256.fullmatch(found):
            return found
        return self.manifest(path, reference)[1]

    def blob(self, path: str, digest: str) -> Mapping[str, Any]:
        """Return a JSON blob, such as an image configuration."""
        url = f"{self._registry.api_url}/v2/{path}/blobs/{digest}"
        body, _ = self._get(url, path, {"Accept": "application/json"})
        self._digest(url, body, digest)
        return self._parsed(url, body)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _next_page(self, url: str, headers: Mapping[str, str]) -> str | None:
        link = headers.get("Link", "")
        if "next" not in link.lower():
            return None
        links = requests.utils.parse_header_links(link)
        following = [item["url"] for item in links if item.get("rel") == "next"]
        try:
            absolute = urljoin(url, following[0])
            host = urlsplit(absolute)[:2]
        except (IndexError, ValueError):
            raise self._failed(url, "the link to its next page cannot be read") from None
        if host != urlsplit(url)[:2]:
            raise self._failed(url, f"its next page is on another host: {host[1]}")
        return absolute

    def _json(self, url: str, path: str) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        body, headers = self._get(url, path, {"Accept": "application/json"})
        return self._parsed(url, body), headers

    def _digest(self, url: str, body: bytes, reference: str) -> str:
        """Return the digest of what was read; what a digest names has to have it."""
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if reference.startswith("sha256:") and reference != digest:
            raise self._failed(url, f"the answer is something else: {digest}")
        return digest

    def _parsed(self, url: str, body: bytes) -> Mapping[str, Any]:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            raise self._failed(url, "the answer is not JSON") from None
        if not isinstance(document, dict):
            raise self._failed(url, "the answer is not a JSON object")
        return document

    def _get(
        self, url: str, path: str, headers: Mapping[str, str]
    ) -> tuple[bytes, Mapping[str, str]]:
        with self._request("GET", url, path, headers) as answer:
            return self._body(url, answer), answer.headers

    def _body(self, url: str, answer: requests.Response) -> bytes:
        if not answer.ok:
            refusal = _refusal(answer, self._credential)
            if answer.status_code == _NOT_FOUND:
                raise self._not_found(url, refusal)
            raise self._failed(url, refusal)
        body = bytearray()
        try:
            for chunk in answer.iter_content(_CHUNK):
                body += chunk
                if len(body) > _LARGEST_BODY:
                    raise self._failed(url, f"the answer is larger than {_LARGEST_BODY} bytes")
        except _UNANSWERED as error:
            raise self._failed(url, _reason(error)) from error
        return bytes(body)

    def _request(
        self, method: str, url: str, path: str, headers: Mapping[str, str]
    ) -> requests.Response:
        """Send a request; once more with what a 401 asks for."""
        token = self._tokens.get(path)
        answer = self._send(method, url, headers, token)
        if answer.status_code == _UNAUTHORIZED:
            _finish(answer)
            challenges = parse_challenges(answer.headers.get("WWW-Authenticate", ""))
            authorization = self._authorization(challenges, path)
            if authorization:
                answer = self._send(method, url, headers, authorization)
        return answer

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        authorization: str | None,
        query: Mapping[str, str] | None = None,
    ) -> requests.Response:
        sent = dict(headers)
        if authorization:
            sent["Authorization"] = authorization
        try:
            return self._session.request(
                method,
                url,
                params=query,
                headers=sent,
                timeout=_TIMEOUT_S,
                stream=True,
                auth=_no_netrc,
            )
        except _UNANSWERED as error:
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
        if realm.startswith("http://") and self._registry.api_url.startswith("https://"):
            raise self._failed(realm, "it asks for a token over plain HTTP, which is not trusted")
        query = {"scope": challenge.parameters.get("scope") or f"repository:{path}:pull"}
        if "service" in challenge.parameters:
            query["service"] = challenge.parameters["service"]
        headers = {"Accept": "application/json"}
        authorization = _basic(self._credential) if self._credential else None
        with self._send("GET", realm, headers, authorization, query) as answer:
            document = self._parsed(realm, self._body(realm, answer))
        token = document.get("token") or document.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise self._failed(realm, "the answer holds no token")
        return token

    def _failed(self, url: str, reason: str) -> RegistryFailed:
        return RegistryFailed(f"{reason} ({_shown(url)})", where=f"registry {self.name}")

    def _not_found(self, url: str, reason: str) -> NotFound:
        return NotFound(f"{reason} ({_shown(url)})", where=f"registry {self.name}")


def _shown(url: str) -> str:
    """Return a URL as it may be shown: a query can hold a signature, as links to pages do."""
    return url.partition("?")[0]


class _Session(requests.Session):
    """Sends no credentials of its own finding (~/.netrc) after a redirection."""

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Take the credentials off where the redirection leads to another host."""
        before, after = response.request.url, prepared_request.url
        if self.should_strip_auth(before, after):  # type: ignore[no-untyped-call] # in the stubs
            prepared_request.headers.pop("Authorization", None)


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from adding credentials of its own finding (~/.netrc)."""
    return request


def _finish(answer: requests.Response) -> None:
    """Be done with an answer whose body says nothing; a short one leaves its connection open."""
    with answer, suppress(*_UNANSWERED):
        answer.raw.read(_CHUNK)


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


def _reason(error: Exception) -> str:
    """Return what failed, without any URL's query: it may hold what is nobody's business."""
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    said = re.sub(r"\?\S+", "?…", str(cause))
    return f"no answer: {error.__class__.__name__}: {said}"
