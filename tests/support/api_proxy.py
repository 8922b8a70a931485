"""A proxy before a real API server, for what that will not do when a test wants it.

It hands every request on and gives the answer back as it comes, so that watches work; unless
a test has it fail, say something else, or do something before or after.
"""

import http.client
import json
import re
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from tests.support.faults import Answer, Request
from tests.support.loopback import Loopback, QuietServer

_SENT = ("Accept", "Authorization", "Content-Type")
_DROPPED = frozenset({"connection", "content-length", "date", "transfer-encoding"})


@dataclass(slots=True)
class Rule:
    """What is done to requests whose path and body match somewhere."""

    method: str
    pattern: re.Pattern[str]
    answer: Answer | None = None
    """Given instead of the API server's."""
    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None
    """Called when the API server has done it, and before its answer is given."""
    times: int = 1_000_000
    """As often, and no more."""


def expired() -> Answer:
    """Answer a watch as an API server does that does not remember the version."""
    status = {"kind": "Status", "code": 410, "message": "too old resource version"}
    return Answer(200, body=json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")


class ApiProxy(Loopback):
    """Stands before a real API server, without TLS.

    Example:
        with ApiProxy(kubernetes.url, kubernetes.ca) as proxy:
            proxy.on("PATCH", "/applications/", answer=Answer(500), times=3)
    """

    def __init__(self, upstream: str, ca: Path) -> None:
        self.requests: list[Request] = []
        self._upstream = urlsplit(upstream).netloc
        self._context = ssl.create_default_context(cafile=str(ca))
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        server = _Server(("127.0.0.1", 0), _Handler)
        server.proxy = self
        super().__init__(server)
        self._open: set[http.client.HTTPConnection] = set()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.break_watches()
        super().__exit__(kind, error, traceback)

    def on(
        self,
        method: str,
        pattern: str,
        *,
        answer: Answer | None = None,
        before: Callable[[], object] | None = None,
        after: Callable[[], object] | None = None,
        times: int = 1_000_000,
    ) -> None:
        """From now on do this to requests whose path, or path and body, match somewhere."""
        rule = Rule(method, re.compile(pattern, re.DOTALL), answer, before, after, times)
        with self._lock:
            self._rules.append(rule)

    def mend(self) -> None:
        """Do no more of it."""
        with self._lock:
            self._rules.clear()

    def break_watches(self) -> None:
        """Cut all that is being answered, as a load balancer that restarts."""
        with self._lock:
            connections = tuple(self._open)
        for connection in connections:
            with suppress(OSError, AttributeError):
                connection.sock.shutdown(2)

    def asked(self, method: str, pattern: str) -> list[Request]:
        """Return the requests whose path matches somewhere, in their order."""
        return [r for r in self.requests if r.method == method and re.search(pattern, r.path)]

    def rule(self, request: Request, body: bytes) -> Rule | None:
        """Return what is to be done to a request, which is counted."""
        with self._lock:
            self.requests.append(request)
            for rule in self._rules:
                text = f"{request.path} {body.decode()}"
                if rule.times and rule.method == request.method and rule.pattern.search(text):
                    rule.times -= 1
                    return rule
        return None

    def hand_on(self, request: Request, body: bytes, give: "_Handler") -> None:
        """Ask the API server, and give its answer piece by piece."""
        connection = http.client.HTTPSConnection(self._upstream, context=self._context)
        with self._lock:
            self._open.add(connection)
        try:
            headers = {n: v for n, v in request.headers.items() if n.title() in _SENT}
            connection.request(request.method, request.path, body or None, headers)
            reply = connection.getresponse()
            give.begin(reply)
            while piece := reply.read1():
                give.piece(piece)
            give.end()
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()


class _Server(QuietServer):
    proxy: ApiProxy


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        """Say nothing: `ApiProxy.requests` has it all."""

    def begin(self, reply: http.client.HTTPResponse) -> None:
        """Give status and headers."""
        self._after()
        self.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in _DROPPED:
                self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def piece(self, content: bytes) -> None:
        """Give some of the body."""
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")

    def end(self) -> None:
        """Give no more."""
        self.wfile.write(b"0\r\n\r\n")

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(self.command, self.path, dict(self.headers))
        rule = self.server.proxy.rule(request, body)
        self._after: Callable[[], object] = (rule and rule.after) or _nothing
        # Whoever asked may be gone; that is what some tests are for.
        with suppress(OSError, http.client.HTTPException, ValueError):
            if rule and rule.before:
                rule.before()
            if rule and rule.answer:
                self._give(rule.answer)
            else:
                self.server.proxy.hand_on(request, body, self)
            return
        self.close_connection = True

    def _give(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)


def _nothing() -> None:
    pass
