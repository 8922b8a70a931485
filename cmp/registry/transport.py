"""HTTP to one registry: pace, retries, deadlines, bounded answers, errors of our own."""

import json
import re
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import disable_warnings
from urllib3.exceptions import InsecureRequestWarning

from cmp.backoff import pause_s
from cmp.errors import NotFound, Refused, RegistryFailed
from cmp.registry.configuration import Registry
from cmp.registry.exchange import TOO_MANY, Exchange, Observer
from cmp.registry.http import UNANSWERED, no_netrc
from cmp.registry.pace import Pace

_TIMEOUT_S = (5, 20)  # to connect, between two bytes
_DEADLINE_S = 60.0  # for a request with all its repetitions, and again for its body
_LARGEST_BODY = 32 * 1024 * 1024  # bytes; half a million tags
_CHUNK = 64 * 1024
_ATTEMPTS = 3
_MOST_REDIRECTIONS = 5
_BACKOFF_S = 0.2
_OK = 200
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_NOT_FOUND = 404
_FAILED = frozenset({500, 502, 504})
# Again would be the same: an address that is none, a redirection that leads round.
_FINAL = (ValueError, requests.TooManyRedirects)


class RegistryTransport:
    """Sends requests to one registry; may be used by several threads at once."""

    def __init__(self, registry: Registry, pace: Pace, connections: int, observe: Observer) -> None:
        """Prepare; nothing is sent yet."""
        self._registry = registry
        self._pace = pace
        self._observe = observe
        self._session = _Session()
        self._session.max_redirects = _MOST_REDIRECTIONS
        # One may stand for who was asked as: requests of others go the same way.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        if registry.insecure:
            # Its owner wrote `insecure: true`: a warning with each request says nothing new.
            disable_warnings(InsecureRequestWarning)
        # Given with each request: requests lets REQUESTS_CA_BUNDLE overrule a session's.
        self._verify = False if registry.insecure else None
        adapter = _Adapter(None if registry.insecure else registry.ca, pool_maxsize=connections)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request at the registry's pace; again where it is refused or not answered.

        Raises `RegistryFailed` when there is no answer in time; any status is one.
        """
        until_s = time.monotonic() + _DEADLINE_S
        attempt = 0
        while True:
            self._wait(url, until_s)
            attempt += 1
            is_last = attempt >= _ATTEMPTS or self._pace.is_tried
            try:
                answer = self._sent(method, url, headers, query, form)
            except UNANSWERED as error:
                reason = _reason(error)
                is_last = is_last or isinstance(error, _FINAL)
                if _is_silence(error, url):
                    self._pace.unanswered(time.monotonic(), reason)
                if is_last or self._has_to_wait_beyond(until_s):
                    raise self.failed(url, reason) from error
            else:
                if answer.status_code in TOO_MANY:
                    attempt -= self._note_refusal(answer)
                    is_last = attempt >= _ATTEMPTS
                else:
                    self._pace.answered(time.monotonic())
                    is_last = is_last or answer.status_code not in _FAILED
                if is_last or self._has_to_wait_beyond(until_s):
                    return answer
                finish(answer)
            if self._pace.pause_s(time.monotonic()) == 0:
                _sleep(pause_s(attempt, first_s=_BACKOFF_S, longest_s=_DEADLINE_S))

    def body(self, url: str, answer: requests.Response) -> bytes:
        """Return the whole body of an answer with status 200; raise for any other."""
        if answer.status_code != _OK:
            raise self.refused(url, answer)
        body = bytearray()
        until_s = time.monotonic() + _DEADLINE_S
        try:
            # As it comes: to wait for a chunk to be full is to wait as long as a server likes.
            while chunk := answer.raw.read1(_CHUNK, decode_content=True):
                body += chunk
                if len(body) > _LARGEST_BODY:
                    raise self.failed(url, f"the answer is larger than {_LARGEST_BODY} bytes")
                if time.monotonic() > until_s:
                    raise self.failed(url, f"the answer was not whole after {_DEADLINE_S:.0f} s")
        except UNANSWERED as error:
            raise self.failed(url, _reason(error)) from error
        return bytes(body)

    def json_object(self, url: str, body: bytes) -> Mapping[str, Any]:
        """Return the JSON object that ``url`` answered with; raise `RegistryFailed` otherwise."""
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            raise self.failed(url, "the answer is not JSON") from None
        if not isinstance(document, dict):
            raise self.failed(url, "the answer is not a JSON object")
        return document

    def refused(self, url: str, answer: requests.Response, who: str = "") -> RegistryFailed:
        """Return the error for a status; ``who`` says with which credentials it was asked."""
        status = f"HTTP {answer.status_code} {answer.reason}"
        where = f"registry {self._registry.name}"
        if answer.status_code == _NOT_FOUND:
            return NotFound(f"{status}; check the image's name ({shown(url)})", where=where)
        if answer.status_code in {_UNAUTHORIZED, _FORBIDDEN}:
            check = "check credentials in registries.conf"
            return Refused(f"{status}{who}; {check} ({shown(url)})", where=where)
        if answer.status_code in TOO_MANY:
            pause = (
                f"; it wants to be left alone for {self._pause_s:.0f} s" if self._pause_s else ""
            )
            return self.failed(url, f"{status}{pause}")
        return self.failed(url, status)

    def failed(self, url: str, reason: str) -> RegistryFailed:
        """Return the error for what ``url`` answered, naming the registry."""
        return RegistryFailed(f"{reason} ({shown(url)})", where=f"registry {self._registry.name}")

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    @property
    def _pause_s(self) -> float:
        return self._pace.pause_s(time.monotonic())

    def _has_to_wait_beyond(self, until_s: float) -> bool:
        return time.monotonic() + self._pause_s > until_s

    def _wait(self, url: str, until_s: float) -> None:
        now_s = time.monotonic()
        if rest := self._pace.rest(now_s):
            raise self.failed(url, rest)
        while True:
            if self._has_to_wait_beyond(until_s):
                pause = f"it wants to be left alone for {self._pause_s:.0f} s"
                raise self.failed(url, f"not asked: {pause}")
            now_s = time.monotonic()
            _sleep(self._pace.slot(now_s) - now_s)
            if not self._pause_s:  # which another thread may have been told meanwhile
                return

    def _sent(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
    ) -> requests.Response:
        start_s = time.monotonic()
        try:
            answer = self._session.request(
                method,
                url,
                params=query,
                data=form,
                headers=dict(headers),
                timeout=_TIMEOUT_S,
                stream=True,
                allow_redirects=form is None,  # a form holds a secret, and would be sent on
                auth=no_netrc,
                verify=self._verify,
            )
        except UNANSWERED as error:
            took_s = time.monotonic() - start_s
            name, said = self._registry.name, _reason(error)
            self._observe(Exchange(name, method, shown(url), 0, took_s, said))
            raise
        self._observe(
            Exchange(
                self._registry.name,
                method,
                shown(url),
                answer.status_code,
                time.monotonic() - start_s,
                answer.headers.get("WWW-Authenticate", ""),
                answer.headers.get("Date", ""),
            )
        )
        return answer

    def _note_refusal(self, answer: requests.Response) -> int:
        """Slow down; return 1 where the registry says how long, so that this is no attempt."""
        retry_after_s = _retry_after_s(answer.headers.get("Retry-After", ""))
        self._pace.refused(time.monotonic(), retry_after_s)
        return int(retry_after_s is not None or answer.status_code == 429)  # noqa: PLR2004 - too many


class _Session(requests.Session):
    """Sends no credentials of its own finding (~/.netrc) after a redirection."""

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Take the credentials off where the redirection leads to another host."""
        before, after = response.request.url, prepared_request.url
        if self.should_strip_auth(before, after):  # type: ignore[no-untyped-call] # in the stubs
            prepared_request.headers.pop("Authorization", None)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where it leads; requests would read the whole of the body that goes with it."""
        target: str | None = super().get_redirect_target(resp)
        if target is not None:
            finish(resp)
            resp.raw = BytesIO()
        return target


class _Adapter(HTTPAdapter):
    """Trusts what the system does, and more where there is more."""

    def __init__(self, ca: str | None, pool_maxsize: int) -> None:
        self._ca = ca
        super().__init__(pool_maxsize=pool_maxsize)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._ca is not None:
            context = ssl.create_default_context()
            if self._ca:
                context.load_verify_locations(cadata=self._ca)
            kwargs["ssl_context"] = context
        super().init_poolmanager(*args, **kwargs)


def finish(answer: requests.Response) -> None:
    """Be done with an answer whose body says nothing; a short one leaves its connection open."""
    with answer, suppress(*UNANSWERED):
        answer.raw.read1(_CHUNK)


def shown(url: str) -> str:
    """Return a URL as it may be shown: a query can hold a signature, as links to pages do."""
    return url.partition("?")[0]


def _sleep(pause_s: float) -> None:
    if pause_s > 0:
        time.sleep(pause_s)


def _retry_after_s(written: str) -> float | None:
    """Read ``Retry-After``: seconds or a date (RFC 9110, 10.2.3); None for neither."""
    if written.isascii() and written.isdecimal():
        return float(written)
    try:
        until = parsedate_to_datetime(written)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())  # noqa: TID251 - a date on the wire


def _is_silence(error: Exception, url: str) -> bool:
    """Tell whether it is who was asked that did not answer, and not whom it redirected to."""
    if isinstance(error, _FINAL):
        return False
    request = error.request if isinstance(error, requests.RequestException) else None
    asked = request.url if request is not None else None
    return asked is None or urlsplit(asked).netloc == urlsplit(url).netloc


def _reason(error: Exception) -> str:
    """Return what failed, without any URL's query: it may hold what is nobody's business."""
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    said = re.sub(r"\?\S+", "?…", str(cause))
    return f"no answer: {error.__class__.__name__}: {said}"
