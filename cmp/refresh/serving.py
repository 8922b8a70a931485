"""Serving HTTP: a WSGI application on an address, in threads of its own, until it is closed."""

import logging
import socket
import threading
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from waitress import create_server
from waitress.wasyncore import close_all

from cmp.errors import InvalidInput
from cmp.refresh.address import Address

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger(__name__)

LARGEST_BODY = 1024 * 1024
"""As argocd-image-updater: of any sender's payload it is a hundredfold."""
_LARGEST_HEADERS = 16 * 1024
_IDLE_S = 10
"""Who sends nothing for so long is cut off; it kept no thread busy."""
_CONNECTIONS = 500
_THREADS = 4
_END_WITHIN_S = 5.0


class Server:
    """One application, from its start to `close`.

    A request is read by one thread for all, and has one of its own from when it is whole: who
    sends slowly, or nothing, holds up nobody.
    """

    def __init__(self, what: str, application: "WSGIApplication", address: Address) -> None:
        """Listen; raise `InvalidInput` where that is not possible."""
        logging.getLogger("waitress").setLevel(logging.ERROR)  # it warns of each queued request
        self._map: dict[int, Any] = {}
        listening = _listening(address, what)
        self._server = create_server(
            application,
            map=self._map,
            sockets=[listening],
            threads=_THREADS,
            connection_limit=_CONNECTIONS,
            channel_timeout=_IDLE_S,
            cleanup_interval=_IDLE_S // 2,
            max_request_body_size=LARGEST_BODY,
            max_request_header_size=_LARGEST_HEADERS,
            asyncore_use_poll=True,
            ident="",
        )
        self.host, self.port = listening.getsockname()[:2]
        self._thread = threading.Thread(target=self._server.run, name=what, daemon=True)
        self._thread.start()
        log.info("serving", extra={"what": what, "address": f"{self.host}:{self.port}"})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish the requests that are being answered, and end; again, do nothing."""
        if not self._map:
            return
        self._server.task_dispatcher.shutdown(timeout=_END_WITHIN_S)
        # In the thread that looks at the connections, for it may not find one gone.
        self._server.trigger.pull_trigger(partial(close_all, self._map))
        self._thread.join(_END_WITHIN_S)


def _listening(address: Address, what: str) -> socket.socket:
    is_6 = ":" in address.host
    try:
        return socket.create_server(
            address,
            family=socket.AF_INET6 if is_6 else socket.AF_INET,
            dualstack_ipv6=address.host == "::",
        )
    except OSError as error:
        raise InvalidInput(
            f"cannot listen at {address.host}:{address.port}: {error.strerror or error}",
            where=what,
        ) from None
