"""What Argo CD says of an Application: how it syncs, and how far it has come."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cmp.core.application import PLUGIN, Application, parse_application
from cmp.core.image import Image, Repository
from cmp.core.keys import IMAGE_LIST, IMAGE_LOCK, PREFIX
from cmp.core.sync_windows import Destination
from cmp.errors import InvalidImage

REFRESH = "argocd.argoproj.io/refresh"
REFRESH_TIMESTAMP = "argocd.argoproj.io/refresh-timestamp"
_SKIP = "argocd.argoproj.io/skip-reconcile"
INFO = "image-cmp"
"""The name under which an operation of ours says which decisions it is for."""

Locks = tuple[Mapping[str, str] | None, ...]
"""Of each source the parameter ``image-lock``; None where it has none."""


@dataclass(frozen=True, slots=True)
class SyncPolicy:
    """How an Application syncs (argo-cd, types.go SyncPolicy)."""

    automated: bool = False
    self_heal: bool = False
    prune: bool = False
    options: tuple[str, ...] = ()
    retry: Mapping[str, Any] | None = None

    @classmethod
    def parse(cls, manifest: Mapping[str, Any]) -> "SyncPolicy":
        """Read ``spec.syncPolicy``."""
        automated = manifest.get("automated")
        given = automated or {}
        return cls(
            automated=automated is not None and given.get("enabled") is not False,
            self_heal=given.get("selfHeal") is True,
            prune=given.get("prune") is True,
            options=tuple(manifest.get("syncOptions") or ()),
            retry=manifest.get("retry"),
        )


@dataclass(frozen=True, slots=True)
class Operation:
    """The operation that is asked for or runs, else the one that ran last."""

    is_over: bool = True
    phase: str = ""
    """``Succeeded``, ``Failed`` or ``Error`` when it is over."""
    message: str = ""
    finished_at: datetime | None = None
    decisions: str = ""
    """What it was started for, where it is one of ours."""
    images: frozenset[str] = frozenset()
    """Of all objects that it applied, hooks apart, as Argo CD lists them."""
    started_at: datetime | None = None
    username: str = ""
    """Who asked for it, as far as Argo CD says so."""
    restored: tuple[Mapping[str, Any], ...] = ()
    """The sources of before that a person has it sync: a rollback."""
    is_in_vain: bool = False
    """A rollback to the spec's own sources: they were rendered with the images there are now."""
    locks: Locks = ()
    """Of the sources that it applies."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One Application of our plugin, or a native one with a policy, as it was seen last."""

    application: Application
    uid: str
    resource_version: str
    project: str
    destination: Destination
    sync: SyncPolicy
    sources: tuple[Mapping[str, Any], ...]
    """As they stand in the spec."""
    locks: Locks
    is_multi_source: bool
    is_deleted: bool
    refresh_pending: bool
    """A refresh is asked for and was not processed yet."""
    is_reconciled: bool
    """Argo CD has compared it at least once, and does so at all."""
    operation: Operation
    sync_status: str
    """``Synced``, ``OutOfSync`` or ``Unknown``."""
    revisions: tuple[str, ...]
    """Of each source the commit that it was compared with."""
    error: str
    """Why it could not be rendered or compared, or nothing."""
    running: frozenset[str]
    """Images of what runs, as far as Argo CD says so."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of a native Application."""

    @property
    def is_native(self) -> bool:
        """Tell whether our plugin renders none of it."""
        return self.application.is_native

    @property
    def rolled_back_at(self) -> datetime | None:
        """When a rollback began that is over."""
        operation = self.operation
        seen = operation.restored or operation.is_in_vain
        return operation.started_at if operation.is_over and seen else None

    def has(self, reference: str) -> bool:
        """Tell whether an image was synced last, or runs."""
        return reference in self.operation.images or reference in self.running

    def synced(self, repository: Repository) -> tuple[Image, ...]:
        """Return the images of a repository that were synced last."""
        return of_repository(self.operation.images, repository)

    def seen(self, repository: Repository) -> tuple[Image, ...]:
        """Return the images of a repository that were synced last, and those that run.

        A sync in parts lists only its part.
        """
        return (*self.deployed(repository), *of_repository(self.running, repository))

    def deployed(self, repository: Repository) -> tuple[Image, ...]:
        """Return the images of a repository that were synced last, else those that run."""
        return self.synced(repository) or of_repository(self.running, repository)


def parse_observed(manifest: Mapping[str, Any], *, natives: bool = False) -> Observed | None:
    """Read an Application; None when none of its sources is rendered by our plugin.

    With ``natives`` those are read, too, of which no source is, and that have an image-list.
    Raises `InvalidApplication` naming the field.
    """
    spec, metadata = manifest.get("spec") or {}, manifest["metadata"]
    if spec.get("sourceHydrator"):
        return None  # Argo CD syncs what it hydrates, and no source that stands beside that
    is_multi_source = bool(spec.get("sources"))
    sources = spec["sources"] if is_multi_source else [spec.get("source") or {}]
    annotations = metadata.get("annotations") or {}
    is_ours = any((source.get("plugin") or {}).get("name") == PLUGIN for source in sources)
    is_wanted = natives and PREFIX + IMAGE_LIST in annotations
    if not is_ours and not (is_wanted and any("plugin" not in source for source in sources)):
        return None
    status = manifest.get("status") or {}
    application = parse_application(manifest)
    if not is_ours:
        application = _without_options(application)
    destination, sync = spec.get("destination") or {}, status.get("sync") or {}
    return Observed(
        application=application,
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        project=spec.get("project") or "default",
        destination=Destination(
            application.name,
            server=destination.get("server", ""),
            cluster=destination.get("name", ""),
            namespace=destination.get("namespace", ""),
        ),
        sync=SyncPolicy.parse(spec.get("syncPolicy") or {}),
        sources=tuple(sources),
        locks=_locks(sources),
        is_multi_source=is_multi_source,
        is_deleted="deletionTimestamp" in metadata,
        refresh_pending=REFRESH in annotations,
        is_reconciled=bool(status.get("reconciledAt")) and annotations.get(_SKIP) != "true",
        operation=_operation(manifest.get("operation"), status, sources),
        sync_status=sync.get("status", "Unknown"),
        revisions=tuple(sync.get("revisions") or filter(None, [sync.get("revision")])),
        error=_error(status.get("conditions") or ()),
        running=frozenset((status.get("summary") or {}).get("images") or ()),
        labels={} if is_ours else metadata.get("labels") or {},
    )


def _without_options(application: Application) -> Application:
    """Return a native Application without what it is rendered with: we write that ourselves."""
    sources = tuple(replace(source, parameters={}) for source in application.sources)
    return replace(application, sources=sources)


def of_repository(images: Iterable[str], repository: Repository) -> tuple[Image, ...]:
    """Return those of ``images`` that are of ``repository``, in the order of their text."""
    parsed = (_parsed(text) for text in sorted(images))
    return tuple(image for image in parsed if image and image.repository == repository)


def _parsed(text: str) -> Image | None:
    try:
        return Image.parse(text)
    except InvalidImage:
        return None  # somebody else's affair


def _operation(
    asked_for: Any, status: Mapping[str, Any], sources: Sequence[Mapping[str, Any]]
) -> Operation:
    """Read the last operation; one that is asked for has not begun, or runs."""
    state = status.get("operationState") or {}
    operation = asked_for or state.get("operation") or {}
    result = state.get("syncResult") or {}
    applied = (
        resource
        for resource in result.get("resources") or ()
        if resource.get("status") == "Synced" and not resource.get("hookType")
    )
    images = (image for resource in applied for image in resource.get("images") or ())
    infos = {info.get("name"): info.get("value", "") for info in operation.get("info") or ()}
    phase = state.get("phase", "")
    sync, ours = operation.get("sync") or {}, infos.get(INFO, "")
    by, given = operation.get("initiatedBy") or {}, _sources(sync)
    is_persons = not ours and not by.get("automated") and not sync.get("dryRun")
    is_other, history = _whole(given) != _whole(sources), status.get("history") or ()
    goes_back = is_persons and is_other and _goes_back(given, history)
    return Operation(
        is_over=not asked_for and phase not in ("Running", "Terminating"),
        phase=phase,
        message=state.get("message", ""),
        finished_at=_time(state.get("finishedAt")),
        decisions=ours,
        images=frozenset(images),
        started_at=_time(state.get("startedAt")),
        username=by.get("username", ""),
        restored=tuple(given) if goes_back else (),
        is_in_vain=bool(given) and is_persons and not is_other and _is_rollback(sync, history),
        locks=_locks(
            _applied(operation.get("sync") or {}) or ([] if asked_for else _applied(result))
        ),
    )


def _sources(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return manifest.get("sources") or [s for s in [manifest.get("source")] if s]


def _is_rollback(sync: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a sync is one that argocd-server starts for a rollback.

    Of all that it starts only this one has, without being told, the strategy ``apply`` and a
    revision of before (argo-cd, application.go Rollback).
    """
    wanted = sync.get("revisions") or sync.get("revision")
    past = [entry.get("revisions") or entry.get("revision") for entry in history[:-1]]
    return "apply" in (sync.get("syncStrategy") or {}) and wanted in past


def _goes_back(given: list[Mapping[str, Any]], history: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether sources are what was there before, and not just before.

    A sync of what the spec was then, which was changed since, goes nowhere. History is cut off
    at its end, so sources that name images go back, too.
    """
    past = [_whole(_sources(entry)) for entry in history]
    wanted = _whole(given)
    if past and past[-1] == wanted:
        past.pop()  # its own
    if not wanted or (past and past[-1] == wanted):
        return False
    names_images = any(
        parameter.get("name") == IMAGE_LOCK
        for source in given
        for parameter in (source.get("plugin") or {}).get("parameters") or ()
    )
    return names_images or wanted in past


def _whole(value: Any) -> Any:
    """Return a value without what is empty in it, as Argo CD writes it."""
    if isinstance(value, Mapping):
        return {k: whole for k, v in value.items() if (whole := _whole(v))}
    return [_whole(item) for item in value] if isinstance(value, list | tuple) else value


def _applied(sync: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the sources of an operation, or of its result, where it names any."""
    source = sync.get("source")
    return list(sync.get("sources") or ([source] if source else ()))


def _locks(sources: Iterable[Mapping[str, Any]]) -> Locks:
    return tuple(_lock(source) for source in sources)


def _lock(source: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Return the lock that counts: the last of its name, as the plugin takes it."""
    parameters = (source.get("plugin") or {}).get("parameters") or ()
    locks = [p.get("map") or {} for p in parameters if p.get("name") == IMAGE_LOCK]
    return locks[-1] if locks else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _error(conditions: Iterable[Mapping[str, Any]]) -> str:
    for condition in conditions:
        if condition.get("type") in ("ComparisonError", "InvalidSpecError"):
            return str(condition.get("message", ""))
    return ""
