"""What to do when a registry does not give what it is asked for: one next step."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from cmp.errors import CmpError, InvalidInput, NotFound, Refused
from cmp.registry.configuration import Registry
from cmp.registry.exchange import TOO_MANY, Exchange

_SKEW_S = 300
_BAD_REQUEST = 400
_FORBIDDEN = 403
_OK = 200
_OWN_FAILURE = 500
_REFUSALS = frozenset({401, 403})
_CERTIFICATE = "CERTIFICATE_VERIFY_FAILED"
# getaddrinfo's words for a host that is not known, or a server of names that does not answer.
_NO_HOST = re.compile(r"not known|name resolution|No address associated|NameResolutionError")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was asked, and what came of it."""

    registry: Registry
    exchanges: Sequence[Exchange]
    is_configured: bool
    """It has an entry in registries.conf."""
    credentials: str
    """The sources that were to be tried; empty for none."""
    skew_s: float
    """By how much the registry's clock is ahead; 0 if not by much."""

    @property
    def last(self) -> Exchange | None:
        """What was asked last, and has led to the error."""
        return self.exchanges[-1] if self.exchanges else None

    @property
    def is_of_token_server(self) -> bool:
        """Tell whether that was asked where tokens are had, which may be another server."""
        api = f"{self.registry.api_url}/v2/"
        return self.last is not None and not self.last.url.startswith(api)

    @property
    def _new_entry(self) -> str:
        return f"in a new entry of registries.conf, with name: and prefix: {self.registry.prefix}"

    @property
    def entry(self) -> str:
        """Where a key for the registry is written."""
        if self.is_configured:
            return f"in the entry {self.registry.name} of registries.conf"
        return f"{self._new_entry} and api_url: {self.registry.api_url}"

    def api_url(self, scheme: str) -> str:
        """Return the key that has it asked with another scheme, and where it is written."""
        host = self.registry.api_url.partition("://")[2]
        where = self.entry if self.is_configured else self._new_entry
        return f"write api_url: {scheme}://{host} {where}"


def next_step(error: CmpError, attempt: Attempt) -> str:
    """Return the step for ``error``, after all that was asked."""
    last = attempt.last
    if isinstance(error, InvalidInput):
        return "correct what the line above names"
    if last is None:
        return f"see why {attempt.credentials or 'the credentials'} cannot be had; nothing was sent"
    if isinstance(error, Refused):
        return _for_refusal(last, attempt)
    if last.status == 0:
        return _for_silence(last, attempt)
    if attempt.is_of_token_server and last.status not in TOO_MANY:
        return f"see why {last.url} gives no token: its operator's log says it"
    is_nothing = isinstance(error, NotFound)
    return _for_nothing(last, attempt) if is_nothing else _for_status(last.status, attempt)


def _for_refusal(last: Exchange, attempt: Attempt) -> str:
    if attempt.skew_s:
        return (
            "set the clocks: tokens and signed credentials are refused before and after their time"
        )
    if not attempt.credentials:
        return (
            f"write credentials: {attempt.entry}, or give the image a pull-secret; "
            "env:<VARIABLE> holding user:password is enough to try here"
        )
    if 'error="invalid_token"' in last.said:
        return (
            "see the registry's log for why it refuses its token server's token: one of their "
            "clocks is wrong, or it expects another issuer, service or certificate"
        )
    if last.status == _FORBIDDEN or 'error="insufficient_scope"' in last.said:
        return (
            f"have the owner of {attempt.credentials} given the right to pull: the credentials "
            "are known, and not enough for this repository"
        )
    return (
        f"write other credentials where {attempt.credentials} has them: these are wrong or over; "
        "docker login tells whether new ones are right"
    )


def _for_nothing(last: Exchange, attempt: Attempt) -> str:
    if "/manifests/" in last.url:
        return "check the tag: the repository is there, and has none of this name"
    step = "check the image's name: its registry has no such repository"
    if not attempt.credentials:
        step += ", as many say of a private one that is asked for without credentials"
    return step


def _for_status(status: int, attempt: Attempt) -> str:
    registry = attempt.registry
    if status in TOO_MANY:
        return (
            f"write limit: <requests a second> {attempt.entry}, or give credentials: "
            "registries allow more to those they know"
        )
    if status >= _OWN_FAILURE:
        return "nothing here: the registry itself fails, and its operator's log says why"
    if status == _BAD_REQUEST and registry.api_url.startswith("http://"):
        return f"if it speaks TLS, {attempt.api_url('https')}"
    if status == _OK:
        return (
            f"check api_url {registry.api_url}: it leads to something else than a registry's API, "
            "perhaps to a page for people, or a proxy's"
        )
    if status in _REFUSALS:
        return "do what the line above says; the registry was not asked with credentials"
    return f"see that {registry.api_url}/v2/ answers 200 or 401: else it is no registry's API"


def _for_silence(last: Exchange, attempt: Attempt) -> str:
    said = last.said
    if _CERTIFICATE in said:
        return _for_certificate(said, attempt)
    if "WRONG_VERSION_NUMBER" in said or "RECORD_LAYER_FAILURE" in said:
        return f"{attempt.api_url('http')}: it does not speak TLS"
    if _NO_HOST.search(said):
        return f"check the host in {last.url}: no such host is known here"
    if "Connection refused" in said:
        return f"check host and port in {last.url}: nothing listens there"
    return (
        f"see whether {last.url} can be reached from here: a firewall, a network policy "
        "or a proxy (HTTPS_PROXY, NO_PROXY) may be in between"
    )


def _for_certificate(said: str, attempt: Attempt) -> str:
    if "mismatch" in said:
        return "write api_url with the name that the certificate is for: this one is another"
    if "expired" in said or "not yet valid" in said:
        return "have the registry's certificate renewed, or set the clock here"
    already = "the one that is given did not sign it; " if attempt.registry.ca else ""
    return (
        f"write ca_file: or ca_data: {attempt.entry}, with the certificate of the authority that "
        f"signed the registry's; {already}insecure: true would trust anybody"
    )


def clock_of(exchanges: Sequence[Exchange], now_s: float) -> tuple[float, str]:
    """Return by how much the registry's clock is ahead, 0 if not by much, and that in words."""
    for exchange in exchanges:
        try:
            ahead_s = parsedate_to_datetime(exchange.date).timestamp() - now_s
        except ValueError:
            continue
        words = f"the registry's is {ahead_s:+.0f} s from here"
        if abs(ahead_s) > _SKEW_S:
            return ahead_s, f"{words}, and tokens may be refused"
        return 0.0, words
    return 0.0, ""
