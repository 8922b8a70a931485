"""A proxy on loopback that lets every request wait, as a network would."""

import asyncio
import threading
from typing import Self

LATENCY_S = 0.02


class SlowRoad:
    """Passes on bytes of any number of connections, what clients say after a while.

    A client of HTTP/1.1 that sends one request after the other sends each in one piece.
    """

    def __init__(self, host: str, port: int) -> None:
        self.requests = 0
        self.port = 0
        self._upstream = (host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Near(self), "127.0.0.1", 0)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def connect(self, near: "_Near") -> "asyncio.Task[object]":
        return self._loop.create_task(
            self._loop.create_connection(lambda: _Far(near), *self._upstream)
        )

    def later(self, near: "_Near", data: bytes) -> None:
        self.requests += 1
        self._loop.call_later(LATENCY_S, near.hand_on, data)


class _Near(asyncio.Protocol):
    """The client's side of a connection."""

    def __init__(self, road: SlowRoad) -> None:
        self._road = road
        self.client: asyncio.Transport | None = None
        self.server: asyncio.Transport | None = None
        self._connecting: asyncio.Task[object] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.client = transport
        self._connecting = self._road.connect(self)

    def data_received(self, data: bytes) -> None:
        self._road.later(self, data)

    def hand_on(self, data: bytes) -> None:
        if self.server is not None:
            self.server.write(data)
        elif self._connecting is not None:  # the server is still farther away than we are
            self._connecting.add_done_callback(lambda _: self.hand_on(data))

    def connection_lost(self, *_: object) -> None:
        if self.server is not None:
            self.server.close()


class _Far(asyncio.Protocol):
    """The server's side."""

    def __init__(self, near: _Near) -> None:
        self._near = near

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._near.server = transport

    def data_received(self, data: bytes) -> None:
        if self._near.client is not None:
            self._near.client.write(data)

    def connection_lost(self, *_: object) -> None:
        if self._near.client is not None:
            self._near.client.close()
