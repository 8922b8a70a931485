"""What to do when a registry does not give what it is asked for: one next step."""

from collections.abc import Sequence
from email.utils import parsedate_to_datetime

from cmp.errors import CmpError, NotFound, Refused
from cmp.registry.configuration import Registry
from cmp.registry.exchange import Exchange

_SKEW_S = 300
_FORBIDDEN = 403
_OWN_FAILURE = 500


def next_step(
    error: CmpError, registry: Registry, exchanges: Sequence[Exchange], *, has_credentials: bool
) -> str:
    """Return the step for ``error``, after all ``exchanges``."""
    status = exchanges[-1].status if exchanges else 0
    if isinstance(error, NotFound):
        step = "check the image's name: its registry has no such repository or tag"
        if not has_credentials:
            step += ", as many say of a private one that is asked for without credentials"
        return step
    if isinstance(error, Refused):
        if not has_credentials:
            return (
                f"give {registry.name} credentials in registries.conf, or the image a pull-secret; "
                "env:<VARIABLE> holding user:password is enough to try here"
            )
        if status == _FORBIDDEN:
            return "the credentials are known and not enough: their owner needs the right to pull"
        return "the credentials are wrong or over: try them with docker login, then write new ones"
    return _for_status(status, registry) if status else _for_silence(str(error), registry)


def _for_status(status: int, registry: Registry) -> str:
    if status in {429, 503}:
        return (
            f"write a limit (requests a second) for {registry.name} in registries.conf, or give "
            "credentials: registries allow more to those they know"
        )
    if status >= _OWN_FAILURE:
        return "nothing here: the registry itself fails, and its operator's log says why"
    return f"see that {registry.api_url}/v2/ answers 200 or 401: else it is no registry's API"


def _for_silence(said: str, registry: Registry) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return (
            f"give the certificate that signed it as ca_file or ca_data of {registry.name} in "
            "registries.conf; insecure: true would trust anybody"
        )
    if "WRONG_VERSION_NUMBER" in said:
        return f"it speaks plain HTTP: write plain_http: true for {registry.name}"
    if "NameResolutionError" in said or "Name or service not known" in said:
        return f"check api_url {registry.api_url}: no such host is known here"
    return (
        f"see whether {registry.api_url} can be reached from here: a firewall, a network policy "
        "or a proxy (HTTPS_PROXY, NO_PROXY) may be in between"
    )


def clock_skew_s(exchanges: Sequence[Exchange], now_s: float) -> float:
    """Return by how much the registry's clock is ahead of ``now_s``, or 0 if not by much."""
    for exchange in reversed(exchanges):
        try:
            ahead_s = parsedate_to_datetime(exchange.date).timestamp() - now_s
        except ValueError:
            continue
        return ahead_s if abs(ahead_s) > _SKEW_S else 0.0
    return 0.0
