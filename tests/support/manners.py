"""More that a registry may do to its clients: faults for a `FaultyRegistry` that take time.

They are done to the answers of a real registry, as `tests.support.faults` does the others.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.support.faults import Answer, Fault, failing

_MEBIBYTE = b" " * (1 << 20)


class Budget:
    """Takes so many requests a second and refuses the others: a token bucket.

    Args:
        rate: requests a second that it has room for.
        burst: how many at once.
        headers: of the refusals, such as ``Retry_After``.
    """

    def __init__(self, rate: float, burst: int, **headers: str) -> None:
        self.given = 0
        self.refused = 0
        self._rate = rate
        self._burst = burst
        self._refusal = failing(429, **headers)
        self._left = float(burst)
        self._at_s = time.monotonic()
        self._lock = threading.Lock()

    def __call__(self, answer: Answer) -> Answer:
        with self._lock:
            now_s = time.monotonic()
            self._left = min(self._burst, self._left + (now_s - self._at_s) * self._rate)
            self._at_s = now_s
            if self._left < 1:
                self.refused += 1
                return self._refusal(answer)
            self._left -= 1
            self.given += 1
            return answer


def times(count: int, fault: Fault) -> Fault:
    """Do ``fault`` to the first ``count`` answers only."""
    left = iter(range(count))
    return lambda answer: answer if next(left, None) is None else fault(answer)


def after(count: int, fault: Fault) -> Fault:
    """Do ``fault`` to all answers but the first ``count``."""
    left = iter(range(count))
    return lambda answer: fault(answer) if next(left, None) is None else answer


def silent(until: threading.Event) -> Fault:
    """Take the request and never answer; ``until`` lets the thread go."""
    return lambda answer: replace(answer, deliver=lambda *_: until.wait(60))


def reset_in_headers(answer: Answer) -> Answer:
    """Reset the connection in the midst of the headers."""
    return replace(answer, deliver=lambda wire, sent: _reset(wire, sent[:40]))


def reset_in_body(answer: Answer) -> Answer:
    """Reset the connection in the midst of the body."""

    def deliver(wire: socket.socket, sent: bytes) -> None:
        _reset(wire, sent[: -len(answer.body) // 2])

    return replace(answer, deliver=deliver)


def trickling(pause_s: float) -> Fault:
    """Send the headers, and the body a byte at a time, until the other side has enough."""

    def deliver(wire: socket.socket, sent: bytes) -> None:
        head, _, body = sent.partition(b"\r\n\r\n")
        wire.sendall(head + b"\r\n\r\n")
        for byte in body:
            wire.sendall(bytes([byte]))
            time.sleep(pause_s)

    return lambda answer: replace(answer, deliver=deliver)


class Flood:
    """Send a body of so many mebibytes, and count what the other side lets through."""

    def __init__(self, mebibytes: int) -> None:
        self.sent = 0
        self.ended = threading.Event()
        self._mebibytes = mebibytes

    def __call__(self, answer: Answer) -> Answer:
        return replace(answer, announced=self._mebibytes << 20, deliver=self._deliver)

    def _deliver(self, wire: socket.socket, sent: bytes) -> None:
        try:
            wire.sendall(sent.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
            for _ in range(self._mebibytes):
                wire.sendall(_MEBIBYTE)
                self.sent += len(_MEBIBYTE)
        finally:
            self.ended.set()


def doing(act: Callable[[], object]) -> Fault:
    """Do something else meanwhile, and answer as always."""

    def done(answer: Answer) -> Answer:
        act()
        return answer

    return done


@contextmanager
def deaf() -> Iterator[str]:
    """Listen and never take a connection; yield ``http://host:port``.

    The kernel takes it: to a client it is one that accepts, and says nothing.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def _reset(wire: socket.socket, sent: bytes) -> None:
    wire.sendall(sent)
    time.sleep(0.02)  # it would overtake what was sent
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.close()
