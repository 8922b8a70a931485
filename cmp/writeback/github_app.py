"""GitHub Apps: a private key buys a token of an hour, for the repositories of one installation.

Rules: docs.github.com, "Authenticating as a GitHub App" and "Generating an installation access
token"; what a Secret leaves out is found as Argo CD does (argo-cd, util/git/creds.go).
"""

import base64
import json
import os
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import requests
from requests.auth import AuthBase

from cmp.errors import GitFailed, GitRefused, InvalidInput
from cmp.writeback.git_address import Address
from cmp.writeback.git_credential import Credential
from cmp.writeback.git_login import Trust

_API = "https://api.github.com"
_TIMEOUT_S = (5, 20)
_EARLY_S = 300  # a token is not to run out in the middle
_BACK_S = 60  # our clock may be ahead
_VALID_S = 540  # GitHub takes ten minutes at most
_LARGEST = 1024 * 1024
_GRANTED = frozenset({200, 201})
_REFUSED = frozenset({400, 401, 403, 404, 422})


class _Token(NamedTuple):
    text: str
    ends_s: float


class GithubApps:
    """Gives tokens of GitHub Apps, and keeps them as long as they are good."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[tuple[str, str, Credential], _Token] = {}

    def resolved(self, address: Address, credential: Credential, trust: Trust) -> Credential:
        """Return a credential with a token as its password, where it is a GitHub App's."""
        if not credential.github_app_key or credential.password or credential.bearer:
            return credential
        if address.scheme != "https" and not (address.scheme == "http" and credential.github_api):
            raise GitRefused(
                "a GitHub App needs the HTTPS URL of the repository", where=str(address)
            )
        key = address.origin, address.path, credential
        with self._lock:
            token = self._tokens.get(key)
        if token is None or token.ends_s < _now_s() + _EARLY_S:
            token = _issued(address, credential, trust)
            with self._lock:
                now_s = _now_s()
                self._tokens = {k: t for k, t in self._tokens.items() if t.ends_s > now_s}
                self._tokens[key] = token
        return replace(credential, username="x-access-token", password=token.text)


def _issued(address: Address, credential: Credential, trust: Trust) -> _Token:
    api = credential.github_api or _API
    jwt = _jwt(credential)
    installation = credential.github_installation
    if not installation:
        repository = address.path.strip("/").removesuffix(".git")
        found = _asked("GET", f"{api}/repos/{repository}/installation", jwt, credential, trust)
        installation = _number(found.get("id"))
    if not installation:
        raise GitRefused("the GitHub App is not installed for this repository", where=str(address))
    url = f"{api}/app/installations/{installation}/access_tokens"
    answer = _asked("POST", url, jwt, credential, trust)
    token, ends = answer.get("token"), answer.get("expires_at")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise GitFailed("the answer holds no token", where=url)
    try:
        ends_s = datetime.fromisoformat(str(ends)).timestamp()
    except ValueError:
        ends_s = 0.0  # for this time only
    return _Token(token, ends_s)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


class _Bearer(AuthBase):
    """Without one, requests would look into a .netrc."""

    def __init__(self, jwt: str) -> None:
        self._jwt = jwt

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._jwt}"
        return request


def _asked(
    method: str, url: str, jwt: str, credential: Credential, trust: Trust
) -> Mapping[str, Any]:
    proxies = {"http": credential.proxy, "https": credential.proxy} if credential.proxy else None
    with tempfile.TemporaryDirectory(prefix="github-") as private:
        verify: bool | str = not credential.insecure
        if trust.certificates and verify and credential.github_api:
            verify = os.path.join(private, "ca.pem")
            with open(verify, "w", encoding="utf-8") as file:
                file.write(trust.certificates)
        try:
            with (
                requests.Session() as session,
                session.request(
                    method,
                    url,
                    auth=_Bearer(jwt),
                    headers={"Accept": "application/vnd.github+json"},
                    allow_redirects=False,
                    timeout=_TIMEOUT_S,
                    verify=verify,
                    proxies=proxies,
                    stream=True,
                ) as answer,
            ):
                body = answer.raw.read(_LARGEST, decode_content=True)
                status = answer.status_code
        except (requests.RequestException, OSError) as error:
            raise GitFailed(
                f"GitHub's API did not answer ({type(error).__name__}); it is tried again",
                where=url,
            ) from error
    if status in _REFUSED:
        raise GitRefused(
            f"GitHub does not take the App's key (status {status}); check githubAppID, "
            "githubAppInstallationID and githubAppPrivateKey",
            where=url,
        )
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if status not in _GRANTED or not isinstance(document, dict):
        raise GitFailed(f"GitHub's API answered with status {status}; it is tried again", where=url)
    return document


def _jwt(credential: Credential) -> str:
    """Return who the App is, signed with RS256 (RFC 7515, RFC 7518)."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    try:
        key = serialization.load_pem_private_key(credential.github_app_key.encode(), None)
    except (ValueError, TypeError) as error:
        raise InvalidInput("githubAppPrivateKey is no private key in PEM") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise InvalidInput("githubAppPrivateKey is no RSA key; GitHub gives only such")
    now_s = int(_now_s())
    claims = {"iat": now_s - _BACK_S, "exp": now_s + _VALID_S, "iss": str(credential.github_app)}
    signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_encoded(signature)}"


def _part(document: Mapping[str, object]) -> str:
    return _encoded(json.dumps(document).encode())


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _now_s() -> float:
    return datetime.now(UTC).timestamp()  # noqa: TID251 - tokens are for now
