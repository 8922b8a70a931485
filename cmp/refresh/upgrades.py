"""After an upgrade of what renders, all Applications are rendered anew, slowly.

Argo CD keeps manifests by commit for a day, and their key does not name the plugin's version
(argo-cd, reposerver/cache): without this each Application would change at a time of its own.
"""

import logging
import random
import threading
from collections.abc import Iterable
from datetime import UTC, datetime

from cmp.errors import CmpError
from cmp.index import Acknowledged
from cmp.index.protocols import Store
from cmp.refresh.cluster import Cluster, Conflict, Missing
from cmp.refresh.observed import Observed
from cmp.refresh.patches import application_path, hard_refresh
from cmp.refresh.state import ConfigMapState
from cmp.refresh.watched import Watched

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 5.0
_ONE_EACH_S = 2.0
_JITTER = 0.5  # of that, either way


def agreed(mirrors: Iterable[Acknowledged]) -> str:
    """Return the versions that all mirrors name; nothing while they differ or one names none.

    Both are so in the middle of a rollout, and a refresh then could be rendered by the old.
    """
    versions = {mirror.tools for mirror in mirrors}
    return versions.pop() if len(versions) == 1 else ""


def is_upgrade(known: str, found: str) -> bool:
    """Tell whether all is to be rendered anew; what is found first is no change."""
    return bool(known and found) and known != found


class Upgrades:
    """Has Argo CD render everything anew when the versions have changed, in a thread of its own."""

    def __init__(
        self,
        cluster: Cluster,
        applications: Watched[Observed],
        state: ConfigMapState,
        store: Store,
    ) -> None:
        """Prepare; `start` begins to look."""
        self._cluster = cluster
        self._applications = applications
        self._state = state
        self._store = store
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upgrades", daemon=True)

    def start(self) -> None:
        """Begin to look, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the request under way, and end; the next begins anew."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY_S):
            try:
                self._look()
            except CmpError as error:
                log.warning("versions not compared", extra={"reason": error})

    def _look(self) -> None:
        known, found = self._state.tools, agreed(self._store.mirrors())
        if not found or found == known:
            return
        if is_upgrade(known, found):
            log.info("all is rendered anew", extra={"before": known, "now": found})
            if not self._refresh_all():
                return
        self._state.put_tools(found)
        self._state.save()

    def _refresh_all(self) -> bool:
        """Ask for a hard refresh of each Application, one by one; false when it was stopped."""
        names = sorted(n for n, app in self._applications.all().items() if not app.is_native)
        for name in names:
            jitter = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - spreads load
            if self._stopping.wait(_ONE_EACH_S * jitter):
                return False
            app = self._applications.get(name)
            if app is None or app.is_deleted or app.refresh_pending:
                continue
            try:
                self._refresh(app)
            except CmpError as error:
                where = {"application": app.application, "reason": error}
                log.warning("not rendered anew", extra=where)
        log.info("all was rendered anew", extra={"applications": len(names)})
        return True

    def _refresh(self, app: Observed) -> None:
        now = datetime.now(UTC)  # noqa: TID251 - as every client of Argo CD does
        try:
            manifest = self._cluster.merge(application_path(app), hard_refresh(now))
        except (Conflict, Missing):
            return
        self._applications.learn(manifest)
