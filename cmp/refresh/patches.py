"""The patches by which Argo CD is told."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cmp.core.application import PLUGIN
from cmp.refresh.change import Change
from cmp.refresh.cluster import API
from cmp.refresh.observed import INFO, REFRESH, REFRESH_TIMESTAMP, Observed
from cmp.refresh.spec_lock import with_lock, written_sources
from cmp.refresh.steps import Action, Operate, WriteSpec
from cmp.refresh.wanted import Wanted

_USERNAME = "image-cmp"


def application_path(app: Observed) -> str:
    """Return where the API server has an Application."""
    namespace, name = app.application.namespace, app.application.name
    return f"{API}/namespaces/{namespace}/applications/{name}"


def patch(app: Observed, change: Change, step: Action, now: datetime) -> dict[str, Any]:
    """Return the merge patch for a step; it holds only for the Application as it was seen."""
    body = hard_refresh(now) if step.refreshes else {"metadata": {}}
    body["metadata"]["resourceVersion"] = app.resource_version
    if isinstance(step, Operate):
        body["operation"] = _operation(app, change, is_locked=step.is_locked)
    elif isinstance(step, WriteSpec):
        body["spec"] = _spec(app, change.wanted)
    return body


def hard_refresh(now: datetime) -> dict[str, Any]:
    """Return the merge patch that has an Application rendered anew, whatever else it is."""
    # Without the time a request made while a refresh runs would be lost.
    return {"metadata": {"annotations": {REFRESH: "hard", REFRESH_TIMESTAMP: now.isoformat()}}}


def normal_refresh(now: datetime) -> dict[str, Any]:
    """Return the merge patch that has Argo CD look at the branch again, whatever it has cached."""
    return {"metadata": {"annotations": {REFRESH: "normal", REFRESH_TIMESTAMP: now.isoformat()}}}


def describe(images: Iterable[tuple[str, str]]) -> str:
    """Return (reference before, reference now) pairs as people read them."""
    return ", ".join(
        dict.fromkeys(f"{before} → {after or 'as in Git'}" for before, after in images)
    )


def _operation(app: Observed, change: Change, *, is_locked: bool) -> dict[str, Any]:
    """Return a full sync as Argo CD starts it by itself (argo-cd, appcontroller.go autoSync)."""
    sync: dict[str, Any] = {}
    if app.sync.prune:
        sync["prune"] = True
    if app.sync.options:
        sync["syncOptions"] = list(app.sync.options)
    if is_locked:
        sources = _locked_sources(app, change.wanted)
        sync |= {"sources": sources} if app.is_multi_source else {"source": sources[0]}
    info = [{"name": INFO, "value": change.wanted.decisions}]
    if changes := describe(change.images()):
        info.append({"name": "images", "value": changes})
    return {
        "initiatedBy": {"username": _USERNAME, "automated": True},
        "info": info,
        "retry": dict(app.sync.retry) if app.sync.retry else {"limit": 5},
        "sync": sync,
    }


def _locked_sources(app: Observed, wanted: Wanted) -> list[dict[str, Any]]:
    """Return the spec's sources, those of our plugin with the parameter ``image-lock``.

    An empty one too: with the spec's own source Argo CD would sync what it has cached. What
    the spec itself locks stays so, for it is rendered before and after.
    """
    return [
        with_lock(manifest, {**wanted.lock(source.id), **(present or {})})
        if source.plugin == PLUGIN
        else dict(manifest)
        for manifest, source, present in zip(
            app.sources, app.application.sources, app.locks, strict=True
        )
    ]


def _spec(app: Observed, wanted: Wanted) -> dict[str, Any]:
    """Return the part of the spec that changes; of several sources a merge patch takes all."""
    sources = written_sources(app, wanted)
    if app.is_multi_source:
        return {"sources": sources}
    return {"source": {"plugin": {"parameters": sources[0]["plugin"]["parameters"]}}}
