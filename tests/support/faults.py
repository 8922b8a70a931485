"""A registry that misbehaves: what the real one will not do, done to its answers.

`FaultyRegistry` is a small HTTP server on loopback before a real registry. It hands every
request on and gives the answer back, unless a test asks for something else: tag lists in
pages, a page that fails, a body that breaks off, an answer of another kind, a link or a
redirection that leads elsewhere, tokens demanded. It also keeps every request it was asked.
"""

import base64
import hashlib
import http.client
import io
import json
import re
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.loopback import Loopback, QuietServer

_HOP_BY_HOP = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})
_TAGS = re.compile(r"/v2/.+/tags/list")
_REPOSITORY = re.compile(r"/v2/(.+)/(?:tags|manifests|blobs)/")
_SERVICE = "registry of the tests"
_PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Request:
    """What the server was asked."""

    method: str
    path: str
    """With its query."""
    headers: Mapping[str, str]
    form: str = ""
    """Its body."""

    @property
    def fields(self) -> Mapping[str, str]:
        return {name: values[-1] for name, values in parse_qs(self.form).items()}

    @property
    def authorization(self) -> str:
        return self.headers.get("Authorization", "")

    @property
    def query(self) -> Mapping[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """What it says."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    announced: int | None = None
    """Content-Length where it is not the body's: then the connection breaks off early."""
    deliver: Callable[[socket.socket, bytes], object] | None = None
    """Sends the bytes of all this, where that is not just done: `tests.support.manners`."""


Fault = Callable[[Answer], Answer]
"""Takes the answer as it would be, and returns the one that is given."""


def failing(status: int, **headers: str) -> Fault:
    """Answer with a status, and nothing else."""
    return lambda _: Answer(status, {name.replace("_", "-"): v for name, v in headers.items()})


def saying(body: bytes) -> Fault:
    """Say something else, with the same status and headers."""
    return lambda answer: replace(answer, body=body)


def stating(**fields: Any) -> Fault:
    """Say something else in some fields of a JSON object."""
    return lambda answer: replace(
        answer, body=json.dumps({**json.loads(answer.body), **fields}).encode()
    )


def cut(answer: Answer) -> Answer:
    """Break off in the middle of the body."""
    return replace(answer, body=answer.body[: len(answer.body) // 2], announced=len(answer.body))


def linking(link: str) -> Fault:
    """Add a ``Link`` header."""
    return heading("Link", link)


def heading(name: str, value: str) -> Fault:
    """Add a header."""
    return lambda answer: replace(answer, headers={**answer.headers, name: value})


def leading(url: str) -> Fault:
    """Redirect, as registries do that keep blobs elsewhere."""
    return failing(307, Location=url)


def waiting(until: threading.Event) -> Fault:
    """Answer only when a test says so."""

    def wait(answer: Answer) -> Answer:
        until.wait(_PATIENCE_S)
        return answer

    return wait


class FaultyRegistry(Loopback):
    """Stands before a real registry.

    Example:
        with FaultyRegistry(registry.url, page_size=2) as faulty:
            faulty.on("GET", r"/tags/list\\?.*last=", failing(500))

    Args:
        upstream: ``http://host:port`` of the real registry.
        page_size: tags a page; 0 gives them all in one, as the real one does.
        absolute_links: whether ``Link`` names the whole URL of the next page.
        etags: whether a tag list has an ETag, and is not given again to who has it. As many
            servers do, it is made of the body alone, and a 304 has the headers of a 200.
        certificate: a PEM file with certificate and key, to speak TLS; None for plain HTTP.
    """

    def __init__(
        self,
        upstream: str,
        *,
        page_size: int = 0,
        absolute_links: bool = False,
        etags: bool = False,
        certificate: Path | None = None,
    ) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self._upstream = urlsplit(upstream).netloc
        self._page_size = page_size
        self._absolute_links = absolute_links
        self._etags = etags
        self._faults: list[tuple[str, re.Pattern[str], Fault]] = []
        self._tokens: dict[str, str] | None = None
        self._credential: tuple[str, str] | None = None
        self._basic = ""
        self._lock = threading.Lock()
        server = _Server(("127.0.0.1", 0), _Handler)
        server.registry = self
        super().__init__(server, certificate)

    def on(self, method: str, pattern: str, fault: Fault) -> None:
        """From now on do ``fault`` to answers whose path matches somewhere."""
        self._faults.append((method, re.compile(pattern), fault))

    def mend(self) -> None:
        """Do no more faults."""
        self._faults.clear()

    def demand_basic(self, username: str, password: str) -> None:
        """Answer only who sends this user and password."""
        self._basic = basic(username, password)

    def demand_tokens(self, credential: tuple[str, str] | None = None) -> None:
        """Answer only who has a token for the repository; all get one, or who has ``credential``.

        The tokens are the server's own (``/token``), and each is good for one repository.
        """
        self._tokens = {}
        self._credential = credential

    def forget_tokens(self) -> None:
        """Accept none of the tokens given so far, as if their time were over."""
        if self._tokens:
            self._tokens.clear()

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens that are good now."""
        return tuple(self._tokens or ())

    def asked(self, method: str, pattern: str) -> list[Request]:
        """Return the requests whose path matches somewhere, in their order."""
        return [r for r in self.requests if r.method == method and re.search(pattern, r.path)]

    def answer(self, request: Request) -> Answer:
        """Return what is said to a request."""
        with self._lock:
            self.requests.append(request)
        answer = self._answer(request)
        for method, pattern, fault in tuple(self._faults):
            if method == request.method and pattern.search(request.path):
                answer = fault(answer)
        return answer

    def _answer(self, request: Request) -> Answer:
        if self._basic and request.authorization != self._basic:
            return Answer(401, {"WWW-Authenticate": 'Basic realm="tests"'})
        if self._tokens is not None:
            if urlsplit(request.path).path == "/token":
                return self._give_token(request, self._tokens)
            scope = _scope(request.path)
            if self._tokens.get(request.authorization.removeprefix("Bearer ")) != scope:
                challenge = f'Bearer realm="{self.url}/token",service="{_SERVICE}",scope="{scope}"'
                return Answer(401, {"WWW-Authenticate": challenge})
        if not _TAGS.match(request.path):
            return self._hand_on(request)
        answer = self._page(request) if self._page_size else self._hand_on(request)
        return _conditional(request, answer) if self._etags else answer

    def _give_token(self, request: Request, tokens: dict[str, str]) -> Answer:
        is_oauth = request.method == "POST"  # docs/content/spec/auth/oauth.md
        asked = request.fields if is_oauth else request.query
        if asked.get("service") != _SERVICE or not asked.get("scope"):
            return Answer(400)
        if self._credential:
            user, password = self._credential
            shown = asked.get("refresh_token", "") if is_oauth else request.authorization
            if shown != (password if is_oauth else basic(user, password)):
                return Answer(401)
        with self._lock:
            token = f"token-{len(tokens)}-of-{self._server.server_port}"
            tokens[token] = asked["scope"]
        said = {"access_token" if is_oauth else "token": token}
        return Answer(200, {"Content-Type": "application/json"}, _json(said))

    def _page(self, request: Request) -> Answer:
        answer = self._hand_on(replace(request, path=urlsplit(request.path).path))
        if answer.status != http.HTTPStatus.OK:
            return answer
        document = json.loads(answer.body)
        last = request.query.get("last", "")
        rest = [tag for tag in sorted(document["tags"]) if tag > last]
        page, headers = rest[: self._page_size], dict(answer.headers)
        if len(rest) > len(page):
            path = f"{urlsplit(request.path).path}?n={self._page_size}&last={page[-1]}"
            where = f"{self.url}{path}" if self._absolute_links else path
            headers["Link"] = f'<{where}>; rel="next"'
        return Answer(200, headers, _json({**document, "tags": page}))

    def _hand_on(self, request: Request) -> Answer:
        sent = {name: request.headers[name] for name in ("Accept",) if name in request.headers}
        if self._tokens is None and not self._basic and request.authorization:
            sent["Authorization"] = request.authorization
        connection = http.client.HTTPConnection(self._upstream, timeout=30)
        try:
            connection.request(request.method, request.path, headers=sent)
            reply = connection.getresponse()
            headers = {n: v for n, v in reply.getheaders() if n.lower() not in _HOP_BY_HOP}
            length = reply.getheader("Content-Length")
            announced = int(length) if request.method == "HEAD" and length else None
            return Answer(reply.status, headers, reply.read(), announced)
        finally:
            connection.close()


class _Server(QuietServer):
    """Threads that end with the tests, and one registry for all of them."""

    registry: FaultyRegistry

    def get_request(self) -> tuple[socket.socket, Any]:
        """Count a connection, and take it."""
        self.registry.connections += 1
        return super().get_request()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        """Say nothing: `FaultyRegistry.requests` has it all."""

    def _serve(self) -> None:
        form = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(self.command, self.path, dict(self.headers), form.decode())
        answer = self.server.registry.answer(request)
        if answer.deliver is None:
            self._write(answer)
            return
        wire, self.wfile = self.wfile, io.BytesIO()
        self._write(answer)
        sent, self.wfile = self.wfile.getvalue(), wire
        self.close_connection = True
        with suppress(OSError):  # the other side has had enough
            answer.deliver(self.connection, sent)

    def _write(self, answer: Answer) -> None:
        length = len(answer.body) if answer.announced is None else answer.announced
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
            self.close_connection = length != len(answer.body)


def basic(username: str, password: str) -> str:
    """Return the ``Authorization`` of a user and password."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


def _conditional(request: Request, answer: Answer) -> Answer:
    if answer.status != http.HTTPStatus.OK:
        return answer
    etag = f'"{hashlib.sha256(answer.body).hexdigest()[:16]}"'
    headers = {**answer.headers, "ETag": etag}
    if request.headers.get("If-None-Match") == etag:
        return Answer(304, headers)
    return replace(answer, headers=headers)


def _scope(path: str) -> str:
    repository = _REPOSITORY.match(path)
    return f"repository:{repository[1] if repository else ''}:metadata_read,pull"


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode()
