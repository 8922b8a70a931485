"""GitHub Apps: a private key buys a token of an hour, for the repositories of one installation.

Rules: docs.github.com, "Authenticating as a GitHub App" and "Generating an installation access
token"; what a Secret leaves out is found as Argo CD does (argo-cd, util/git/creds.go).
"""

import base64
import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cmp.errors import GitFailed, GitRefused, InvalidInput
from cmp.writeback.forges.api import Api
from cmp.writeback.forges.github import API, HEADERS
from cmp.writeback.git_address import Address
from cmp.writeback.git_credential import Credential
from cmp.writeback.git_login import Trust

_EARLY_S = 300  # a token is not to run out in the middle
_BACK_S = 60  # our clock may be ahead
_VALID_S = 540  # GitHub takes ten minutes at most
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
    url = credential.github_api or API
    certificates = trust.certificates if credential.github_api else ""
    with Api(url, _jwt(credential), credential, certificates, HEADERS) as api:
        installation = credential.github_installation
        if not installation:
            repository = address.path.strip("/").removesuffix(".git")
            installation = _number(
                _asked(api, "GET", f"/repos/{repository}/installation").get("id")
            )
        if not installation:
            raise GitRefused(
                "the GitHub App is not installed for this repository", where=str(address)
            )
        path = f"/app/installations/{installation}/access_tokens"
        answer = _asked(api, "POST", path)
    token, ends = answer.get("token"), answer.get("expires_at")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise GitFailed("the answer holds no token", where=f"{url}{path}")
    try:
        ends_s = datetime.fromisoformat(str(ends)).timestamp()
    except ValueError:
        ends_s = 0.0  # for this time only
    return _Token(token, ends_s)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _asked(api: Api, method: str, path: str) -> Mapping[str, Any]:
    answer = api.ask(method, path)
    where = f"{api.base}{path}"
    if answer.status in _REFUSED:
        raise GitRefused(
            f"GitHub does not take the App's key (status {answer.status}); check githubAppID, "
            "githubAppInstallationID and githubAppPrivateKey",
            where=where,
        )
    if not answer.is_success or not isinstance(answer.document, dict):
        raise GitFailed(
            f"GitHub's API answered with status {answer.status}; it is tried again", where=where
        )
    return answer.document


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
