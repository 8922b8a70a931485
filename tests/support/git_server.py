"""Real Git over HTTP: git's own http-backend, behind a server of ours that knows who asks."""

import base64
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from tests.support.loopback import Loopback, QuietServer

_CHUNK = 64 * 1024


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    authorization: str


class Reply(NamedTuple):
    """An answer of what stands beside Git on the same origin."""

    status: int
    document: object
    headers: Mapping[str, str] = {}


Beside = Callable[[Asked, Mapping[str, str], bytes], Reply]


class GitServer(Loopback):
    """Serves the bare repositories of a folder to those who know the password.

    Example:
        with GitServer(tmp_path, {"robot": "s3cret"}) as server:
            git(folder, "clone", f"{server.url}/team/app.git")

    Args:
        root: the folder.
        users: user and password; empty for everybody.
        bearer: a token that opens too.
        certificate: for TLS.
        may_write: whether a user may push.
    """

    def __init__(
        self,
        root: Path,
        users: Mapping[str, str],
        *,
        bearer: str = "",
        certificate: Path | None = None,
        may_write: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self.root = root
        self.users = dict(users)
        self.bearer = bearer
        self.may_write = may_write
        self.asked: list[Asked] = []
        self.redirects: dict[str, str] = {}
        """A path's beginning to where it is sent."""
        self.redirects_users = False
        """Send only those elsewhere who have said who they are."""
        self.fails_with: HTTPStatus | None = None
        self.beside: dict[str, Beside] = {}
        """A path's beginning to who answers there in Git's place."""
        self.after_push: Callable[[], None] = lambda: None
        """Is called when a push has been taken, and before the client is told."""
        server = _Server(("127.0.0.1", 0), _Handler)
        server.git = self
        super().__init__(server, certificate)

    def user(self, authorization: str) -> str:
        """Return who sends this header; empty for nobody."""
        kind, _, value = authorization.partition(" ")
        if kind == "Bearer" and self.bearer and value == self.bearer:
            return "bearer"
        if kind != "Basic":
            return ""
        name, _, password = base64.b64decode(value).decode().partition(":")
        return name if self.users.get(name) == password else ""

    def pushes(self) -> int:
        """Return how many packs were pushed by somebody with a credential."""
        return sum(
            one.method == "POST" and one.path.endswith("receive-pack") and bool(one.authorization)
            for one in self.asked
        )


class _Server(QuietServer):
    git: GitServer


class _Handler(BaseHTTPRequestHandler):
    """Speaks CGI to git http-backend."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self._body())

    do_PATCH = do_PUT = do_POST  # noqa: N815 - the names are the methods'

    def log_message(self, *_: object) -> None:
        """Say nothing: `GitServer.asked` has it all."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        parts = []
        while size := int(self.rfile.readline().strip() or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, body: bytes) -> None:
        git = self.server.git
        authorization = self.headers.get("Authorization", "")
        asked = Asked(self.command, self.path, authorization)
        for begin, beside in git.beside.items():
            if self.path.startswith(begin):
                reply = beside(asked, dict(self.headers.items()), body)
                content = json.dumps(reply.document).encode()
                self._reply(HTTPStatus(reply.status), reply.headers, content)
                return
        git.asked.append(asked)
        for begin, target in git.redirects.items():
            if self.path.startswith(begin) and (authorization or not git.redirects_users):
                location = target + self.path.removeprefix(begin)
                self._reply(HTTPStatus.MOVED_PERMANENTLY, {"Location": location})
                return
        if git.fails_with:
            self._reply(git.fails_with, {})
            return
        user = git.user(authorization)
        if (git.users or git.bearer) and not user:
            self._reply(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Basic realm="git"'})
            return
        if "git-receive-pack" in self.path and not git.may_write(user):
            self._reply(HTTPStatus.FORBIDDEN, {})
            return
        headers, content = self._backend(user or "anonymous", body)
        if self.command == "POST" and self.path.endswith("git-receive-pack"):
            git.after_push()
        self._reply(HTTPStatus.OK, headers, content)

    def _backend(self, user: str, body: bytes) -> tuple[Mapping[str, str], bytes]:
        url = urlsplit(self.path)
        if self.headers.get("Content-Encoding"):
            encoding = {"HTTP_CONTENT_ENCODING": self.headers["Content-Encoding"]}
        else:
            encoding = {}
        done = subprocess.run(
            ["git", "http-backend"],
            env={
                "PATH": os.defpath,
                "GIT_PROJECT_ROOT": str(self.server.git.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "REQUEST_METHOD": self.command,
                "PATH_INFO": url.path,
                "QUERY_STRING": url.query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "REMOTE_USER": user,
                "REMOTE_ADDR": "127.0.0.1",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                **encoding,
            },
            input=body,
            capture_output=True,
            check=False,
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        lines = (line.partition(": ") for line in head.decode().split("\r\n"))
        return {name: value for name, _, value in lines if name}, content

    def _reply(self, status: HTTPStatus, headers: Mapping[str, str], content: bytes = b"") -> None:
        told = headers.get("Status", "")
        self.send_response(int(told.split()[0]) if told else status)
        for name, value in headers.items():
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Competitor:
    """Somebody else, who pushes to the same branch all the time."""

    def __init__(self, push: Callable[[int], None], every_s: float) -> None:
        """``push`` is given the number of the push, from 1 on."""
        self._push = push
        self._every_s = every_s
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.pushed = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            began_s = time.monotonic()
            self._push(self.pushed + 1)
            self.pushed += 1
            self._ending.wait(max(0.0, began_s + self._every_s - time.monotonic()))
