"""Azure Container Registry: a refresh token of the registry for this process's Entra identity.

The identity is that of the Pod (workload identity: a federated token) or of the machine (managed
identity); the registry exchanges its access token for one of its own. Sources, all Microsoft's:
"Azure Container Registry integration with Azure Active Directory" (azure.github.io/acr/AAD-OAuth);
"OAuth 2.0 client credentials flow", third case; "Use managed identities on a virtual machine to
acquire access token"; "How to use managed identities for App Service", REST endpoint reference.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from cmp.errors import InvalidInput, RegistryFailed
from cmp.registry.auth.base import Credential, Issued, is_loopback, is_own
from cmp.registry.http import TOKEN, UNANSWERED, no_netrc

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.azurecr\.(?:io|cn|us)")
# The registry's own audience, in every cloud: narrower than Resource Manager's, which a registry
# may be told not to accept ("Configure registry acceptance of Entra authentication scopes").
_RESOURCE = "https://containerregistry.azure.net"
_USER = "00000000-0000-0000-0000-000000000000"
_AUTHORITY = "https://login.microsoftonline.com"
_MACHINE = "http://169.254.169.254"
_MACHINE_PATH = "/metadata/identity/oauth2/token"
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523, 2.2
_PROBE_S = (1, 1)  # to connect, between two bytes: where there is no metadata service
_TIMEOUT_S = (5, 10)
_LARGEST_BODY = 256 * 1024  # bytes
_VALID_S = 3 * 3600.0  # of a refresh token that does not say it itself
_OK = 200
_BAD_REQUEST = 400
_REFUSALS = frozenset({401, 403})
_RETRIED = frozenset({429, 500, 502, 503, 504})
_CODE = re.compile(r"[a-z_]{1,40}")
_REASON = re.compile(r"AADSTS[0-9]{1,9}")


def serves(host: str) -> bool:
    """Return whether ``host`` is an Azure registry, and not one that only looks like it."""
    return _HOST.fullmatch(host) is not None


def issue(host: str, api_url: str, env: Mapping[str, str]) -> Issued | None:
    """Exchange this process's Entra token at the registry; None where it has no identity.

    None also where ``api_url`` is not the registry's own: no other is sent the token.

    Raises:
        RegistryFailed: Entra, the metadata service or the registry did not answer, or refused.
        InvalidInput: what names the identity cannot be used.
    """
    api_url = api_url.rstrip("/")
    if not serves(host) or not is_own(host, api_url):
        return None
    where = f"registry {host}"
    token: str | None
    if env.get("AZURE_FEDERATED_TOKEN_FILE"):
        token = _of_pod(env, where)
    elif env.get("IDENTITY_ENDPOINT"):
        token = _of_app_service(env, where)
    else:
        token = _of_machine(env, where)
    return None if token is None else _exchange(host, api_url, token, env)


def _of_pod(env: Mapping[str, str], where: str) -> str:
    """Return an access token for the Pod's federated one, as the webhook's variables say."""
    path = env["AZURE_FEDERATED_TOKEN_FILE"]
    missing = [n for n in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID") if not env.get(n)]
    if missing:
        raise InvalidInput(
            f"AZURE_FEDERATED_TOKEN_FILE is set and {' and '.join(missing)} not; annotate the "
            "service account with azure.workload.identity/client-id",
            where=where,
        )
    authority = (env.get("AZURE_AUTHORITY_HOST") or _AUTHORITY).rstrip("/")
    if not authority.startswith("https://") and not is_loopback(authority):
        raise InvalidInput("AZURE_AUTHORITY_HOST has to begin with https://", where=where)
    try:
        with open(path, encoding="ascii") as file:
            assertion = file.read().strip()
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"cannot read AZURE_FEDERATED_TOKEN_FILE {path} ({error.__class__.__name__}); label "
            'the Pod azure.workload.identity/use: "true"',
            where=where,
        ) from None
    form = {
        "grant_type": "client_credentials",
        "client_id": env["AZURE_CLIENT_ID"],
        "scope": f"{_RESOURCE}/.default",
        "client_assertion_type": _JWT_BEARER,
        "client_assertion": assertion,
    }
    url = f"{authority}/{quote(env['AZURE_TENANT_ID'], safe='')}/oauth2/v2.0/token"
    status, document = _ask("POST", url, where, data=form)
    if status != _OK:
        raise RegistryFailed(
            f"Entra refuses the Pod's identity: {_refusal(status, document)}; check the federated "
            f"identity credential of client {env['AZURE_CLIENT_ID']}: issuer, namespace and "
            "service account",
            where=where,
        )
    return _token(document, "access_token", "Entra", where)


def _of_app_service(env: Mapping[str, str], where: str) -> str:
    """Return an access token from the endpoint that App Service and its like announce."""
    if not env.get("IDENTITY_HEADER"):
        raise InvalidInput(
            "IDENTITY_ENDPOINT is set and IDENTITY_HEADER not; unset it, or set both "
            "(the endpoint of Azure Arc cannot be used)",
            where=where,
        )
    query = {"api-version": "2019-08-01", "resource": _RESOURCE, **_client(env)}
    headers = {"X-IDENTITY-HEADER": env["IDENTITY_HEADER"]}
    status, document = _ask(
        "GET", env["IDENTITY_ENDPOINT"], where, is_local=True, params=query, headers=headers
    )
    if status != _OK:
        raise RegistryFailed(
            f"IDENTITY_ENDPOINT gives no token: {_refusal(status, document)}; assign this app a "
            "managed identity, and set AZURE_CLIENT_ID if it has several",
            where=where,
        )
    return _token(document, "access_token", "IDENTITY_ENDPOINT", where)


def _of_machine(env: Mapping[str, str], where: str) -> str | None:
    """Return an access token from the metadata service; None where there is none, or no identity.

    ``AZURE_POD_IDENTITY_AUTHORITY_HOST`` is where Azure's libraries look for it elsewhere.
    """
    url = (env.get("AZURE_POD_IDENTITY_AUTHORITY_HOST") or _MACHINE).rstrip("/") + _MACHINE_PATH
    if not _answers(url):
        return None
    query = {"api-version": "2018-02-01", "resource": _RESOURCE, **_client(env)}
    headers = {"Metadata": "true"}
    status, document = _ask("GET", url, where, is_local=True, params=query, headers=headers)
    if status == _OK and "access_token" in document:
        return _token(document, "access_token", "the metadata service", where)
    if "error" not in document and status not in _RETRIED:
        return None  # another cloud's, at the same address
    said = str(document.get("error_description", "")).lower()
    if status == _BAD_REQUEST and not _client(env) and "identity not found" in said:
        return None  # a machine without one
    if status == _BAD_REQUEST:
        raise InvalidInput(
            f"the machine has no such managed identity, or several: {_refusal(status, document)}; "
            "set AZURE_CLIENT_ID to the client id of one of its identities, or use workload "
            "identity",
            where=where,
        )
    raise RegistryFailed(
        f"the metadata service gives no token: {_refusal(status, document)}", where=where
    )


def _client(env: Mapping[str, str]) -> dict[str, str]:
    return {"client_id": env["AZURE_CLIENT_ID"]} if env.get("AZURE_CLIENT_ID") else {}


def _exchange(host: str, api_url: str, token: str, env: Mapping[str, str]) -> Issued:
    """Return the registry's refresh token for an access token of Entra's."""
    where = f"registry {host}"
    form = {"grant_type": "access_token", "service": host, "access_token": token}
    if env.get("AZURE_TENANT_ID"):
        form["tenant"] = env["AZURE_TENANT_ID"]
    status, document = _ask("POST", f"{api_url}/oauth2/exchange", where, data=form)
    if status in _REFUSALS:
        raise RegistryFailed(
            f"the registry refuses this process's identity: HTTP {status}; give the identity the "
            "role AcrPull on it (where it is in ABAC mode: Container Registry Repository Reader)",
            where=where,
        )
    if status != _OK:
        raise RegistryFailed(f"no exchange of tokens: HTTP {status}", where=where)
    password = _token(document, "refresh_token", "the registry", where)
    return Issued(Credential(_USER, password), _lifetime_s(password))


def _lifetime_s(token: str) -> float:
    """Return from its issue to its end, as a JSON Web Token says it (RFC 7519, 4.1)."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        lifetime_s = float(claims["exp"] - claims["iat"])
    except (LookupError, ValueError, TypeError, RecursionError):
        return _VALID_S
    return lifetime_s if 0 < lifetime_s < float("inf") else _VALID_S


def _answers(url: str) -> bool:
    """Return whether anything is there; a question without its header is answered at once."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            session.get(url, timeout=_PROBE_S, allow_redirects=False, stream=True).close()
        except UNANSWERED:
            return False
    return True


def _ask(
    method: str, url: str, where: str, *, is_local: bool = False, **sent: Any
) -> tuple[int, Mapping[str, Any]]:
    """Return status and JSON object; nothing follows a redirection, which could lead anywhere.

    Args:
        method: GET or POST.
        url: whole.
        where: for the error.
        is_local: no proxy leads there.
        sent: `requests`' ``data``, ``params``, ``headers``.
    """
    retry = Retry(
        total=2,
        backoff_factor=0.2,
        status_forcelist=_RETRIED,
        allowed_methods=("GET", "POST"),  # all it asks for is another token
        respect_retry_after_header=False,
        raise_on_status=False,
    )
    with requests.Session() as session:
        session.trust_env = not is_local
        session.mount("https://", HTTPAdapter(max_retries=retry))
        session.mount("http://", HTTPAdapter(max_retries=retry))
        try:
            with session.request(
                method,
                url,
                timeout=_TIMEOUT_S,
                allow_redirects=False,
                stream=True,
                auth=no_netrc,
                **sent,
            ) as answer:
                body = answer.raw.read(_LARGEST_BODY, decode_content=True)
        except UNANSWERED as error:
            # Only its name: its text may quote a header.
            raise RegistryFailed(
                f"no answer: {error.__class__.__name__} ({url})", where=where
            ) from None
    if answer.is_redirect:
        raise RegistryFailed(
            f"HTTP {answer.status_code} leads elsewhere, where no token is sent ({url})",
            where=where,
        )
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    return answer.status_code, document if isinstance(document, dict) else {}


def _token(document: Mapping[str, Any], key: str, whose: str, where: str) -> str:
    token = document.get(key)
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise RegistryFailed(f"the answer of {whose} holds no token", where=where)
    return token


def _refusal(status: int, document: Mapping[str, Any]) -> str:
    """Return status and code; a description may quote what was sent (RFC 6749, 5.2)."""
    code = _CODE.fullmatch(str(document.get("error", "")))
    reason = _REASON.search(str(document.get("error_description", "")))
    return " ".join([f"HTTP {status}", *(match[0] for match in (code, reason) if match)])
