"""What people told the refresher: where it is kept, and how it is changed.

People write here, and the refresher takes out what has ended. Each change holds only for what
was read before it, so nobody's is lost; past decisions, which only the refresher writes, lie
elsewhere.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from cmp.core.people import Instruction
from cmp.errors import CmpError, IndexTorn
from cmp.index.instruction_document import dump_instructions, load_instructions
from cmp.index.protocols import Store
from cmp.refresh.cluster import Cluster, Conflict, Missing, Object
from cmp.refresh.state import key_of

NAME = "image-cmp-instructions"
"""Of the ConfigMap, in the namespace of Argo CD's control plane."""
_ATTEMPTS = 10
_PAUSE_S = 0.1

Said = Mapping[str, Instruction]
"""Of one Application, by the names that its images have in the history."""
Edit = Callable[[dict[str, Instruction]], Said]


class Read(NamedTuple):
    """What people said of all Applications, as it was read."""

    told: Mapping[str, Said]
    unreadable: Mapping[str, CmpError]

    def of(self, instances: Iterable[str]) -> "Read":
        """Return it by instance, where it stands under a key made of that."""
        keys = {instance: key_of(instance) for instance in instances}
        return Read(
            {i: self.told[key] for i, key in keys.items() if key in self.told},
            {i: self.unreadable[key] for i, key in keys.items() if key in self.unreadable},
        )


class People(Protocol):
    """Where it is kept what people said."""

    def change(self, instance: str, edit: Edit) -> Said:
        """Replace what is said of an Application by what ``edit`` makes of it; return that."""

    def forget(self, instance: str) -> None:
        """Forget all that is said of an Application, readable or not."""


class StorePeople:
    """In the folder of a store, for there is no cluster; whoever changes it holds the store."""

    def __init__(self, store: Store) -> None:
        """Keep it in ``store``."""
        self._store = store

    def read(self, instances: Iterable[str]) -> Read:
        """Return what is said of these Applications."""
        told, unreadable = dict[str, Said](), dict[str, CmpError]()
        for instance in instances:
            try:
                found = self._store.instructions(instance)
            except IndexTorn as error:
                unreadable[instance] = _unreadable(error)
            else:
                if found:
                    told[instance] = found
        return Read(told, unreadable)

    def change(self, instance: str, edit: Edit) -> Said:
        """Replace what is said of an Application by what ``edit`` makes of it; return that."""
        before = self._store.instructions(instance)
        after = edit(dict(before))
        if after != before:
            self._store.put_instructions(instance, after)
        return after

    def forget(self, instance: str) -> None:
        """Forget all that is said of an Application, readable or not."""
        self._store.put_instructions(instance, {})


class ConfigMapPeople:
    """In one ConfigMap, a key for each Application.

    A person may be given the right to write it, and none to the state that the refresher keeps.
    """

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        """Prepare; it is created when there is something to say, or by `ensure`."""
        self._cluster = cluster
        self._folder = f"/api/v1/namespaces/{namespace}/configmaps"
        self._namespace = namespace

    def ensure(self) -> None:
        """Create it where it is not there, so that people need no right to."""
        try:
            self._cluster.get(f"{self._folder}/{NAME}")
        except Missing:
            self._create()

    def change(self, instance: str, edit: Edit) -> Said:
        """Replace what is said of an Application by what ``edit`` makes of it; return that.

        Raises `Conflict` when others write all the time, `IndexTorn` for what is not ours.
        """
        key = key_of(instance)

        def edited(data: Mapping[str, str]) -> tuple[str | None, Said]:
            before = _load(key, data[key]) if key in data else {}
            after = edit(dict(before))
            return dump_instructions(after).decode() if after else None, after

        return self._write(key, edited)

    def forget(self, instance: str) -> None:
        """Forget all that is said of an Application, readable or not."""
        self._write(key_of(instance), lambda _: (None, {}))

    def _write(
        self, key: str, edited: Callable[[Mapping[str, str]], tuple[str | None, Said]]
    ) -> Said:
        failure: Conflict | None = None
        for _ in range(_ATTEMPTS):
            try:
                found = self._cluster.get(f"{self._folder}/{NAME}")
            except Missing:
                found = self._create()
            data = found.get("data") or {}
            text, after = edited(data)
            if text == data.get(key):
                return after
            version = found["metadata"]["resourceVersion"]
            body = {"metadata": {"resourceVersion": version}, "data": {key: text}}
            try:
                self._cluster.merge(f"{self._folder}/{NAME}", body)
            except Conflict as error:
                failure = error
                time.sleep(_PAUSE_S)
            else:
                return after
        raise failure or AssertionError("no attempt was made")

    def _create(self) -> Object:
        labels = {"app.kubernetes.io/managed-by": "image-cmp-refresher"}
        metadata = {"name": NAME, "namespace": self._namespace, "labels": labels}
        manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        try:
            return self._cluster.create(self._folder, manifest)
        except Conflict:  # somebody else was faster
            return self._cluster.get(f"{self._folder}/{NAME}")


def parse_people(manifest: Object) -> Read:
    """Read the ConfigMap; what cannot be read of one Application does not touch the others."""
    told, unreadable = dict[str, Said](), dict[str, CmpError]()
    for key, text in (manifest.get("data") or {}).items():
        try:
            told[key] = _load(key, text)
        except CmpError as error:
            unreadable[key] = _unreadable(error)
    return Read(told, unreadable)


def without(ended: Said) -> Edit:
    """Return an edit that takes out what has ended, unless somebody said something new."""
    return lambda told: {n: said for n, said in told.items() if ended.get(n) != said}


def _load(key: str, text: str) -> Said:
    return load_instructions(text.encode(), where=f"ConfigMap {NAME}: {key}")


def _unreadable(error: CmpError) -> CmpError:
    error.message = (
        "what people said of it cannot be read, so nothing is decided for it; "
        f"say `release`, and then what is to hold ({error.message})"
    )
    return error
