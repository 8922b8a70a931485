"""A connection to Redis, and who of several may write: ``image-cmp:writer`` has who does."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from uuid import uuid4

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry

from cmp.errors import IndexUnavailable, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from redis.client import Pipeline

    from cmp.index.redis_address import Address

    _T = TypeVar("_T")

PREFIX = "image-cmp:"
"""Of all keys: an ACL can give just these."""
_WRITER = f"{PREFIX}writer"
_TIMEOUT_S = 5.0
_RETRIES = 2
_WRITER_S = 10
"""How long a writer that died keeps others from writing."""


class RedisConnection:
    """One user of one Redis; what goes wrong there is `IndexUnavailable`."""

    def __init__(self, address: Address) -> None:
        """Prepare; nothing is asked before the first call. Raises `InvalidInput`."""
        self._address = address
        self._token = ""
        self.url = address.url
        try:
            self.client = redis.Redis.from_url(
                address.url,
                **address.options,
                socket_timeout=_TIMEOUT_S,
                socket_connect_timeout=_TIMEOUT_S,
                health_check_interval=30,
                client_name="image-cmp",
                retry=Retry(ExponentialWithJitterBackoff(cap=1, base=0.1), _RETRIES),
                retry_on_error=[redis.BusyLoadingError, redis.ConnectionError, redis.TimeoutError],
            )
        except (ValueError, redis.RedisError) as error:
            raise InvalidInput(f"{error}", where=address.url) from None

    def asked(self, ask: Callable[[], _T]) -> _T:
        """Return what ``ask`` does; raise `IndexUnavailable` where Redis fails."""
        try:
            return ask()
        except redis.RedisError as error:
            raise IndexUnavailable(
                f"{self._address.without_secrets(error)}; is it there, and may we use it?",
                where=self.url,
            ) from None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the one that writes; raise `IndexUnavailable` when another is.

        Should this process stall for so long that another takes over, its writes fail.
        """
        token = uuid4().hex
        milliseconds = _WRITER_S * 1000
        if not self.asked(lambda: self.client.set(_WRITER, token, nx=True, px=milliseconds)):
            raise IndexUnavailable(
                "another refresher is writing here; wait for it or stop it", where=self.url
            )
        self._token = token
        done = threading.Event()
        renewal = threading.Thread(target=self._renew, args=(done,), name="writer", daemon=True)
        renewal.start()
        try:
            yield
        finally:
            done.set()
            renewal.join()
            with suppress(IndexUnavailable):  # it ends by itself
                self.transact(lambda pipe: pipe.delete(_WRITER))
            self._token = ""

    def transact(self, command: Callable[[Pipeline], object]) -> None:
        """Run commands as one, if we are still the one that writes.

        Where nobody is, as when Redis has lost everything, we are again.
        """

        def guarded(pipe: Pipeline) -> None:
            found = pipe.get(_WRITER)
            writer = found.decode(errors="replace") if isinstance(found, bytes) else self._token
            if self._token and writer != self._token:
                raise IndexUnavailable(
                    "another refresher has taken over, so nothing was written", where=self.url
                )
            pipe.multi()
            if self._token:
                pipe.set(_WRITER, self._token, ex=_WRITER_S)
            command(pipe)

        self.asked(lambda: self.client.transaction(guarded, _WRITER))

    def _renew(self, done: threading.Event) -> None:
        while not done.wait(_WRITER_S / 3):
            try:
                self.transact(lambda _: None)
            except IndexUnavailable:
                continue  # the next write says why
