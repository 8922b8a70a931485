"""JSON over HTTPS with a token: what the APIs of forges have in common."""

import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, NamedTuple, Self

import requests
from requests.auth import AuthBase
from requests.utils import should_bypass_proxies
from urllib3.exceptions import HTTPError

from cmp.errors import GitFailed, GitRefused
from cmp.writeback.git_credential import Credential
from cmp.writeback.git_reason import excerpt

_TIMEOUT_S = (5, 20)
_LARGEST = 16 * 1024 * 1024  # a hundred requests with what they say
_PAGES = 20
_CHUNK = 64 * 1024
_MINUTE_S = 60.0
_LONGEST_S = 3600.0
_UNANSWERED = (requests.RequestException, HTTPError, OSError)


class TooMany(GitFailed):
    """A forge wants to be left alone for a while."""

    def __init__(self, message: str, *, where: str, again_s: float) -> None:
        super().__init__(message, where=where)
        self.again_s = again_s


class Answer(NamedTuple):
    """What an API answered, whatever the status."""

    status: int
    headers: Mapping[str, str]
    """By their names in any case."""
    document: Any
    """None where it is no JSON."""
    links: Mapping[str, str]
    """URLs by their relation (RFC 8288)."""

    @property
    def is_success(self) -> bool:
        """Tell whether the status says so."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110, 15.3


class _Bearer(AuthBase):
    """Without one, requests would look into a .netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Api:
    """An API at a URL, asked as the owner of a token; used in a with block, by one thread.

    Args:
        certificates: PEM, instead of what the system trusts; empty for that.
    """

    def __init__(
        self,
        base: str,
        token: str,
        credential: Credential,
        certificates: str,
        headers: Mapping[str, str],
    ) -> None:
        self.base = base
        self._token = token
        self._credential = credential
        self._certificates = certificates
        self._headers = headers
        self._verify: bool | str = not credential.insecure
        self._session = requests.Session()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self._session)
        if self._certificates and self._verify:
            private = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="forge-"))
            self._verify = os.path.join(private, "ca.pem")
            with open(self._verify, "w", encoding="utf-8") as file:
                file.write(self._certificates)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        payload: Mapping[str, object] | None = None,
    ) -> Answer:
        """Send a request; raise `GitFailed` where nobody answers. A redirection is not followed."""
        return self._asked(method, f"{self.base}{path}", query, payload)

    def pages(
        self, path: str, query: Mapping[str, str], refused: "Refusing"
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the objects of a list, page by page, as far as the same API has them."""
        answer = self.ask("GET", path, query=query)
        for _ in range(_PAGES):
            yield from objects(answer, self.base + path, refused)
            following = answer.links.get("next", "")
            if not following.startswith(f"{self.base}/"):  # elsewhere the token is not shown
                return
            answer = self._asked("GET", following, None, None)

    def _asked(
        self,
        method: str,
        url: str,
        query: Mapping[str, str] | None,
        payload: Mapping[str, object] | None,
    ) -> Answer:
        try:
            with self._session.request(
                method,
                url,
                params=query,
                json=payload,
                auth=_Bearer(self._token),
                headers=dict(self._headers),
                allow_redirects=False,
                timeout=_TIMEOUT_S,
                verify=self._verify,
                proxies=self._proxies(url),
                stream=True,
            ) as answer:
                body = _body(answer)
        except _UNANSWERED as error:
            raise GitFailed(
                f"the forge's API did not answer ({type(error).__name__}); it is tried again",
                where=_shown(url),
            ) from error
        links = {name: link.get("url", "") for name, link in answer.links.items()}
        try:
            # What it says may be shown: who echoes the token is not quoted.
            document = json.loads(body.replace(self._token.encode(), b"***")) if body else None
        except (ValueError, RecursionError):
            document = None
        return Answer(answer.status_code, answer.headers, document, links)

    def _proxies(self, url: str) -> dict[str, str] | None:
        proxy, no_proxy = self._credential.proxy, self._credential.no_proxy
        if not proxy or (no_proxy and should_bypass_proxies(url, no_proxy=no_proxy)):
            return None
        return {"http": proxy, "https": proxy}


def _body(answer: requests.Response) -> bytes:
    """Return what comes within a minute, as far as it is no more than we take."""
    body = bytearray()
    until_s = time.monotonic() + _MINUTE_S
    while chunk := answer.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > _LARGEST or time.monotonic() > until_s:
            raise OSError("too much, or too slow")
    return bytes(body)


class Refusing(NamedTuple):
    """Whose API it is, for those who have to do something about an answer."""

    forge: str
    rights: str

    def error(self, answer: Answer, where: str) -> GitFailed:
        """Return the error for an answer that is no success."""
        status, where = answer.status, _shown(where)
        told = _told(answer.document)
        again_s = _again_s(answer)
        if again_s is not None:
            return TooMany(
                f"{self.forge} wants to be left alone for a while (status {status})",
                where=where,
                again_s=again_s,
            )
        sentences = {
            401: f"{self.forge} does not accept the token; renew it, it needs {self.rights}",
            403: f"{self.forge} does not allow this; the token needs {self.rights}",
            404: f"{self.forge} shows this token no such repository; it needs {self.rights}",
        }
        if status in sentences:
            return GitRefused(f"{sentences[status]}{told}", where=where)
        if 300 <= status < 400:  # noqa: PLR2004 - RFC 9110, 15.4
            return GitRefused(
                f"{self.forge} sends to another address; write the repository's new one",
                where=where,
            )
        if 400 <= status < 500:  # noqa: PLR2004 - RFC 9110, 15.5
            return GitRefused(
                f"{self.forge} does not take this (status {status}){told}", where=where
            )
        return GitFailed(
            f"{self.forge} answered with status {status}; it is tried again{told}", where=where
        )


def objects(answer: Answer, where: str, refused: Refusing) -> Sequence[Mapping[str, Any]]:
    """Return what a list holds; raise for anything else."""
    if not answer.is_success:
        raise refused.error(answer, where)
    if not isinstance(answer.document, list):
        raise GitFailed(f"{refused.forge} answered with no list", where=_shown(where))
    return [one for one in answer.document if isinstance(one, dict)]


def _again_s(answer: Answer) -> float | None:
    """Return how long to wait where too much was asked; None for another answer.

    docs.github.com, "Rate limits for the REST API": Retry-After first, or else X-RateLimit-Reset
    where nothing remains, else a minute; GitLab has 429 only, with both headers.
    """
    retry_after = answer.headers.get("Retry-After")
    is_used_up = answer.headers.get("X-RateLimit-Remaining") == "0"
    is_limit = answer.status == HTTPStatus.FORBIDDEN and (retry_after or is_used_up)
    if answer.status != HTTPStatus.TOO_MANY_REQUESTS and not is_limit:
        return None
    if retry_after and retry_after.isascii() and retry_after.isdecimal():
        return min(float(retry_after), _LONGEST_S)
    reset = answer.headers.get("X-RateLimit-Reset", answer.headers.get("RateLimit-Reset", ""))
    if reset.isascii() and reset.isdecimal():
        now_s = datetime.now(UTC).timestamp()  # noqa: TID251 - a time on the wire
        return min(max(float(reset) - now_s, 1.0), _LONGEST_S)
    return _MINUTE_S


def _told(document: object) -> str:
    """Return what the forge says itself: ``message``, and GitHub's ``errors`` with theirs."""
    if not isinstance(document, dict):
        return ""
    said = [document.get("message") or document.get("error"), *_listed(document.get("errors"))]
    texts: list[str] = []
    for one in said:
        message = one.get("message") if isinstance(one, dict) else one
        texts += [
            str(part) for part in (message if isinstance(message, list) else [message]) if part
        ]
    return f" ({excerpt(chr(10).join(texts))})" if texts else ""


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _shown(url: str) -> str:
    return url.partition("?")[0]
