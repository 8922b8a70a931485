"""Who is told what a pass came to: Argo CD, Git, specs, and people."""

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple, Self

from cmp.core.record import ApplicationRecord
from cmp.index import Manifest
from cmp.refresh.basis import Basis
from cmp.refresh.git_writer import GitWriter
from cmp.refresh.instruments import Instruments
from cmp.refresh.mirrors import Mirrors
from cmp.refresh.native_writer import Native, NativeWriter
from cmp.refresh.observed import Observed
from cmp.refresh.plan import ApplicationPlan
from cmp.refresh.reports import Reports
from cmp.refresh.scope import ON, Scope
from cmp.refresh.teller import ArgoCD, Teller
from cmp.refresh.upgrades import Upgrades
from cmp.refresh.wanted import Wanted, wanted_by
from cmp.refresh.watched import Name
from cmp.writeback.git_engine import GitEngine
from cmp.writeback.git_outcome import Outcome

BeginGit = Callable[[Callable[[Outcome], None]], GitEngine]
"""Makes what writes to Git; it is told what became of each request."""


class Results(NamedTuple):
    """What a pass came to, by the names of Applications."""

    plugins: Mapping[Name, Wanted]
    """What each Application of the plugin is to run."""
    natives: Mapping[Name, Wanted]
    """And each of which the plugin renders nothing."""
    native_plans: Mapping[Name, Native]

    @classmethod
    def of(
        cls,
        plans: Iterable[ApplicationPlan],
        records: Mapping[str, ApplicationRecord],
        names: Mapping[str, Name],
        natives: frozenset[str],
    ) -> Self:
        """Return what the records of a pass come to; all but ``plans`` go by instance."""
        wanted = {instance: wanted_by(record) for instance, record in records.items()}
        return cls(
            {names[i]: wish for i, wish in wanted.items() if i not in natives},
            {names[i]: wish for i, wish in wanted.items() if i in natives},
            {
                names[plan.instance]: Native(plan, wanted[plan.instance])
                for plan in plans
                if plan.has_policy and plan.instance in natives & wanted.keys()
            },
        )


class Outlets:
    """All of them, from the start to the end of a refresher that leads."""

    def __init__(
        self,
        basis: Basis,
        scope: Scope,
        instruments: Instruments,
        stopping: threading.Event,
        begin_git: BeginGit,
    ) -> None:
        """Prepare; `start` begins to work."""
        cluster, applications, projects, heard, state, store = basis
        self._is_on = scope.native == ON
        self._refreshes = scope.refresh_on_upgrade
        self._begin_git = begin_git
        self._mirrors = Mirrors(
            store, instruments, wait_s=scope.ack_wait.total_seconds(), stopping=stopping
        )
        self._teller = Teller(ArgoCD(cluster, applications, projects), state, scope, instruments)
        self._native = NativeWriter(cluster, applications, scope, instruments.meter)
        self._git = GitWriter(basis, scope.control_plane, instruments)
        self._upgrades = Upgrades(cluster, applications, state, store)
        self._reports = Reports(cluster, applications, heard, scope.control_plane)

    def refuse_rivals(self) -> None:
        """Raise `InvalidInput` where somebody else writes what we would."""
        self._native.refuse_rivals()

    def start(self, *, once: bool) -> None:
        """Begin to work, in threads."""
        self._teller.start()
        self._git.start(self._begin_git(self._git.take))
        if self._refreshes and not once:
            self._upgrades.start()

    def stop(self, *, leads: bool) -> None:
        """Finish the steps under way, and end; tell whether the state is still ours."""
        self._teller.stop()
        self._git.stop(leads=leads)
        self._upgrades.stop()

    def wake(self, name: Name) -> None:
        """Look again at an Application that has changed."""
        self._teller.wake(name)
        self._git.wake(name)

    @property
    def is_idle(self) -> bool:
        """Tell whether all is told that can be: what is left waits for people."""
        return self._teller.is_idle and self._git.is_idle

    def tell(
        self,
        results: Results,
        observed: Mapping[Name, Observed],
        manifest: Manifest | None,
        *,
        whole: bool,
    ) -> None:
        """Have it told what a pass came to, which published ``manifest``."""
        wanted = results.plugins
        in_git = {name: wish for name, wish in wanted.items() if wish.in_git}
        live = {name: wish for name, wish in wanted.items() if name not in in_git}
        self._mirrors.then(manifest, partial(self._teller.want, live), whole=whole)
        self._git.want(in_git | self._native.look(results.native_plans))
        # Of native Applications, as long as we do not update them, others have the say.
        natives = results.natives if self._is_on else {}
        self._reports.look({**wanted, **natives}, observed)
