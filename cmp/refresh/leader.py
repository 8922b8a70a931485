"""Who of several refreshers works: the one that holds the Lease.

The election is the `kubernetes` client's (leaderelection, as client-go has it); what it lacks
is here: a Lease as plain JSON, giving it back at the end, and the end of a leader that could
not renew it, by a clock that never jumps.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus

from kubernetes.leaderelection import leaderelection
from kubernetes.leaderelection.electionconfig import Config
from kubernetes.leaderelection.leaderelection import LeaderElection
from kubernetes.leaderelection.leaderelectionrecord import LeaderElectionRecord

from cmp.refresh.cluster import Cluster, ClusterFailed, Missing, Object

log = logging.getLogger(__name__)

NAME = "image-cmp-refresher"
# As the controllers of Kubernetes have it: a leader that is cut off ends five seconds before
# another may begin.
_LEASE_S, _RENEW_WITHIN_S, _TRY_EVERY_S = 15, 10, 2
_END_WITHIN_S = 4.0
_FINISH_WITHIN_S = 10.0
"""What is under way when it is to end. A request may take minutes, a Pod has half of one."""
_LOOK_EVERY_S = 0.25


class _SteadyTime:
    """The module ``time`` as the election is to have it: it only measures how long things take.

    By the time of day, a clock that jumps ahead would have it take a Lease that is held, and
    one that jumps back wait for hours for one that is not.
    """

    sleep = staticmethod(time.sleep)
    time = staticmethod(time.monotonic)


leaderelection.time = _SteadyTime  # type: ignore[attr-defined, assignment] # all it uses


class _Failed:
    """Why a request failed, as the election reads it."""

    def __init__(self, error: ClusterFailed) -> None:
        self.reason = str(error)
        self.body = json.dumps({"code": HTTPStatus.NOT_FOUND if isinstance(error, Missing) else 0})


class _Lease:
    """The Lease over our own connection, which tells no answer from a refusal.

    The library's makes a client from the configuration of the whole process, and lets an API
    server that does not answer end the election.
    """

    def __init__(self, cluster: Cluster, namespace: str, identity: str) -> None:
        self.name, self.namespace, self.identity = NAME, namespace, identity
        self.renewed_s = float("-inf")
        self.is_given_back = False
        self._cluster = cluster
        self._folder = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._version = ""

    def get(self, name: str, _: str) -> tuple[bool, object]:
        try:
            found = self._cluster.get(f"{self._folder}/{name}")
        except ClusterFailed as error:
            return False, _Failed(error)
        self._version = found["metadata"]["resourceVersion"]
        spec = found.get("spec") or {}
        duration = spec.get("leaseDurationSeconds")
        return True, LeaderElectionRecord(
            spec.get("holderIdentity") or None,
            str(duration) if duration else None,
            spec.get("acquireTime"),
            spec.get("renewTime"),
        )

    def create(self, name: str, namespace: str, election_record: LeaderElectionRecord) -> bool:
        metadata = {"name": name, "namespace": namespace}
        manifest = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": self._spec(election_record),
        }
        return self._written(lambda: self._cluster.create(self._folder, manifest))

    def update(self, name: str, _: str, updated_record: LeaderElectionRecord) -> bool:
        path = f"{self._folder}/{name}"
        body = {
            "metadata": {"resourceVersion": self._version},
            "spec": self._spec(updated_record),
        }
        return self._written(lambda: self._cluster.merge(path, body))

    def release(self) -> None:
        """Give it back, so that another begins at once; one that fails runs out by itself."""
        self.is_given_back = True  # the election's thread goes on, until the process ends
        try:
            found = self._cluster.get(f"{self._folder}/{NAME}")
            if found["spec"].get("holderIdentity") == self.identity:
                version = found["metadata"]["resourceVersion"]
                body = {"metadata": {"resourceVersion": version}, "spec": {"holderIdentity": ""}}
                self._cluster.merge(f"{self._folder}/{NAME}", body)
        except ClusterFailed as error:
            log.warning("lease not given back", extra={"reason": error})

    def _written(self, write: Callable[[], Object]) -> bool:
        began_s = time.monotonic()
        if self.is_given_back:
            return False
        try:
            written = write()
        except ClusterFailed as error:
            log.debug("lease not written", extra={"reason": error})
            return False
        self._version = written["metadata"]["resourceVersion"]
        self.renewed_s = began_s
        return True

    def _spec(self, record: LeaderElectionRecord) -> Object:
        return {
            "holderIdentity": record.holder_identity,
            "leaseDurationSeconds": int(record.lease_duration),
            # Kept where it was read; the election's own are local times.
            "acquireTime": record.acquire_time if record.acquire_time.endswith("Z") else _now(),
            "renewTime": _now(),
        }


def _now() -> str:
    """Return the time as a Lease has it; nobody reads it but people."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: TID251 - for people


class Leadership:
    """One candidate for the Lease of a namespace."""

    def __init__(self, cluster: Cluster, namespace: str, identity: str) -> None:
        """Be ``identity``; `run` does the rest."""
        self._lease = _Lease(cluster, namespace, identity)
        self._leads = threading.Event()
        self._ended = threading.Event()
        self._done = threading.Event()

    def run(
        self, work: Callable[[], int], stopping: threading.Event, lost: Callable[[], object]
    ) -> int:
        """Wait for the Lease, do ``work`` while it is held, and give it back.

        ``lost`` is called, from another thread, when it could not be renewed: the work has to
        end then, as when ``stopping`` is set. Where it does not soon, the process ends. Returns
        what ``work`` does; 0 when ``stopping`` is set before.
        """
        logging.getLogger("leaderelection").setLevel(logging.WARNING)  # a line each two seconds
        config = Config(
            self._lease,
            lease_duration=_LEASE_S,
            renew_deadline=_RENEW_WITHIN_S,
            retry_period=_TRY_EVERY_S,
            onstarted_leading=self._leads.set,
            onstopped_leading=self._ended.set,
        )
        election = LeaderElection(config)
        log.info("waiting for the lease", extra={"identity": self._lease.identity})
        threading.Thread(target=election.run, name="election", daemon=True).start()
        while not self._leads.wait(_LOOK_EVERY_S):
            if stopping.is_set():
                return 0
        log.info("leading", extra={"identity": self._lease.identity})
        watch = threading.Thread(
            target=self._watch, args=(stopping, lost), name="lease", daemon=True
        )
        watch.start()
        try:
            return work()
        finally:
            self._done.set()
            self._lease.release()

    def _watch(self, stopping: threading.Event, lost: Callable[[], object]) -> None:
        asked_s = float("inf")
        while not self._done.wait(_LOOK_EVERY_S):
            now_s = time.monotonic()
            if stopping.is_set():
                asked_s = min(asked_s, now_s)
            if now_s > asked_s + _FINISH_WITHIN_S:
                log.error("not finished", extra={"within": f"{_FINISH_WITHIN_S:g} s"})
                self._lease.release()
                os._exit(1)
            late_s = now_s - self._lease.renewed_s
            if self._ended.is_set() or late_s > _RENEW_WITHIN_S:
                log.error("lease lost", extra={"not_renewed_for": f"{late_s:.0f} s"})
                lost()
                # Requests under way may take longer than until another leads.
                time.sleep(_END_WITHIN_S)
                os._exit(1)
