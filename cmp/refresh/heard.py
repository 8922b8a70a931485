"""What people say, heard as they say it, and taken out once it has ended."""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from cmp.core.people import ROLLBACK, Instruction
from cmp.errors import CmpError
from cmp.refresh.cluster import Cluster
from cmp.refresh.people import NAME, ConfigMapPeople, Read, Said, parse_people, without
from cmp.refresh.state import key_of
from cmp.refresh.watched import Kind, Watched

log = logging.getLogger(__name__)

_NOTHING = Read({}, {})


class Heard:
    """People's ConfigMap, as it is now.

    ``changed`` is called, from another thread, with a test for the instances of which something
    else is said than before.
    """

    def __init__(
        self, cluster: Cluster, namespace: str, changed: Callable[[Callable[[str], bool]], object]
    ) -> None:
        """Prepare; `start` begins to listen."""
        self._changed = changed
        self._people = ConfigMapPeople(cluster, namespace)
        self._name = (namespace, NAME)
        self._lock = threading.Lock()
        self._before = _NOTHING
        self._watched = Watched[Read](
            cluster,
            Kind("configmaps", "/api/v1", NAME),
            (namespace,),
            parse_people,
            lambda _: self._hear(),
        )
        self.start = self._watched.start
        self.stop = self._watched.stop
        self.ensure = self._people.ensure

    @property
    def is_ready(self) -> bool:
        """Tell whether it was read once: what is decided before that could undo a pin."""
        return self._watched.is_ready

    def of(self, instances: Iterable[str]) -> Read:
        """Return what is said of these Applications."""
        return (self._watched.get(self._name) or _NOTHING).of(instances)

    def end(self, ended: Mapping[str, Said]) -> None:
        """Take out what has ended; what cannot be now is with the next pass."""
        for instance, told in ended.items():
            if self._write(partial(self._people.change, instance, without(told))):
                log.info("instruction ended", extra={"application": instance, "of": [*told]})

    def add(self, instance: str, found: Mapping[str, Instruction]) -> bool:
        """Say something for a person, who said it to Argo CD, where nobody said anything else."""
        return self._write(lambda: self._people.change(instance, lambda told: {**found, **told}))

    def correct(self, instance: str, found: Mapping[str, Instruction]) -> bool:
        """Say something in place of rollbacks that were said before; all else stays."""

        def edit(told: dict[str, Instruction]) -> Said:
            own = {n: s for n, s in found.items() if n not in told or told[n].kind == ROLLBACK}
            return {**told, **own}

        return self._write(lambda: self._people.change(instance, edit))

    def forget(self, instances: Iterable[str]) -> None:
        """Let go of what was said of Applications that are no more."""
        said = self._watched.get(self._name) or _NOTHING
        for key in {key_of(instance) for instance in instances}:
            if key in said.told or key in said.unreadable:
                self._write(partial(self._people.forget, key))

    def _write(self, write: Callable[[], object]) -> bool:
        try:
            write()
        except CmpError as error:
            log.warning("instructions not written", extra={"reason": error})
            return False
        return True

    def _hear(self) -> None:
        with self._lock:
            before, self._before = self._before, self._watched.get(self._name) or _NOTHING
            after = self._before

        def is_other(instance: str) -> bool:
            key = key_of(instance)
            same = before.told.get(key) == after.told.get(key)
            return not same or (key in before.unreadable) != (key in after.unreadable)

        self._changed(is_other)
