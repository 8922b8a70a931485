"""An Application's manifest as Argo CD keeps it, and what it is to run."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from cmp.core.image import Image, Repository
from cmp.core.record import Recorded, SourceId
from cmp.refresh.observed import INFO, REFRESH, Observed, parse_observed
from cmp.refresh.wanted import Wanted, WantedImage

APP = "registry.test/app"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOURCE = {"repoURL": "https://git.test/x.git", "path": "chart", "plugin": {"name": "image-cmp"}}
SOURCE_ID = SourceId("https://git.test/x.git", "chart")

MANUAL: Mapping[str, Any] = {}
AUTO: Mapping[str, Any] = {"automated": {}}
HEAL: Mapping[str, Any] = {"automated": {"selfHeal": True}}


def application(
    *,
    sync: Mapping[str, Any] = AUTO,
    status: str = "Synced",
    error: str = "",
    synced: Iterable[str] = (f"{APP}:v1",),
    running: Iterable[str] = (),
    phase: str = "Succeeded",
    message: str = "",
    finished: str = "2026-11-24T11:00:00Z",
    decisions: str = "",
    asked_for: Mapping[str, Any] | None = None,
    refresh: bool = False,
    reconciled: bool = True,
    deleted: bool = False,
    lock: Mapping[str, str] | None = None,
    synced_lock: Mapping[str, str] | None = None,
    spec: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return one with plain values for what is not said; ``decisions`` are its last operation's.

    ``lock`` is its parameter image-lock, ``synced_lock`` that of its last operation.
    """
    manifest: dict[str, Any] = {
        "metadata": {
            "name": "guestbook",
            "namespace": "argocd",
            "uid": "u-1",
            "resourceVersion": "7",
            "annotations": {REFRESH: "hard"} if refresh else {},
        },
        "spec": {"source": locked_source(lock), "syncPolicy": sync, **(spec or {})},
        "status": {
            "sync": {"status": status},
            "summary": {"images": list(running)},
            "conditions": [{"type": "ComparisonError", "message": error}] if error else [],
            "operationState": {
                "phase": phase,
                "message": message,
                "finishedAt": finished,
                "operation": operation(decisions) if decisions else {"sync": {}},
                "syncResult": {
                    "source": locked_source(synced_lock),
                    "resources": [{"status": "Synced", "images": list(synced)}],
                },
            },
        },
    }
    if asked_for is not None:
        manifest["operation"] = asked_for
    if reconciled:
        manifest["status"]["reconciledAt"] = "2026-11-24T11:00:00Z"
    if deleted:
        manifest["metadata"]["deletionTimestamp"] = "2026-11-24T11:30:00Z"
    return manifest


def locked_source(lock: Mapping[str, str] | None) -> Mapping[str, Any]:
    """Return the source with this parameter image-lock, or without any."""
    if lock is None:
        return SOURCE
    parameter = {"name": "image-lock", "map": dict(lock)}
    return {**SOURCE, "plugin": {"name": "image-cmp", "parameters": [parameter]}}


def operation(decisions: str) -> dict[str, Any]:
    """Return an operation that says for which decisions it is."""
    return {"info": [{"name": INFO, "value": decisions}], "sync": {}}


def observed(**given: Any) -> Observed:
    """Return an `application` as it is read."""
    app = parse_observed(application(**given))
    assert app is not None
    return app


def wanted_image(reference: str, alias: str = "app", source: SourceId = SOURCE_ID) -> WantedImage:
    """Return an image to run; its decision is called after its tag."""
    image = Image.parse(reference)
    tag, digest = image.tag or "", image.digest or ""
    return WantedImage(alias, alias, source, recorded(image.repository, tag, digest))


def recorded(repository: Repository, tag: str, digest: str = "", held: str = "") -> Recorded:
    """Return a decision in force."""
    return Recorded(
        f"d-{tag}", repository, tag, digest, "semver", "semver", NOW, "newest", held=held
    )


def wanted(
    *references: str, policy: str = "p", in_spec: Mapping[SourceId, frozenset[str]] | None = None
) -> Wanted:
    """Return what runs these images, the second by the alias ``app2`` and so on."""
    images = [
        wanted_image(reference, f"app{number}" if number > 1 else "app")
        for number, reference in enumerate(references, 1)
    ]
    return Wanted(tuple(images), policy, {}, in_spec or {})
