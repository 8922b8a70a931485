"""What the refresher may do, and people: all that is needed, and not more."""

from collections.abc import Iterable, Iterator

from cmp.core.keys import WRITE_BACK_METHOD
from cmp.core.write_back import GIT
from cmp.diagnosis.applications import ours
from cmp.diagnosis.facts import INSTRUCTIONS, REFRESHER, Facts, Right
from cmp.diagnosis.finding import Finding, advice, ok, some, wrong

_ARGO = "argoproj.io"
_LEASES = "coordination.k8s.io"
_STATE = ("image-cmp-state-0", "image-cmp-state-31")  # the first and the last stand for all


def needed(control_plane: str, others: Iterable[str] = ()) -> tuple[Right, ...]:
    """Return what a refresher needs: kustomize/refresher, and application-namespace in others."""
    found = [
        *_rights(control_plane, "list watch patch", _ARGO, "applications"),
        *_rights(control_plane, "list watch", _ARGO, "appprojects"),
        *(
            r
            for name in _STATE
            for r in _rights(control_plane, "get patch", "", "configmaps", name)
        ),
        *_rights(control_plane, "get list watch patch", "", "configmaps", INSTRUCTIONS),
        *_rights(control_plane, "get", "", "configmaps", "argocd-image-updater-config"),
        *_rights(control_plane, "create", "", "configmaps"),
        *_rights(control_plane, "create", "", "events"),
        *_rights(control_plane, "get patch", _LEASES, "leases", REFRESHER),
        *_rights(control_plane, "create", _LEASES, "leases"),
    ]
    for namespace in others:
        found += _rights(namespace, "list watch patch", _ARGO, "applications")
        found += _rights(namespace, "create", "", "events")
    return tuple(found)


def needed_by_people(control_plane: str) -> tuple[Right, ...]:
    """Return what `pin`, `hold`, `rollback` and `release` need: kustomize/people."""
    return (
        *_rights(control_plane, "get patch", "", "configmaps", INSTRUCTIONS),
        *(r for name in _STATE for r in _rights(control_plane, "get", "", "configmaps", name)),
        *_rights(control_plane, "list", _ARGO, "applications"),
    )


def refresher(facts: Facts) -> Iterator[Finding]:
    """Look at what the refresher's account may do."""
    missing = [right for right in facts.rights if not right.is_allowed]
    here = [str(right) for right in missing if right.namespace == facts.control_plane]
    elsewhere = [str(right) for right in missing if right.namespace != facts.control_plane]
    if here:
        yield wrong(
            f"the account {REFRESHER} may not {some(here)}",
            f"apply kustomize/refresher in the namespace {facts.control_plane}",
        )
    if elsewhere:
        yield wrong(
            f"the account {REFRESHER} may not {some(elsewhere)}",
            "apply kustomize/application-namespace there",
        )
    writers = [str(one.application) for one in ours(facts) if one.method == GIT]
    if facts.may_read_secrets and not writers:
        yield advice(
            f"the account {REFRESHER} may read all Secrets of {facts.control_plane}, Argo CD's too",
            f"take that away: {WRITE_BACK_METHOD}: {GIT} needs it, which no Application has; "
            "kustomize/pull-secrets names those of registries",
        )
    elif writers and not facts.may_read_secrets:
        yield advice(
            f"the account {REFRESHER} may not read the Secrets of Argo CD's repositories, and Git "
            f"is written to for {some(writers)}",
            "apply kustomize/components/git-write-back, unless each names a Secret of its own",
        )
    elif not missing:
        yield ok(f"the account {REFRESHER} may do what it needs")


def people(facts: Facts) -> Iterator[Finding]:
    """Look at what whoever asks may say of images."""
    missing = [str(right) for right in facts.own_rights if not right.is_allowed]
    if missing:
        yield advice(
            f"you may not pin, hold or roll back images: {some(missing)}",
            "where you should, have the Role image-cmp-people of kustomize/people bound to you",
        )
    else:
        yield ok("you may pin, hold and roll back images")


def _rights(
    namespace: str, verbs: str, group: str, resource: str, name: str = ""
) -> tuple[Right, ...]:
    return tuple(Right(namespace, verb, group, resource, name) for verb in verbs.split())
