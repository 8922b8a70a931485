from datetime import UTC, datetime
from typing import Any

import pytest

from cmp.core.image import Repository
from cmp.core.sync_windows import Destination
from cmp.errors import InvalidApplication
from cmp.refresh.observed import Operation, SyncPolicy, of_repository, parse_observed
from tests.refresh.manifests import (
    APP,
    SOURCE,
    application,
    locked_source,
    observed,
    operation,
)

NATIVE = {"repoURL": "https://git.test/x.git", "path": "native"}


@pytest.mark.parametrize(
    ("manifest", "policy"),
    [
        pytest.param({}, SyncPolicy(), id="none"),
        pytest.param({"automated": None}, SyncPolicy(), id="automated-null"),
        pytest.param({"automated": {}}, SyncPolicy(automated=True), id="automated"),
        pytest.param({"automated": {"enabled": False}}, SyncPolicy(), id="not-enabled"),
        pytest.param({"automated": {"enabled": True}}, SyncPolicy(automated=True), id="enabled"),
        pytest.param({"automated": {"enabled": None}}, SyncPolicy(automated=True), id="null"),
        pytest.param(
            {"automated": {"selfHeal": True, "prune": True}},
            SyncPolicy(automated=True, self_heal=True, prune=True),
            id="self-heal-and-prune",
        ),
        pytest.param(
            {"automated": {"selfHeal": False, "prune": None}},
            SyncPolicy(automated=True),
            id="neither",
        ),
        pytest.param(
            {"syncOptions": ["ServerSideApply=true"], "retry": {"limit": 2}},
            SyncPolicy(options=("ServerSideApply=true",), retry={"limit": 2}),
            id="options-and-retry",
        ),
        pytest.param({"syncOptions": None}, SyncPolicy(), id="options-null"),
    ],
)
def test_sync_policy(manifest: dict[str, Any], policy: SyncPolicy) -> None:
    assert observed(sync=manifest).sync == policy


def test_what_names_and_places_it_has() -> None:
    app = observed(
        spec={
            "project": "team",
            "destination": {"server": "https://k8s.test", "name": "prod", "namespace": "web"},
        }
    )

    assert (app.application.name, app.application.namespace) == ("guestbook", "argocd")
    assert (app.uid, app.resource_version, app.project) == ("u-1", "7", "team")
    assert app.destination == Destination("guestbook", "https://k8s.test", "prod", "web")
    assert (app.sources, app.is_multi_source) == ((SOURCE,), False)


@pytest.mark.parametrize(
    ("spec", "sources"),
    [
        pytest.param({}, (SOURCE,), id="source"),
        pytest.param({"sources": [NATIVE, SOURCE]}, (NATIVE, SOURCE), id="sources-win"),
        pytest.param({"sources": []}, (SOURCE,), id="sources-empty"),
        pytest.param({"source": NATIVE}, None, id="native"),
        pytest.param({"source": NATIVE, "sources": [NATIVE]}, None, id="native-sources"),
        pytest.param({"source": {**SOURCE, "plugin": {"name": "x"}}}, None, id="other-plugin"),
        pytest.param({"source": {**SOURCE, "plugin": {}}}, None, id="plugin-without-name"),
        pytest.param({"source": None}, None, id="no-source"),
        pytest.param({"sourceHydrator": {"drySource": {}}}, None, id="hydrated"),
    ],
)
def test_it_is_ours_by_any_source(
    spec: dict[str, Any], sources: tuple[dict[str, Any], ...] | None
) -> None:
    app = parse_observed(application(spec=spec))

    assert (app.sources if app else None) == sources
    assert app is None or app.is_multi_source == (len(app.sources) > 1)


def test_an_application_that_cannot_be_read_names_the_field() -> None:
    manifest = application(spec={"source": {**SOURCE, "targetRevision": 1.0}})

    with pytest.raises(InvalidApplication) as caught:
        parse_observed(manifest)

    assert str(caught.value) == "spec.source.targetRevision: 1.0 is no text; put it in quotes"


def test_a_new_application_of_which_argo_cd_says_nothing_yet() -> None:
    manifest = application()
    del manifest["status"], manifest["metadata"]["annotations"]

    app = parse_observed(manifest)

    assert app is not None
    assert (app.is_reconciled, app.refresh_pending, app.is_deleted) == (False, False, False)
    assert (app.sync_status, app.error, app.running) == ("Unknown", "", frozenset())
    assert app.operation == Operation()


def test_how_far_it_has_come() -> None:
    app = observed(refresh=True, deleted=True, status="OutOfSync")

    assert (app.is_reconciled, app.refresh_pending, app.is_deleted) == (True, True, True)
    assert app.sync_status == "OutOfSync"


@pytest.mark.parametrize(
    ("conditions", "error"),
    [
        pytest.param([], "", id="none"),
        pytest.param(None, "", id="null"),
        pytest.param([{"type": "ComparisonError", "message": "m"}], "m", id="not-rendered"),
        pytest.param([{"type": "InvalidSpecError", "message": "m"}], "m", id="spec"),
        pytest.param([{"type": "SharedResourceWarning", "message": "m"}], "", id="warning"),
        pytest.param(
            [{"type": "SyncError", "message": "s"}, {"type": "ComparisonError", "message": "m"}],
            "m",
            id="second",
        ),
    ],
)
def test_error(conditions: list[dict[str, str]] | None, error: str) -> None:
    manifest = application()
    manifest["status"]["conditions"] = conditions

    app = parse_observed(manifest)

    assert app is not None
    assert app.error == error


@pytest.mark.parametrize(
    ("given", "is_over", "decisions"),
    [
        pytest.param({}, True, "", id="of-somebody"),
        pytest.param({"decisions": "d-v1"}, True, "d-v1", id="ours"),
        pytest.param({"phase": "Failed", "decisions": "d-v1"}, True, "d-v1", id="failed"),
        pytest.param({"phase": "Running", "decisions": "d-v1"}, False, "d-v1", id="running"),
        pytest.param({"phase": "Terminating"}, False, "", id="being-stopped"),
        pytest.param({"asked_for": operation("d-v2")}, False, "d-v2", id="asked-for"),
        pytest.param(
            {"asked_for": {"sync": {}}, "decisions": "d-v1"}, False, "", id="asked-for-by-somebody"
        ),
        pytest.param(
            {"asked_for": {"info": [{"name": "reason", "value": "x"}, {"name": "image-cmp"}]}},
            False,
            "",
            id="other-information",
        ),
    ],
)
def test_the_operation(given: dict[str, Any], *, is_over: bool, decisions: str) -> None:
    found = observed(**given).operation

    assert (found.is_over, found.decisions) == (is_over, decisions)


def test_how_the_operation_ended() -> None:
    found = observed(phase="Error", message="denied", finished="2026-11-24T11:59:00Z").operation

    assert (found.phase, found.message) == ("Error", "denied")
    assert found.finished_at == datetime(2026, 11, 24, 11, 59, tzinfo=UTC)


@pytest.mark.parametrize(("value", "is_reconciled"), [("true", False), ("false", True)])
def test_one_that_argo_cd_passes_over(value: str, *, is_reconciled: bool) -> None:
    manifest = application()
    manifest["metadata"]["annotations"] = {"argocd.argoproj.io/skip-reconcile": value}

    app = parse_observed(manifest)

    assert app is not None
    assert app.is_reconciled == is_reconciled


def test_the_images_of_all_objects_that_were_synced() -> None:
    manifest = application()
    resources = [
        {"status": "Synced", "images": ["a:1", "b:1"]},
        {"status": "Synced"},
        {"status": "Synced", "images": ["a:1", "c:1"]},
        {"status": "SyncFailed", "images": ["failed:1"]},
        {"status": "Pruned", "images": ["gone:1"]},
        {"status": "Synced", "hookType": "PreSync", "images": ["hook:1"]},
    ]
    manifest["status"]["operationState"]["syncResult"]["resources"] = resources

    app = parse_observed(manifest)

    assert app is not None
    assert app.operation.images == {"a:1", "b:1", "c:1"}


@pytest.mark.parametrize(
    ("synced", "running", "deployed"),
    [
        pytest.param([f"{APP}:v2"], [f"{APP}:v1"], [f"{APP}:v2"], id="synced-before-running"),
        pytest.param(["other.test/app:v2"], [f"{APP}:v1"], [f"{APP}:v1"], id="running"),
        pytest.param([], [], [], id="neither"),
        pytest.param(
            [f"{APP}:v2", f"{APP}:v1"], [], [f"{APP}:v1", f"{APP}:v2"], id="in-order-of-text"
        ),
    ],
)
def test_deployed(synced: list[str], running: list[str], deployed: list[str]) -> None:
    app = observed(synced=synced, running=running)

    assert [str(image) for image in app.deployed(Repository.parse(APP))] == deployed


def test_it_has_what_was_synced_and_what_runs() -> None:
    app = observed(synced=["a:1"], running=["b:1"])

    assert [app.has(image) for image in ("a:1", "b:1", "c:1")] == [True, True, False]


def test_images_of_a_repository_however_they_are_spelt() -> None:
    images = ["nginx:1", "docker.io/library/nginx:2", "not an image", "other/nginx:3"]

    found = of_repository(images, Repository.parse("index.docker.io/nginx"))

    assert [image.tag for image in found] == ["2", "1"]


LOCK = {"app": "v2"}


@pytest.mark.parametrize(
    ("given", "locks"),
    [
        pytest.param({}, (None,), id="none"),
        pytest.param({"synced_lock": LOCK}, (LOCK,), id="of-the-last-sync"),
        pytest.param(
            {"asked_for": {"sync": {}}, "synced_lock": LOCK}, (), id="asked-for-without-a-source"
        ),
        pytest.param(
            {"asked_for": {"sync": {"sources": [NATIVE, locked_source(LOCK)]}}},
            (None, LOCK),
            id="asked-for-with-sources",
        ),
    ],
)
def test_what_an_operation_locks(given: dict[str, Any], locks: tuple[Any, ...]) -> None:
    assert observed(**given).operation.locks == locks


def test_the_last_lock_of_a_source_counts() -> None:
    twice = [{"name": "image-lock", "map": {"app": tag}} for tag in ("v1", "v2")]
    spec = {"source": {**SOURCE, "plugin": {"name": "image-cmp", "parameters": twice}}}

    assert observed(spec=spec).locks == (LOCK,)
