"""One registry as a pass asks it: connections, pace, and threads that wait for no other's."""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

from cmp.errors import InvalidInput
from cmp.registry.auth.keychain import Keyring, Wanted
from cmp.registry.auth.reference import Reference, is_for, parse
from cmp.registry.client import RegistryClient
from cmp.registry.configuration import Registry
from cmp.registry.exchange import Exchange, Observer
from cmp.registry.pace import Pace
from cmp.registry.transport import RegistryTransport

CONNECTIONS = 16
_SILENCE_S = 40.0  # longer than a request may take that is not answered
_BUDGET_S = 120.0  # of a pass: the others do not wait longer

Task = Callable[[], object]


class Place:
    """One registry; its threads end with the process, whatever a server does to them."""

    def __init__(self, registry: Registry, pace: Pace, observe: Observer) -> None:
        """Prepare; threads are started as they are needed."""
        self.registry = registry
        self._observe = observe
        self.transport = RegistryTransport(registry, pace, CONNECTIONS, self._heard)
        self._clients: dict[Reference | None, RegistryClient] = {}
        self._lock = threading.Lock()
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._open = 0
        """Tasks that were submitted and have not ended."""
        self._idle = 0
        self._threads = 0
        self._heard_s = self._begun_s = time.monotonic()

    @property
    def host(self) -> str:
        """As in the names of the images it holds."""
        return self.registry.host

    def begin(self) -> None:
        """Begin a pass; what still hangs from the one before is not waited for again."""
        with self._lock:
            if not self._open:
                self._heard_s = self._begun_s = time.monotonic()

    def given_up(self) -> str:
        """Return why nobody waits for it any more in this pass; empty while somebody does."""
        now_s = time.monotonic()
        if now_s - self._heard_s > _SILENCE_S:
            return f"silent for {_SILENCE_S:.0f} s"
        if now_s - self._begun_s > _BUDGET_S:
            return f"not reached within {_BUDGET_S:.0f} s: it goes on in the next pass"
        return ""

    def submit(self, task: Task) -> None:
        """Have a thread run ``task``, which may not raise."""
        with self._lock:
            if not self._open:
                self._heard_s = time.monotonic()
            self._open += 1
            self._tasks.put(task)
            if self._idle < self._tasks.qsize() and self._threads < CONNECTIONS:
                self._threads += 1
                name = f"registry {self.registry.name}"
                threading.Thread(target=self._work, name=name, daemon=True).start()

    def client(self, reference: Reference | None, keyring: Keyring) -> RegistryClient:
        """Return the client with the credentials that ``reference`` names, or its own."""
        with self._lock:
            if reference not in self._clients:
                keychain = self._wanted(reference).keychain(keyring)
                self._clients[reference] = RegistryClient(self.registry, self.transport, keychain)
            return self._clients[reference]

    def close(self) -> None:
        """End; what is under way is not waited for."""
        with self._lock:
            for _ in range(self._threads):
                self._tasks.put(None)
        self.transport.close()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            task = self._tasks.get()
            with self._lock:
                self._idle -= 1
            if task is None:
                return
            try:
                task()
            finally:
                with self._lock:
                    self._open -= 1

    def _heard(self, exchange: Exchange) -> None:
        self._heard_s = time.monotonic()
        self._observe(exchange)

    def _wanted(self, reference: Reference | None) -> Wanted:
        registry = self.registry
        if reference is not None:
            return Wanted(
                reference, self.host, registry.api_url, where="pull-secret", annotated=True
            )
        own, where = None, f"registry {registry.name}: credentials"
        if registry.credentials:
            try:
                own = parse(registry.credentials)
            except InvalidInput as error:
                raise error.within(where) from None
            if not is_for(own, self.host):
                raise InvalidInput(f"they are for {own.registry}, and go nowhere else", where=where)
        return Wanted(own, self.host, registry.api_url, registry.credentials_valid_s, where)
