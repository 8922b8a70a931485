"""Which argocd-image-updater would write the same Applications."""

from collections.abc import Mapping
from typing import Any

import pytest

from cmp.core.application import parse_application
from cmp.core.rival import is_before_1, is_updater, selects
from tests.refresh.manifests import application

NAME = "argocd-image-updater"
_LABEL = "app.kubernetes.io/name"


def deployment(
    name: str = "x",
    *,
    label: str = "",
    pod_label: str = "",
    image: str = "x",
    **spec: Any,
) -> dict[str, Any]:
    template = {
        "metadata": {"labels": {_LABEL: pod_label} if pod_label else None},
        "spec": {"containers": [{"image": image}]},
    }
    metadata = {"name": name, "namespace": "argocd", "labels": {_LABEL: label} if label else {}}
    return {"metadata": metadata, "spec": {"template": template, **spec}}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(deployment(NAME), True, id="by-name"),
        pytest.param(deployment(f"{NAME}-controller"), True, id="by-name-since-1"),
        pytest.param(deployment("release-aiu", label=NAME), True, id="by-label"),
        pytest.param(deployment("release-aiu", pod_label=NAME), True, id="by-label-of-pods"),
        pytest.param(deployment(NAME, replicas=0), False, id="stopped"),
        pytest.param(deployment(NAME, replicas=1), True, id="one"),
        pytest.param(deployment("argocd-server", label="argocd-server"), False, id="another"),
        pytest.param(deployment("my-argocd-image-updater-ui"), False, id="a-name-like-it"),
    ],
)
def test_is_updater(found: dict[str, Any], *, expected: bool) -> None:
    assert is_updater(found) is expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("quay.io/argoprojlabs/argocd-image-updater:v0.18.0", True),
        ("mirror.test:5000/aiu:0.15.2@sha256:0", True),
        ("quay.io/argoprojlabs/argocd-image-updater:latest-annotation-based", True),
        ("quay.io/argoprojlabs/argocd-image-updater:v1.3.0", False),
        ("quay.io/argoprojlabs/argocd-image-updater:v10.0.0", False),
        ("mirror.test:0.5/aiu", False),
        ("quay.io/argoprojlabs/argocd-image-updater", False),
    ],
)
def test_is_before_1(image: str, *, expected: bool) -> None:
    assert is_before_1(deployment(image=image)) is expected


@pytest.mark.parametrize(
    ("reference", "namespace", "expected"),
    [
        pytest.param({"namePattern": "guestbook"}, "argocd", True, id="name"),
        pytest.param({"namePattern": "guest*"}, "argocd", True, id="pattern"),
        pytest.param({"namePattern": "*"}, "argocd", True, id="all"),
        pytest.param({"namePattern": "shop-*"}, "argocd", False, id="another"),
        pytest.param({"namePattern": "[x"}, "argocd", False, id="malformed"),
        pytest.param({"namePattern": "*"}, "other", False, id="another-namespace"),
        pytest.param({}, "argocd", False, id="no-pattern"),
        pytest.param(
            {"namePattern": "*", "labelSelectors": {"matchLabels": {"team": "a"}}},
            "argocd",
            True,
            id="label",
        ),
        pytest.param(
            {"namePattern": "*", "labelSelectors": {"matchLabels": {"team": "b"}}},
            "argocd",
            False,
            id="another-label",
        ),
        pytest.param(
            {
                "namePattern": "*",
                "labelSelectors": {
                    "matchExpressions": [
                        {"key": "team", "operator": "In", "values": ["a", "b"]},
                        {"key": "tier", "operator": "NotIn", "values": ["x"]},
                        {"key": "team", "operator": "Exists"},
                    ]
                },
            },
            "argocd",
            True,
            id="expressions",
        ),
        pytest.param(
            {
                "namePattern": "*",
                "labelSelectors": {
                    "matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]
                },
            },
            "argocd",
            False,
            id="label-must-not-be",
        ),
    ],
)
def test_selects(reference: Mapping[str, Any], namespace: str, *, expected: bool) -> None:
    source = {"repoURL": "https://git.test/x.git", "path": "chart"}
    app = parse_application(application(spec={"source": source}))
    updater = {"metadata": {"namespace": namespace}, "spec": {"applicationRefs": [reference]}}

    assert selects(updater, app, {"team": "a"}) is expected
