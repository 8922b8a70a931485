"""HTTP to one registry: authorisation, retries, bounded answers, errors of our own.

Token authentication as Docker's registry describes it.
"""

import base64
import json
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import disable_warnings
from urllib3.exceptions import HTTPError, InsecureRequestWarning
from urllib3.util import Retry

from cmp.errors import NotFound, RegistryFailed
from cmp.registry.challenge import Challenge, parse_challenges
from cmp.registry.configuration import Registry
from cmp.registry.credentials import Credential

_TIMEOUT_S = (5, 20)  # to connect, between two bytes
_LARGEST_BODY = 32 * 1024 * 1024  # bytes; half a million tags
_CHUNK = 64 * 1024
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_NOT_FOUND = 404
# requests lets out some errors of sockets, of URLs and of urllib3 as they are.
_UNANSWERED = (OSError, ValueError, HTTPError)
_TOKEN = re.compile(r"[!-~]+")  # what may stand in a header: a superset of RFC 6750, 2.1


class RegistryTransport:
    """Sends requests to one registry; may be used by several threads at once."""

    def __init__(self, registry: Registry, credential: Credential | None, connections: int) -> None:
        """Prepare a client; nothing is sent yet."""
        self._registry = registry
        self._credential = credential
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()
        self._session = _Session()
        if registry.insecure:
            # Its owner wrote `insecure: true`: a warning with each request says nothing new.
            disable_warnings(InsecureRequestWarning)
        # Given with each request: requests lets REQUESTS_CA_BUNDLE overrule a session's.
        self._verify = False if registry.insecure else None
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

    def get(self, url: str, path: str, accept: str) -> tuple[bytes, Mapping[str, str]]:
        """Return body and headers, as allowed for the repository at ``path``.

        Raises `RegistryFailed` unless the whole body is there.
        """
        with self._request("GET", url, path, {"Accept": accept}) as answer:
            return self._body(url, answer), answer.headers

    def head(self, url: str, path: str, accept: str) -> Mapping[str, str] | None:
        """Return the headers, or None where the registry will not say them.

        Raises `NotFound` when what is asked for is not there.
        """
        answer = self._request("HEAD", url, path, {"Accept": accept})
        _finish(answer)
        if answer.status_code == _NOT_FOUND:
            raise self._not_found(url, answer)
        return answer.headers if answer.ok else None

    def json_object(self, url: str, body: bytes) -> Mapping[str, Any]:
        """Return the JSON object that ``url`` answered with; raise `RegistryFailed` otherwise."""
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            raise self.failed(url, "the answer is not JSON") from None
        if not isinstance(document, dict):
            raise self.failed(url, "the answer is not a JSON object")
        return document

    def failed(self, url: str, reason: str) -> RegistryFailed:
        """Return the error for what ``url`` answered, naming the registry."""
        return RegistryFailed(f"{reason} ({_shown(url)})", where=f"registry {self._registry.name}")

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _body(self, url: str, answer: requests.Response) -> bytes:
        if not answer.ok:
            if answer.status_code == _NOT_FOUND:
                raise self._not_found(url, answer)
            raise self.failed(url, _refusal(answer, self._credential))
        body = bytearray()
        try:
            for chunk in answer.iter_content(_CHUNK):
                body += chunk
                if len(body) > _LARGEST_BODY:
                    raise self.failed(url, f"the answer is larger than {_LARGEST_BODY} bytes")
        except _UNANSWERED as error:
            raise self.failed(url, _reason(error)) from error
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
                verify=self._verify,
            )
        except _UNANSWERED as error:
            raise self.failed(url, _reason(error)) from error

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
            raise self.failed(self._registry.api_url, "it asks for a token without saying where")
        if realm.startswith("http://") and self._registry.api_url.startswith("https://"):
            raise self.failed(realm, "it asks for a token over plain HTTP, which is not trusted")
        query = {"scope": challenge.parameters.get("scope") or f"repository:{path}:pull"}
        if "service" in challenge.parameters:
            query["service"] = challenge.parameters["service"]
        headers = {"Accept": "application/json"}
        authorization = _basic(self._credential) if self._credential else None
        with self._send("GET", realm, headers, authorization, query) as answer:
            document = self.json_object(realm, self._body(realm, answer))
        token = document.get("token") or document.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise self.failed(realm, "the answer holds no token")
        return token

    def _not_found(self, url: str, answer: requests.Response) -> NotFound:
        refusal = _refusal(answer, self._credential)
        return NotFound(f"{refusal} ({_shown(url)})", where=f"registry {self._registry.name}")


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
