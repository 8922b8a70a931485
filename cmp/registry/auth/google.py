"""Google Artifact Registry and Container Registry: the access token of this process's identity.

Application Default Credentials, as google-auth reads them: a file (that of the variable
``GOOGLE_APPLICATION_CREDENTIALS``, which may be one of workload identity federation, or gcloud's),
else the metadata server, which on GKE answers for the Pod's service account. Sources, all Google's:
"Configure authentication to Artifact Registry for Docker", access token; "How Application Default
Credentials works"; "Authenticate to Google Cloud APIs from GKE workloads".
"""

import logging
import os.path
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests

from cmp.errors import CmpError, InvalidInput, RegistryFailed
from cmp.registry.auth.base import Credential, Issued, is_own
from cmp.registry.http import TOKEN, UNANSWERED, no_netrc

_HOST = re.compile(r"[a-z]+(?:-[a-z]+[0-9]+)?-docker\.pkg\.dev|(?:(?:us|eu|asia)\.)?gcr\.io")
_USER = "oauth2accesstoken"
# The only one of Artifact Registry's API that every kind of identity can be asked for; what the
# token may do is IAM's to say. A node's token has the scopes of the node, whatever is asked.
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_PROBE_S = (1, 2)  # to connect, between two bytes: where there is no metadata server
_TIMEOUT_S = (5, 10)
_MOST_FAILURES = 3
_VALID_S = 3600.0  # where an answer does not say it
_FAILURES = frozenset({408, 429, 500, 502, 503, 504})
_NOT_FOUND = 404
_METADATA_IP = "169.254.169.254"
_FLAVOR = {"Metadata-Flavor": "Google"}
_ACCOUNT = "computeMetadata/v1/instance/service-accounts/default/email"
_CODE = re.compile(r"\b(?:invalid|unauthorized|access|unsupported)_[a-z_]{1,40}\b")


def serves(host: str) -> bool:
    """Return whether ``host`` is one of Google's registries, and not one that looks like it."""
    return _HOST.fullmatch(host) is not None


def issue(host: str, api_url: str, env: Mapping[str, str]) -> Issued | None:
    """Return this process's access token as a credential; None where it has no identity.

    None also where ``api_url`` is not the registry's own: a mirror's owner could use the token.

    Raises:
        RegistryFailed: Google did not answer, or refuses the identity.
        InvalidInput: the credentials file cannot be used.
    """
    if not serves(host) or not is_own(host, api_url):
        return None
    file = _file(env)
    if not file and not _is_metadata_server(env):
        return None
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError

    logging.getLogger("google").setLevel(logging.CRITICAL)  # what fails is said here
    where = f"registry {host}"
    try:
        return _issued(file, where)
    except DefaultCredentialsError as error:
        raise InvalidInput(
            f"{file or 'the metadata server'} gives no Google credentials "
            f"({error.__class__.__name__}); check GOOGLE_APPLICATION_CREDENTIALS",
            where=where,
        ) from None
    except GoogleAuthError as error:
        raise _failed(error, file, where) from None
    except OSError as error:
        raise InvalidInput(
            f"cannot read {error.filename or 'a file'} that {file} names "
            f"({error.__class__.__name__})",
            where=where,
        ) from None
    except (LookupError, TypeError, ValueError) as error:
        raise RegistryFailed(
            f"Google's answer holds no usable token ({error.__class__.__name__})", where=where
        ) from None


class _Session(requests.Session):
    """Ends the long patience of a library: every request has a deadline, and few may fail."""

    def __init__(self, where: str, *, is_local: bool) -> None:
        """Prepare for the metadata server (local: no proxy leads there), or for the internet."""
        super().__init__()
        self.trust_env = not is_local
        self.auth = no_netrc
        self._where = where
        self._failures = 0

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send it once; raise `RegistryFailed` at the third failure. No token is redirected."""
        kwargs |= {"timeout": _TIMEOUT_S, "allow_redirects": False}
        try:
            answer = super().send(request, **kwargs)
        except UNANSWERED as error:
            self._count(request, error.__class__.__name__)
            raise requests.ConnectionError(error.__class__.__name__) from None
        if answer.status_code in _FAILURES:
            self._count(request, f"HTTP {answer.status_code}")
        return answer

    def _count(self, request: requests.PreparedRequest, reason: str) -> None:
        self._failures += 1
        if self._failures == _MOST_FAILURES:
            url = (request.url or "").partition("?")[0]
            raise RegistryFailed(f"no answer: {reason} ({url})", where=self._where) from None


def _file(env: Mapping[str, str]) -> str:
    """Return the file of Application Default Credentials, or nothing where there is none."""
    if named := env.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return named
    folder = env.get("CLOUDSDK_CONFIG") or os.path.join(env.get("HOME") or "/", ".config/gcloud")
    gcloud = os.path.join(folder, "application_default_credentials.json")
    return gcloud if os.path.isfile(gcloud) else ""


def _is_metadata_server(env: Mapping[str, str]) -> bool:
    """Return whether one answers, and knows an account for this process (about a second).

    google-auth's own probe takes up to twelve where nothing answers; its variables count here.
    """
    if env.get("NO_GCE_CHECK") == "true":
        return False
    named = (env.get(f"GCE_METADATA_{name}") for name in ("HOST", "ROOT", "IP"))
    host = next(filter(None, named), _METADATA_IP)
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(
                f"http://{host}/{_ACCOUNT}",
                headers=_FLAVOR,
                timeout=_PROBE_S,
                allow_redirects=False,
                stream=True,
            )
        except UNANSWERED:
            return False
        with answer:
            # Other clouds' metadata servers are at the same address, and do not say this.
            is_google = answer.headers.get("Metadata-Flavor") == _FLAVOR["Metadata-Flavor"]
            return is_google and answer.status_code != _NOT_FOUND


def _issued(file: str, where: str) -> Issued:
    import google.auth
    from google.auth.compute_engine import Credentials
    from google.auth.credentials import with_scopes_if_required
    from google.auth.transport.requests import Request

    with _Session(where, is_local=not file) as session:
        request = Request(session)
        found: Any
        if file:
            # Asked with a scope, it would go and ask another of Google's APIs for a project.
            found, _ = google.auth.default(request=request)
            found = with_scopes_if_required(found, [_SCOPE])
        else:
            found = Credentials(scopes=[_SCOPE])
        found.refresh(request)
    if not isinstance(found.token, str) or not TOKEN.fullmatch(found.token):
        raise LookupError
    valid_s = _VALID_S
    if found.expiry is not None:
        # The library took the same clock's time and added the answer's seconds to it.
        now = datetime.now(UTC)  # noqa: TID251 - to undo that
        valid_s = (found.expiry.replace(tzinfo=UTC) - now).total_seconds()
    return Issued(Credential(_USER, found.token), valid_s)


def _failed(error: Exception, file: str, where: str) -> CmpError:
    """Return the error for a failure of google-auth's; its text may quote an answer."""
    code = _CODE.search(str(error))
    said = f"{error.__class__.__name__}{f': {code[0]}' if code else ''}"
    if file:
        return RegistryFailed(
            f"no Google access token for {file} ({said}); check that its account or workload "
            "identity pool is there, and may impersonate the service account it names",
            where=where,
        )
    return RegistryFailed(
        f"the metadata server gives no access token ({said}); check the service account's "
        "annotation iam.gke.io/gcp-service-account, and its role roles/iam.workloadIdentityUser",
        where=where,
    )
