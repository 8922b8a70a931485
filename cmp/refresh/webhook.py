"""``POST /webhook`` and ``POST /touch``: what is to be looked at now.

What is sent only says where to look; what is there, the registry is asked. A delivery is
answered before anything is done, for its sender waits.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from cmp.core.image import Image
from cmp.errors import IndexUnavailable, InvalidInput, quoted
from cmp.index import Touch
from cmp.refresh.meter import Meter
from cmp.refresh.wsgi import Answer, application
from cmp.registry.webhooks import Delivery, pushed, sender_of
from cmp.registry.webhooks.proofs import in_authorization, in_own_header, signed

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

_MOST_AT_ONCE = 100
"""Of one touch, so that what a log says of it stays readable."""
_UNKNOWN, _TOUCH = "unknown", "touch"


class Allowance:
    """So many at once, and so many a second from then on; threads may take at once."""

    def __init__(self, a_second: float, at_once: int) -> None:
        """Begin with all of it."""
        self._a_second, self._at_once = a_second, at_once
        self._left = float(at_once)
        self._looked_s = time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take one; false where none is left."""
        with self._lock:
            now_s = time.monotonic()
            more = (now_s - self._looked_s) * self._a_second
            self._left, self._looked_s = min(self._at_once, self._left + more), now_s
            if self._left < 1:
                return False
            self._left -= 1
            return True


class Webhook:
    """Takes deliveries from whoever knows the secret.

    Those who know it may send many at once, as a registry does that is replicated; those who do
    not have an allowance of their own, so that guessing takes for ever and keeps nobody out.
    """

    def __init__(
        self,
        secret: str,
        touch: Callable[[Iterable[Touch]], object],
        meter: Meter,
        known: Allowance | None = None,
        strangers: Allowance | None = None,
    ) -> None:
        """Tell ``touch`` what was pushed; it raises `IndexUnavailable` when it cannot take it."""
        self._secret = secret
        self._touch = touch
        self._meter = meter
        self._known = known or Allowance(50, 1000)
        self._strangers = strangers or Allowance(2, 20)

    @property
    def application(self) -> "WSGIApplication":
        """What serves it."""
        return application({"/webhook": {"POST": self._webhook}, "/touch": {"POST": self._touched}})

    def _webhook(self, environ: "WSGIEnvironment") -> Answer:
        try:
            delivery = Delivery.parse(*_request(environ))
            sender = sender_of(delivery)
        except InvalidInput as error:
            return self._invalid(_UNKNOWN, error) if self._strangers.take() else self._limited()
        if refused := self._kept_out(sender.name, knows=sender.knows(self._secret, delivery)):
            return refused
        try:
            said = pushed(delivery)
        except InvalidInput as error:
            return self._invalid(sender.name, error)
        for complaint in said.complaints:
            log.warning("event not read", extra={"sender": sender.name, "reason": complaint})
        repositories = dict.fromkeys(str(repository) for repository, _ in said.images)
        touches = [Touch("repository", repository) for repository in repositories]
        return self._taken(sender.name, touches, said.why)

    def _touched(self, environ: "WSGIEnvironment") -> Answer:
        body, headers, query = _request(environ)
        lower = {name.lower(): value for name, value in headers.items()}
        delivery = Delivery(body, lower, query, None)
        knows = any(proof(self._secret, delivery) for proof in _PROOFS)
        if refused := self._kept_out(_TOUCH, knows=knows):
            return refused
        try:
            touches = _touches(body, lower.get("content-type", ""))
        except InvalidInput as error:
            return self._invalid(_TOUCH, error)
        return self._taken(_TOUCH, touches, "")

    def _kept_out(self, sender: str, *, knows: bool) -> Answer | None:
        """Return what is said to who does not know the secret, or sends too much."""
        if not (self._known if knows else self._strangers).take():
            return self._limited(sender)
        if knows:
            return None
        self._count(sender, "denied")
        log.warning("delivery refused", extra={"sender": sender, "reason": _NOT_KNOWN})
        return Answer("401 Unauthorized", _NOT_KNOWN, {"WWW-Authenticate": "Bearer"})

    def _taken(self, sender: str, touches: list[Touch], why: str) -> Answer:
        if not touches:
            self._count(sender, "nothing")
            return Answer("202 Accepted", why)
        try:
            self._touch(touches)
        except IndexUnavailable as error:
            log.warning("delivery not taken", extra={"sender": sender, "reason": error})
            self._count(sender, "unavailable")
            text = "the store does not answer; send it again"
            return Answer("503 Service Unavailable", text, {"Retry-After": "5"})
        self._count(sender, "accepted")
        names = ", ".join(touch.identity for touch in touches)
        log.debug("touched", extra={"sender": sender, "what": names})
        return Answer("202 Accepted", f"to be looked at: {names}")

    def _invalid(self, sender: str, error: InvalidInput) -> Answer:
        self._count(sender, "invalid")
        log.warning("delivery refused", extra={"sender": sender, "reason": error})
        return Answer("400 Bad Request", str(error))

    def _limited(self, sender: str = _UNKNOWN) -> Answer:
        self._count(sender, "limited")
        return Answer("429 Too Many Requests", "too many; wait a second", {"Retry-After": "1"})

    def _count(self, sender: str, outcome: str) -> None:
        self._meter.count("webhook_deliveries_total", sender=sender, outcome=outcome)


_PROOFS = (in_authorization, in_own_header, signed)


_NOT_KNOWN = "it does not show the secret of CMP_WEBHOOK_SECRET"


def _request(environ: "WSGIEnvironment") -> tuple[bytes, dict[str, str], dict[str, str]]:
    """Return a request's body, its headers, and the parameters of its URL."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-"): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), max_num_fields=None))
    return environ["wsgi.input"].read(), headers, query


def _touches(body: bytes, kind: str) -> list[Touch]:
    """Read ``image=`` and ``application=``, of a form or of JSON; each may be several."""
    if kind.partition(";")[0].strip().lower() == "application/json":
        given = _of_json(body)
    else:
        given = _of_form(body)
    unknown = [name for name, _ in given if name not in _READ]
    if unknown or not given:
        said = f"not {quoted(unknown[0][:80])}" if unknown else "there is nothing in it"
        raise InvalidInput(f"{said}; write image=<repository> or application=<namespace>/<name>")
    if len(given) > _MOST_AT_ONCE:
        raise InvalidInput(f"more than {_MOST_AT_ONCE} at once")
    return list(dict.fromkeys(_READ[name](value) for name, value in given))


def _of_form(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_AT_ONCE + 1)
    except ValueError:
        raise InvalidInput(f"not a form in UTF-8 with at most {_MOST_AT_ONCE} fields") from None


def _of_json(body: bytes) -> list[tuple[str, str]]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInput("the body is not JSON") from None
    found = []
    for name, value in document.items() if isinstance(document, dict) else ():
        values: list[Any] = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) for one in values):
            raise InvalidInput(f"{quoted(name[:80])} is neither text nor a list of it")
        found += [(name, one) for one in values]
    return found


def _image(text: str) -> Touch:
    return Touch("repository", str(Image.parse(text[:1000]).repository))


def _application(text: str) -> Touch:
    namespace, slash, name = text.partition("/")
    if not (namespace and slash and name) or "/" in name or len(text) > _LONGEST_NAME:
        raise InvalidInput(f"not <namespace>/<name>: {quoted(text[:80])}", where="application")
    if not text.isascii() or not text.isprintable():
        raise InvalidInput("that is no name that Kubernetes has", where="application")
    return Touch("application", text)


_LONGEST_NAME = 63 + 1 + 253
_READ: Mapping[str, Callable[[str], Touch]] = {"image": _image, "application": _application}
