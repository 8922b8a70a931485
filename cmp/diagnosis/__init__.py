"""What may be wrong with an installation: checks that are functions of facts.

PURE. A check is one function and one line of the table; where a fact that it needs could not be
read, it says that it was not checked, and why.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from cmp.diagnosis import (
    applications,
    index_state,
    left_over,
    notifications,
    permissions,
    refreshers,
    settings_of_argocd,
    sidecar,
    updaters,
)
from cmp.diagnosis.facts import Facts
from cmp.diagnosis.finding import WRONG, Finding, unchecked


class Check(NamedTuple):
    """One thing to look at."""

    name: str
    needs: tuple[str, ...]
    """Fields of `Facts`, without which it says nothing."""
    look: Callable[[Facts], Iterable[Finding]]


CHECKS = (
    Check("sidecar", ("workloads",), sidecar.sidecar),
    Check("plugin.yaml", ("workloads", "plugins"), sidecar.configuration),
    Check("refresher", ("lease",), refreshers.leader),
    Check("refresher", ("workloads",), refreshers.deployment),
    Check("refresher's rights", ("rights",), permissions.refresher),
    Check("your rights", ("own_rights",), permissions.people),
    Check("index", ("manifest",), index_state.index),
    Check("mirrors", ("manifest", "mirrors"), index_state.mirrors),
    Check("policies", ("applications",), applications.policies),
    Check("sync hooks", ("applications",), applications.hooks),
    Check("owners", ("applications",), applications.owners),
    Check("image updaters", ("applications", "updaters", "image_updaters"), updaters.updaters),
    Check("left-over files", ("applications",), left_over.applications),
    Check("checkout", ("left_over",), left_over.files),
    Check("notifications", ("triggers",), notifications.triggers),
    Check(
        "repo-server", ("workloads", "plugins", "settings", "ours"), settings_of_argocd.repo_server
    ),
    Check("time limits", ("workloads", "plugins", "settings", "ours"), settings_of_argocd.times),
    Check("controller", ("argocd_cm",), settings_of_argocd.controller),
)


class Diagnosed(NamedTuple):
    """A finding, and of which check it is."""

    check: str
    finding: Finding


def diagnose(facts: Facts, checks: Iterable[Check] = CHECKS) -> Iterator[Diagnosed]:
    """Yield what each check found, or why it could not look."""
    for check in checks:
        missing = [facts.unread[field].why for field in check.needs if field in facts.unread]
        if missing:
            yield Diagnosed(check.name, unchecked(missing[0]))
            continue
        for finding in check.look(facts):
            yield Diagnosed(check.name, finding)


def exit_status(facts: Facts, found: Iterable[Diagnosed]) -> int:
    """Return 2 when something is wrong, 1 when something did not answer, else 0."""
    if any(diagnosed.finding.verdict == WRONG for diagnosed in found):
        return 2
    return 1 if any(unread.is_silence for unread in facts.unread.values()) else 0
