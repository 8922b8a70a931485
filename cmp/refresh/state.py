"""The state that must survive: past decisions, and what Argo CD was told of them.

On one machine it lies in the store's folder; in a cluster in ConfigMaps, which an index that
is lost is built anew from.
"""

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Protocol

from cmp.core.record import History
from cmp.errors import IndexTorn
from cmp.index.documents import dump_history, load_history
from cmp.index.protocols import Store
from cmp.refresh.cluster import Cluster, ClusterFailed, Missing
from cmp.refresh.wanted import Told

SHARDS = 32
"""As many ConfigMaps as kustomize/refresher/role.yaml names."""
_MOST_BYTES = 900 * 1024  # of a ConfigMap; the API server takes a MiB
_PREFIX = "image-cmp-state-"
_LONGEST_KEY = 253
_TOOLS = "_tools"
"""No Application has this name: theirs begin with a letter or a digit."""


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


class CopiedState:
    """The state, with a copy of past decisions in the store, where `explain` reads them."""

    def __init__(self, state: State, store: Store) -> None:
        """Keep ``state``, and the copy in ``store``."""
        self._state = state
        self._store = store

    def history(self, instance: str) -> History:
        """Return an Application's past decisions; empty when there are none."""
        return self._state.history(instance)

    def put_histories(self, histories: Mapping[str, History]) -> None:
        """Replace the past decisions of some Applications, by instance."""
        self._state.put_histories(histories)
        for instance, history in histories.items():
            self._store.put_history(instance, history)


class ConfigMapState:
    """The state in ConfigMaps ``image-cmp-state-<n>``, each under 900 KiB.

    An Application stays in the ConfigMap it is in while it fits; a new one goes to the first
    with room. There is one writer at a time; several of its threads may call.
    """

    def __init__(self, cluster: Cluster, namespace: str, shards: int = SHARDS) -> None:
        """Prepare for so many ConfigMaps; `load` reads what there is."""
        self._cluster = cluster
        self._path = f"/api/v1/namespaces/{namespace}/configmaps"
        self._namespace = namespace
        self._lock = threading.Lock()
        self._saving = threading.Lock()
        self._texts: dict[str, str] = {}
        self._shards: dict[str, int] = {}
        self._sizes = [0] * shards
        self._unsaved: set[tuple[int, str]] = set()
        self._told: dict[str, Told] = {}

    def load(self) -> None:
        """Read all of it; raise `ClusterFailed` when that cannot be done."""
        found = [self._read(number) for number in range(len(self._sizes))]
        with self._lock:
            for number, data in enumerate(found):
                for key, text in data.items():
                    known = self._shards.get(key)
                    if known is None or _newest(self._texts[key]) < _newest(text):
                        self._place(key, number, text)
                    if known is not None:  # it was being moved
                        self._unsaved |= {(known, key), (number, key)}
            self._told = {i: told for i, text in self._texts.items() if (told := _told(text))}

    def history(self, instance: str) -> History:
        """Return an Application's past decisions; empty when there are none."""
        with self._lock:
            return self._history(key_of(instance))

    def put_histories(self, histories: Mapping[str, History]) -> None:
        """Replace the past decisions of some Applications, and save.

        Raises `ClusterFailed` when they could not be saved; they are, with the next that can.
        """
        with self._lock:
            for instance, history in histories.items():
                self._put(key_of(instance), history)
        self.save()

    def told(self, instance: str) -> Told | None:
        """Return what Argo CD was told of an Application; None when that is not known."""
        with self._lock:
            return self._told.get(key_of(instance))

    def put_told(self, instance: str, told: Told) -> None:
        """Remember what Argo CD was told; `save` makes it last."""
        key = key_of(instance)
        history: History = {}
        with self._lock:
            with suppress(IndexTorn):
                history = self._history(key)
            self._told[key] = told
            self._put(key, history)

    @property
    def tools(self) -> str:
        """The versions of what rendered all Applications last; empty when that is not known."""
        with self._lock, suppress(ValueError, KeyError, TypeError):
            return str(json.loads(self._texts.get(_TOOLS, ""))["versions"])
        return ""

    def put_tools(self, versions: str) -> None:
        """Remember what has rendered all Applications; `save` makes it last."""
        with self._lock:
            self._put_text(_TOOLS, json.dumps({"versions": versions}))

    def others(self, instances: Iterable[str]) -> set[str]:
        """Return, as `forget` takes them, all Applications that are none of these."""
        with self._lock:
            return self._texts.keys() - {key_of(i) for i in instances} - {_TOOLS}

    def forget(self, keys: Iterable[str]) -> None:
        """Forget some Applications; `save` makes it last."""
        with self._lock:
            for key in keys:
                shard = self._shards.pop(key)
                self._sizes[shard] -= _size(key, self._texts.pop(key))
                self._unsaved.add((shard, key))
                self._told.pop(key, None)

    def save(self) -> None:
        """Write what was not written yet, one request for each ConfigMap that is concerned.

        Raises `ClusterFailed`; what could not be written stays to be written.
        """
        with self._saving:
            with self._lock:
                unsaved = tuple(self._unsaved)
                texts, shards = dict(self._texts), dict(self._shards)
            # What moves is in its new place before it leaves the old one.
            here = [(shard, key) for shard, key in unsaved if shards.get(key) == shard]
            gone = [entry for entry in unsaved if entry not in here]
            for entries in (here, gone):
                for number in sorted({shard for shard, _ in entries}):
                    keys = [key for shard, key in entries if shard == number]
                    data = {key: texts[key] if entries is here else None for key in keys}
                    self._write(number, data, texts, shards)
            with self._lock:
                self._unsaved -= {
                    entry for entry in unsaved if self._texts.get(entry[1]) == texts.get(entry[1])
                }

    def _history(self, key: str) -> History:
        text = self._texts.get(key)
        return load_history(text.encode(), where=f"{_PREFIX}<n>: {key}") if text else {}

    def _put(self, key: str, history: History) -> None:
        text = _dump(history, self._told.get(key))
        if self._texts.get(key) != text and self._room(key, text) is None:
            # What is in force has to be kept, what was before it may go.
            newest = {alias: past[:1] for alias, past in history.items()}
            text = _dump(newest, self._told.get(key))
        self._put_text(key, text)

    def _put_text(self, key: str, text: str) -> None:
        if self._texts.get(key) == text:
            return
        shard = self._room(key, text)
        if shard is None:
            raise ClusterFailed(
                f"the {len(self._sizes)} ConfigMaps of the state are full; "
                "take out of them Applications that are no more",
                where=self._path,
            )
        if key in self._shards:
            self._unsaved.add((self._shards[key], key))
        self._place(key, shard, text)
        self._unsaved.add((shard, key))

    def _place(self, key: str, shard: int, text: str) -> None:
        if key in self._shards:
            self._sizes[self._shards[key]] -= _size(key, self._texts[key])
        self._texts[key], self._shards[key] = text, shard
        self._sizes[shard] += _size(key, text)

    def _room(self, key: str, text: str) -> int | None:
        """Return the ConfigMap that takes an Application: the one it is in, if it can; or None."""
        present = self._shards.get(key)
        own = _size(key, self._texts[key]) if present is not None else 0
        for number in sorted(range(len(self._sizes)), key=lambda n: n != present):
            taken = self._sizes[number] - (own if number == present else 0)
            if taken + _size(key, text) < _MOST_BYTES:
                return number
        return None

    def _read(self, number: int) -> dict[str, str]:
        try:
            found = self._cluster.get(f"{self._path}/{_PREFIX}{number}")
        except Missing:
            return {}
        return {str(name): str(text) for name, text in (found.get("data") or {}).items()}

    def _write(
        self,
        number: int,
        data: Mapping[str, str | None],
        texts: Mapping[str, str],
        shards: Mapping[str, int],
    ) -> None:
        name = f"{_PREFIX}{number}"
        try:
            self._cluster.merge(f"{self._path}/{name}", {"data": data})
        except Missing:
            whole = {i: texts[i] for i, shard in shards.items() if shard == number}
            labels = {"app.kubernetes.io/managed-by": "image-cmp-refresher"}
            metadata = {"name": name, "namespace": self._namespace, "labels": labels}
            manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
            self._cluster.create(self._path, {**manifest, "data": whole})


def key_of(instance: str) -> str:
    """Return the name of an Application in a ConfigMap, which may have 253 characters."""
    if len(instance) <= _LONGEST_KEY:
        return instance
    return f"{instance[:150]}.{hashlib.sha256(instance.encode()).hexdigest()}"


def _size(key: str, text: str) -> int:
    return len(key) + len(text) + 8  # what JSON puts around them


def _dump(history: History, told: Told | None) -> str:
    document = json.loads(dump_history(history))
    if told:
        document["told"] = {
            "decisions": told.decisions,
            "policy": told.policy,
            "images": dict(told.images),
            "uid": told.uid,
            "in_git": told.in_git,
        }
    return json.dumps(document, separators=(",", ":"))


def _told(text: str) -> Told | None:
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        told = json.loads(text)["told"]
        return Told(
            decisions=str(told["decisions"]),
            policy=str(told["policy"]),
            images=dict(told["images"]),
            uid=str(told.get("uid", "")),
            in_git=str(told.get("in_git", "")),
        )
    return None


def _newest(text: str) -> str:
    """Return when the last decision of a document was made; RFC 3339 sorts as text."""
    with suppress(ValueError, KeyError, TypeError, AttributeError, IndexError):
        past = json.loads(text)["decisions"].values()
        return max((str(decisions[0]["since"]) for decisions in past), default="")
    return ""
