"""A collection of the API server, kept up to date: list once, then watch."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar

from cmp.backoff import pause_s
from cmp.errors import CmpError
from cmp.refresh.cluster import API, Cluster, ClusterFailed, Expired, Object

log = logging.getLogger(__name__)

_WATCH_S = 300  # then anew, from where it ended
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 30.0
_LONG_S = 5  # a watch that lasted so long was no failure
_REFUSED = (403, 404)
_REFUSALS = 3  # and then the others are served without it

_T = TypeVar("_T")

Name = tuple[str, str]
"""Namespace and name."""


class Kind(NamedTuple):
    """What is watched."""

    plural: str
    api: str = API
    only: str = ""
    """The name of the one object that is, where it is not all of them."""


class Watched(Generic[_T]):
    """The objects of one kind in some namespaces, each parsed to what of it is needed.

    What ``parse`` returns None for is not kept. One that it cannot read stays what it was
    before, and is reported. ``changed`` is called, from a thread of the collection's, for each
    object that is new, another or gone.
    """

    def __init__(
        self,
        cluster: Cluster,
        kind: Kind,
        namespaces: tuple[str, ...],
        parse: Callable[[Object], _T | None],
        changed: Callable[[Name], object],
    ) -> None:
        """Prepare to watch a kind; `start` begins."""
        self._cluster = cluster
        self._kind = kind
        self._namespaces = namespaces
        self._parse = parse
        self._changed = changed
        self._lock = threading.Lock()
        self._found: dict[Name, tuple[int, _T]] = {}
        self._listed: set[str] = set()
        self._refusals: dict[str, int] = dict.fromkeys(namespaces, 0)
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin to list and watch, in a thread for each namespace."""
        for namespace in self._namespaces:
            path = f"{self._kind.api}/namespaces/{namespace}/{self._kind.plural}"
            threading.Thread(target=self._run, args=(path, namespace), daemon=True).start()

    def stop(self) -> None:
        """Begin no more requests; a watch under way ends with the process."""
        self._stop.set()

    @property
    def is_complete(self) -> bool:
        """Tell whether every namespace was listed whole at least once."""
        with self._lock:
            return self._listed == set(self._namespaces)

    @property
    def is_ready(self) -> bool:
        """Tell whether every namespace was listed, but for those that are refused to us.

        The first is the control plane's: nothing can be done without it.
        """
        with self._lock:
            refused = {
                namespace
                for namespace, times in self._refusals.items()
                if times >= _REFUSALS and namespace != self._namespaces[0]
            }
            return self._listed | refused == set(self._namespaces)

    def all(self) -> Mapping[Name, _T]:
        """Return what there is now."""
        with self._lock:
            return {name: found for name, (_, found) in self._found.items()}

    def get(self, name: Name) -> _T | None:
        """Return one object as it is now, or None."""
        with self._lock:
            return self._found[name][1] if name in self._found else None

    def learn(self, manifest: Object, *, is_truth: bool = False) -> None:
        """Take in an object as it is now; one that is older than what is known is passed over.

        Unless it ``is_truth``: after etcd was restored from a copy, versions go back.
        """
        name, version = _name(manifest), int(manifest["metadata"]["resourceVersion"])
        try:
            parsed = self._parse(manifest)
        except CmpError as error:
            log.warning("not read", extra={"object": "/".join(name), "reason": error})
            return
        except Exception:
            # A mistake of ours, about one object; the others are not to suffer.
            log.exception("not read", extra={"object": "/".join(name)})
            return
        with self._lock:
            known = self._found.get(name)
            if known and version <= known[0] and not is_truth:
                return
            if parsed is not None:
                self._found[name] = (version, parsed)
            elif known:
                del self._found[name]
            if known and known == self._found.get(name):
                return
        if known or parsed is not None:
            self._changed(name)

    def _run(self, path: str, namespace: str) -> None:
        version, failures = "", 0
        while not self._stop.is_set():
            began_s = time.monotonic()
            try:
                version = version or self._list(path, namespace)
                for kind, manifest in self._changes(path, version):
                    version = manifest["metadata"]["resourceVersion"]
                    self._event(kind, manifest)
            except Expired as error:
                version = ""
                log.warning("watch interrupted", extra={"path": path, "reason": error})
            except ClusterFailed as error:
                log.warning("watch interrupted", extra={"path": path, "reason": error})
                with self._lock:
                    self._refusals[namespace] += error.status in _REFUSED
            # One that ends at once, with or without an error, must not be asked for at once.
            failures = 0 if time.monotonic() - began_s > _LONG_S else failures + 1
            self._stop.wait(pause_s(failures, first_s=_FIRST_PAUSE_S, longest_s=_LONGEST_PAUSE_S))

    def _changes(self, path: str, version: str) -> Iterator[tuple[str, Object]]:
        return self._cluster.watch(path, version, seconds=_WATCH_S, only=self._kind.only)

    def _list(self, path: str, namespace: str) -> str:
        manifests, version = self._cluster.list(path, only=self._kind.only)
        for manifest in manifests:
            self.learn(manifest, is_truth=True)
        present = {_name(manifest) for manifest in manifests}
        with self._lock:
            gone = [name for name in self._found if name[0] == namespace and name not in present]
            for name in gone:
                del self._found[name]
            self._listed.add(namespace)
        for name in gone:
            self._changed(name)
        return version

    def _event(self, kind: str, manifest: Object) -> None:
        if kind == "DELETED":
            name, version = _name(manifest), int(manifest["metadata"]["resourceVersion"])
            with self._lock:
                if name not in self._found or version < self._found[name][0]:
                    return
                del self._found[name]
            self._changed(name)
        elif kind != "BOOKMARK":
            self.learn(manifest)


def _name(manifest: Object) -> Name:
    metadata = manifest["metadata"]
    return metadata["namespace"], metadata["name"]
