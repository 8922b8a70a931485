"""Requests with what a registry wants to see: basic credentials or tokens, as its 401 says.

Token authentication as the distribution project describes it (docs/content/spec/auth).
"""

import base64
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from cmp.errors import Refused, RegistryFailed
from cmp.registry.auth.base import OF_ITS_LIFE, Credential
from cmp.registry.auth.docker_config import IDENTITY_USER
from cmp.registry.auth.keychain import Keychain
from cmp.registry.challenge import Challenge, parse_challenges
from cmp.registry.http import TOKEN
from cmp.registry.transport import RegistryTransport, finish

_OK = 200
_UNAUTHORIZED = 401
_REFUSALS = frozenset({401, 403})
_LEAST_LIFE_S = 60  # of a token that does not say (distribution, token.md, "expires_in")
_LONGEST_LIFE_S = 86_400  # whatever it says: JSON knows greater numbers than clocks do


@dataclass(frozen=True, slots=True)
class _Authorization:
    """A header's value, and until when it is used."""

    header: str
    until_s: float
    credential: Credential | None
    challenge: Challenge | None


class Authorized:
    """Sends requests to one registry with one source of credentials; for several threads."""

    def __init__(self, transport: RegistryTransport, keychain: Keychain, api_url: str) -> None:
        """Prepare; nothing is fetched yet."""
        self._transport = transport
        self._keychain = keychain
        self._api_url = api_url
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._known: dict[str, _Authorization] = {}
        self._basic: _Authorization | None = None

    def request(
        self, method: str, url: str, path: str, headers: Mapping[str, str]
    ) -> requests.Response:
        """Send a request for the repository at ``path``; again with what a 401 asks for.

        A token is fetched anew when most of its life is over, and once when it is refused; so
        is a credential. Any status may come out of this.
        """
        if self._keychain.is_written:
            self._keychain.credential(path)  # what is wrong with it is told, needed or not
        used = self._current(path)
        answer = self._send(method, url, headers, used)
        if answer.status_code == _UNAUTHORIZED:
            # What a redirection leads to may not ask for what is this registry's.
            is_own = urlsplit(str(answer.url))[:2] == urlsplit(self._api_url)[:2]
            challenge = _preferred(answer) if is_own else None
            finish(answer)
            fresh = self._answered(path, challenge, used)
            if fresh is not None:
                used = fresh
                answer = self._send(method, url, headers, used)
        if answer.status_code in _REFUSALS and used is not None and used.credential is not None:
            renewed = self._with_other_credential(path, used)
            if renewed is not None:
                finish(answer)
                answer = self._send(method, url, headers, renewed)
        return answer

    def who(self, path: str) -> str:
        """Return in words with which credentials the repository at ``path`` was asked."""
        used = self._known.get(path) or self._basic
        return self._as(used.credential if used is not None else None)

    def _as(self, credential: Credential | None) -> str:
        if credential is None:
            return " without credentials"
        return f" with the credentials of {self._keychain.source}"

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], used: _Authorization | None
    ) -> requests.Response:
        sent = {**headers, "Authorization": used.header} if used else headers
        return self._transport.send(method, url, sent)

    def _current(self, path: str) -> _Authorization | None:
        known = self._known.get(path) or self._basic
        if known is not None and time.monotonic() >= known.until_s:
            try:
                return self._answered(path, known.challenge, known) or known
            except RegistryFailed:
                return known  # it may still be good; a 401 tells
        return known

    def _answered(
        self, path: str, challenge: Challenge | None, used: _Authorization | None
    ) -> _Authorization | None:
        """Return another authorisation than was ``used``, or None when there is none to be had."""
        with self._lock:
            lock = self._locks.setdefault(path, threading.Lock())
        with lock:  # who comes second finds what the first has fetched
            known = self._known.get(path)
            if known is not None and known is not used:
                return known
            credential = self._keychain.credential(path)
            try:
                fresh = self._made(path, challenge, credential)
            except Refused:
                other = self._keychain.renewed(path, credential) if credential else None
                if other is None:
                    raise
                fresh = self._made(path, challenge, other)
            return self._kept(path, fresh, used)

    def _with_other_credential(self, path: str, used: _Authorization) -> _Authorization | None:
        other = self._keychain.renewed(path, used.credential)
        if other is None:
            return None
        return self._kept(path, self._made(path, used.challenge, other), used)

    def _kept(
        self, path: str, fresh: _Authorization | None, used: _Authorization | None
    ) -> _Authorization | None:
        # A token is another one even if it reads the same: it was given anew.
        is_same = fresh and used and fresh.header == used.header
        if fresh is None or (is_same and fresh.until_s == float("inf")):
            return None
        self._known[path] = fresh
        if fresh.until_s == float("inf") and not self._keychain.by_path:
            self._basic = fresh  # good for all that the registry has
        return fresh

    def _made(
        self, path: str, challenge: Challenge | None, credential: Credential | None
    ) -> _Authorization | None:
        if challenge is None:
            return None
        if challenge.scheme == "bearer":
            token, life_s = self._token(challenge, path, credential)
            until_s = time.monotonic() + life_s * OF_ITS_LIFE
            return _Authorization(f"Bearer {token}", until_s, credential, challenge)
        if credential is None or credential.username == IDENTITY_USER:
            return None
        return _Authorization(_basic(credential), float("inf"), credential, challenge)

    def _token(
        self, challenge: Challenge, path: str, credential: Credential | None
    ) -> tuple[str, float]:
        """Fetch a token, and for how many seconds it is good."""
        transport = self._transport
        realm = challenge.parameters.get("realm", "")
        if not realm.startswith(("https://", "http://")):
            raise transport.failed(self._api_url, "it asks for a token without saying where")
        if realm.startswith("http://") and self._api_url.startswith("https://"):
            raise transport.failed(
                realm, "it asks for a token over plain HTTP, which is not trusted"
            )
        query = {"scope": challenge.parameters.get("scope") or f"repository:{path}:pull"}
        if "service" in challenge.parameters:
            query["service"] = challenge.parameters["service"]
        headers = {"Accept": "application/json"}
        if credential and credential.username == IDENTITY_USER:
            # distribution, docs/content/spec/auth/oauth.md
            form = {
                **query,
                "grant_type": "refresh_token",
                "client_id": "argocd-image-cmp",
                "refresh_token": credential.password,
            }
            answer = transport.send("POST", realm, headers, form=form)
        else:
            if credential:
                headers["Authorization"] = _basic(credential)
            answer = transport.send("GET", realm, headers, query)
        with answer:
            if answer.status_code != _OK:
                raise transport.refused(realm, answer, self._as(credential))
            document = transport.json_object(realm, transport.body(realm, answer))
        token = document.get("token") or document.get("access_token")
        if not isinstance(token, str) or not TOKEN.fullmatch(token):
            raise transport.failed(realm, "the answer holds no token")
        life_s = document.get("expires_in")
        if not isinstance(life_s, int | float):
            life_s = 0
        return token, min(_LONGEST_LIFE_S, max(_LEAST_LIFE_S, life_s))


def _preferred(answer: requests.Response) -> Challenge | None:
    challenges = parse_challenges(answer.headers.get("WWW-Authenticate", ""))
    by_scheme = {challenge.scheme: challenge for challenge in challenges}
    return by_scheme.get("bearer") or by_scheme.get("basic")


def _basic(credential: Credential) -> str:
    pair = f"{credential.username}:{credential.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"
