"""The state that must survive: past decisions, and what Argo CD was told of them.

On one machine it lies in the store's folder; in a cluster in ConfigMaps, which an index that
is lost is built anew from.
"""

import json
import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from cmp.core.record import History
from cmp.errors import IndexTorn
from cmp.index.documents import dump_history, load_history
from cmp.index.protocols import Store
from cmp.refresh.cluster import Cluster, ClusterFailed, Missing
from cmp.refresh.wanted import Told

log = logging.getLogger(__name__)

SHARDS = 32
"""As many ConfigMaps as kustomize/refresher/role.yaml names."""
_MOST_BYTES = 900 * 1024  # of a ConfigMap; the API server takes a MiB
_PREFIX = "image-cmp-state-"


class State(Protocol):
    """Where past decisions are kept."""

    def history(self, instance: str) -> History:
        """Return an Application's past decisions; empty when there are none."""

    def put_histories(self, histories: Mapping[str, History]) -> None:
        """Replace the past decisions of some Applications, by instance."""


class StoreState:
    """The state in the folder of a store, for there is no cluster."""

    def __init__(self, store: Store) -> None:
        """Keep it in ``store``."""
        self._store = store

    def history(self, instance: str) -> History:
        """Return an Application's past decisions; empty when there are none."""
        return self._store.history(instance)

    def put_histories(self, histories: Mapping[str, History]) -> None:
        """Replace the past decisions of some Applications, by instance."""
        for instance, history in histories.items():
            self._store.put_history(instance, history)


class ConfigMapState:
    """The state in ConfigMaps ``image-cmp-state-<n>``, each under 900 KiB.

    An Application stays in the ConfigMap it is in; a new one goes to the first with room.
    One writer at a time; it may be read by other threads.
    """

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        """Prepare; `load` reads what there is."""
        self._cluster = cluster
        self._path = f"/api/v1/namespaces/{namespace}/configmaps"
        self._namespace = namespace
        self._lock = threading.Lock()
        self._documents: list[dict[str, str]] = [{} for _ in range(SHARDS)]
        self._unsaved: set[str] = set()
        self._told: dict[str, Told] = {}

    def load(self) -> None:
        """Read all of it; raise `ClusterFailed` when that cannot be done."""
        found = [self._read(number) for number in range(SHARDS)]
        with self._lock:
            self._documents = found
            self._unsaved.clear()
            self._told.clear()
            for document in found:
                for instance, text in document.items():
                    with suppress(ValueError, KeyError, TypeError, AttributeError):
                        told = json.loads(text)["told"]
                        self._told[instance] = Told(
                            str(told["decisions"]), str(told["policy"]), dict(told["images"])
                        )

    def history(self, instance: str) -> History:
        """Return an Application's past decisions; empty when there are none."""
        with self._lock:
            text = self._text(instance)
        return load_history(text.encode(), where=f"{_PREFIX}… {instance}") if text else {}

    def put_histories(self, histories: Mapping[str, History]) -> None:
        """Replace the past decisions of some Applications, and save.

        Raises `ClusterFailed` when they could not be saved; they are, with the next that can.
        """
        with self._lock:
            for instance, history in histories.items():
                self._put(instance, history)
        self.save()

    def told(self, instance: str) -> Told | None:
        """Return what Argo CD was told of an Application; None when that is not known."""
        with self._lock:
            return self._told.get(instance)

    def put_told(self, instance: str, told: Told) -> None:
        """Remember what Argo CD was told; `save` makes it last."""
        history: History = {}
        with suppress(IndexTorn):
            history = self.history(instance)
        with self._lock:
            self._told[instance] = told
            self._put(instance, history)

    def save(self) -> None:
        """Write what was not written yet, one request for each ConfigMap that is concerned."""
        with self._lock:
            changed = [
                (number, {i: document[i] for i in self._unsaved & document.keys()})
                for number, document in enumerate(self._documents)
            ]
        for number, data in changed:
            if data:
                self._write(number, data)
                with self._lock:
                    current = self._documents[number]
                    self._unsaved -= {i for i, text in data.items() if current.get(i) == text}

    def _text(self, instance: str) -> str:
        return next((d[instance] for d in self._documents if instance in d), "")

    def _put(self, instance: str, history: History) -> None:
        document = json.loads(dump_history(history))
        if told := self._told.get(instance):
            images = dict(told.images)
            document["told"] = {
                "decisions": told.decisions,
                "policy": told.policy,
                "images": images,
            }
        text = json.dumps(document, separators=(",", ":"))
        shard = self._shard(instance, len(text))
        if shard.get(instance) != text:
            shard[instance] = text
            self._unsaved.add(instance)

    def _shard(self, instance: str, size: int) -> dict[str, str]:
        for document in self._documents:
            if instance in document:
                return document
        for document in self._documents:
            if _size(document) + size < _MOST_BYTES:
                return document
        raise ClusterFailed(
            f"the {SHARDS} ConfigMaps of the state are full; "
            "remove from them Applications that are no more",
            where=self._path,
        )

    def _read(self, number: int) -> dict[str, str]:
        try:
            found = self._cluster.get(f"{self._path}/{_PREFIX}{number}")
        except Missing:
            return {}
        return {str(name): str(text) for name, text in (found.get("data") or {}).items()}

    def _write(self, number: int, data: Mapping[str, str]) -> None:
        name = f"{_PREFIX}{number}"
        try:
            self._cluster.merge(f"{self._path}/{name}", {"data": data})
        except Missing:
            with self._lock:
                whole = dict(self._documents[number])
            labels = {"app.kubernetes.io/managed-by": "image-cmp-refresher"}
            metadata = {"name": name, "namespace": self._namespace, "labels": labels}
            manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
            self._cluster.create(self._path, {**manifest, "data": whole})


def _size(documents: Mapping[str, str]) -> int:
    return sum(len(name) + len(text) + 8 for name, text in documents.items())
