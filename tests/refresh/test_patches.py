from typing import Any

import pytest

from cmp.core.record import SourceId
from cmp.refresh.change import Change
from cmp.refresh.patches import application_path, describe, patch
from cmp.refresh.steps import HardRefresh, Operate, WriteSpec
from cmp.refresh.wanted import Wanted
from tests.refresh.manifests import APP, NOW, SOURCE, SOURCE_ID, observed, wanted, wanted_image

V1, V2 = f"{APP}:v1", f"{APP}:v2"
CHANGE = Change(wanted(V2), None, {"app": V1})
REFRESH = {
    "argocd.argoproj.io/refresh": "hard",
    "argocd.argoproj.io/refresh-timestamp": "2026-11-24T12:00:00+00:00",
}
LOCK = {"name": "image-lock", "map": {"app": "v2"}}
NATIVE = {"repoURL": "https://git.test/x.git", "path": "native"}


def locked(*parameters: dict[str, Any]) -> dict[str, Any]:
    return {**SOURCE, "plugin": {"name": "image-cmp", "parameters": list(parameters)}}


def test_where_it_is() -> None:
    path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/guestbook"

    assert application_path(observed()) == path


def test_a_hard_refresh() -> None:
    assert patch(observed(), CHANGE, HardRefresh(), NOW) == {
        "metadata": {"resourceVersion": "7", "annotations": REFRESH}
    }


def test_an_operation() -> None:
    assert patch(observed(), CHANGE, Operate(is_locked=False), NOW) == {
        "metadata": {"resourceVersion": "7"},
        "operation": {
            "initiatedBy": {"username": "image-cmp", "automated": True},
            "info": [
                {"name": "image-cmp", "value": "d-v2"},
                {"name": "images", "value": f"{V1} → {V2}"},
            ],
            "retry": {"limit": 5},
            "sync": {},
        },
    }


def test_a_locked_operation_comes_with_a_hard_refresh() -> None:
    body = patch(observed(), CHANGE, Operate(is_locked=True), NOW)

    assert body["metadata"]["annotations"] == REFRESH
    assert body["operation"]["sync"] == {"source": locked(LOCK)}


def test_an_operation_that_changes_no_image_names_none() -> None:
    change = Change(wanted(V1), None, {"app": V1})

    body = patch(observed(), change, Operate(is_locked=False), NOW)

    assert body["operation"]["info"] == [{"name": "image-cmp", "value": "d-v1"}]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param({"automated": {}}, {"sync": {}, "retry": {"limit": 5}}, id="plain"),
        pytest.param(
            {"automated": {"prune": True}},
            {"sync": {"prune": True}, "retry": {"limit": 5}},
            id="prune",
        ),
        pytest.param(
            {"automated": {}, "syncOptions": ["Validate=false"]},
            {"sync": {"syncOptions": ["Validate=false"]}, "retry": {"limit": 5}},
            id="options",
        ),
        pytest.param(
            {"automated": {}, "retry": {"limit": 2, "backoff": {"duration": "5s"}}},
            {"sync": {}, "retry": {"limit": 2, "backoff": {"duration": "5s"}}},
            id="retry",
        ),
        pytest.param(
            {"automated": {}, "retry": {"limit": 0}}, {"sync": {}, "retry": {"limit": 0}}, id="none"
        ),
    ],
)
def test_it_syncs_as_argo_cd_would(policy: dict[str, Any], expected: dict[str, Any]) -> None:
    body = patch(observed(sync=policy), CHANGE, Operate(is_locked=False), NOW)

    assert {key: body["operation"][key] for key in expected} == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({}, {"source": locked(LOCK)}, id="one-source"),
        pytest.param(
            {"source": locked({"name": "image-list", "string": "app=x"})},
            {"source": locked({"name": "image-list", "string": "app=x"}, LOCK)},
            id="other-parameters-stay",
        ),
        pytest.param(
            {"source": locked({"name": "image-lock", "map": {"app": "v0", "db": "9"}})},
            {"source": locked({"name": "image-lock", "map": {"app": "v0", "db": "9"}})},
            id="what-the-spec-locks-stays",
        ),
        pytest.param(
            {"source": {**SOURCE, "targetRevision": "main"}},
            {"source": {**locked({"name": "image-lock", "map": {}}), "targetRevision": "main"}},
            id="nothing-is-wanted-of-a-source",
        ),
        pytest.param(
            {"sources": [NATIVE, SOURCE]},
            {"sources": [NATIVE, locked(LOCK)]},
            id="several-in-order",
        ),
        pytest.param({"sources": [SOURCE]}, {"sources": [locked(LOCK)]}, id="a-list-of-one"),
        pytest.param(
            {"sources": [SOURCE, {**NATIVE, "path": "chart"}]},
            {"sources": [locked(LOCK), {**NATIVE, "path": "chart"}]},
            id="a-native-source-of-the-same-place",
        ),
    ],
)
def test_locked_sources(spec: dict[str, Any], expected: dict[str, Any]) -> None:
    app = observed(spec=spec)

    body = patch(app, CHANGE, Operate(is_locked=True), NOW)

    assert body["operation"]["sync"] == expected
    assert app.sources == observed(spec=spec).sources


def test_each_source_has_a_lock_of_its_own() -> None:
    other = {**SOURCE, "path": "worker"}
    images = (
        wanted_image(V2),
        wanted_image(f"{APP}:v3", source=SourceId("https://git.test/x.git", "worker")),
    )

    body = patch(
        observed(spec={"sources": [SOURCE, other]}),
        Change(Wanted(images, "", {}), None),
        Operate(is_locked=True),
        NOW,
    )

    maps = [s["plugin"]["parameters"][0]["map"] for s in body["operation"]["sync"]["sources"]]
    assert maps == [{"app": "v2"}, {"app": "v3"}]


V0_LOCK = {"name": "image-lock", "map": {"app": "v0"}}
VALUES = {"name": "helm.valueFiles", "array": ["values.yaml"], "unknown": {"to": "us"}}
IN_SPEC = Change(wanted(V2, in_spec={SOURCE_ID: frozenset({"app", "db"})}), None, {"app": V1})


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({}, [LOCK], id="none-before"),
        pytest.param({"source": locked(VALUES)}, [VALUES, LOCK], id="behind-the-others"),
        pytest.param(
            {"source": locked(V0_LOCK, VALUES)}, [LOCK, VALUES], id="where-one-was-before"
        ),
        pytest.param({"source": locked(V0_LOCK, VALUES, V0_LOCK)}, [LOCK, VALUES], id="once"),
        pytest.param(
            {"source": locked({"name": "image-lock", "map": {"app": "v0", "db": "9", "old": "1"}})},
            [{"name": "image-lock", "map": {"db": "9", "app": "v2"}}],
            id="what-is-not-decided-stays-and-what-is-no-image-goes",
        ),
    ],
)
def test_the_spec_of_one_source(spec: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    body = patch(observed(spec=spec), IN_SPEC, WriteSpec(), NOW)

    assert body == {
        "metadata": {"resourceVersion": "7", "annotations": REFRESH},
        "spec": {"source": {"plugin": {"parameters": expected}}},
    }


def test_the_spec_of_several_sources_is_written_whole() -> None:
    worker = {**locked(VALUES), "path": "worker", "name": "worker", "unknown": ["to us"]}
    left = [{**NATIVE, "helm": {"skipCrds": True}}, worker]

    body = patch(observed(spec={"sources": [*left, SOURCE]}), IN_SPEC, WriteSpec(), NOW)

    assert body["spec"] == {"sources": [*left, locked(LOCK)]}


def test_a_lock_of_no_image_of_the_list_is_taken_out() -> None:
    change = Change(wanted(in_spec={SOURCE_ID: frozenset()}), None)

    body = patch(observed(spec={"source": locked(V0_LOCK, VALUES)}), change, WriteSpec(), NOW)

    assert body["spec"] == {"source": {"plugin": {"parameters": [VALUES]}}}


@pytest.mark.parametrize(
    ("images", "text"),
    [
        pytest.param([], "", id="none"),
        pytest.param([(V1, V2)], f"{V1} → {V2}", id="one"),
        pytest.param([(V1, V2), ("a:1", "a:2")], f"{V1} → {V2}, a:1 → a:2", id="two"),
        pytest.param([(V1, V2), (V1, V2)], f"{V1} → {V2}", id="the-same-twice"),
        pytest.param([(V1, "")], f"{V1} → as in Git", id="git-has-it-again"),
    ],
)
def test_describe(images: list[tuple[str, str]], text: str) -> None:
    assert describe(images) == text
