"""HTTP servers of our own on loopback, each on a free port for as long as a test needs it."""

import ssl
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class QuietServer(ThreadingHTTPServer):
    """Threads that end with the tests, and say nothing of clients that are gone."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Be silent where a client went away or does not trust us: that is what some tests do."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Loopback:
    """A server in a thread of its own, from the beginning of a with block to its end."""

    def __init__(self, server: ThreadingHTTPServer, certificate: Path | None = None) -> None:
        """Take a server; with a PEM file of certificate and key it speaks TLS."""
        self._server = server
        self._scheme = "http"
        if certificate:
            self._scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            # The handshake is for the connection's own thread: none may hold up the others.
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,))

    @property
    def host(self) -> str:
        """``127.0.0.1:PORT``."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``, or ``https://``."""
        return f"{self._scheme}://{self.host}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
