"""What each vendor's own examples tell."""

import pytest

from cmp.registry.webhooks import pushed
from tests.registry.webhooks.deliveries import KNOWN, delivery, sender, written

_GAR = "us-west1-docker.pkg.dev/my-project/my-repo/hello-world"
_ECR = "123456789012.dkr.ecr"
_PUSHED = {
    "acr-push": ["myregistry.azurecr.io/hello-world:v1"],
    "aliyun-acr": ["registry.cn-hangzhou.aliyuncs.com/namespace/repo-test:latest"],
    "artifact-registry": [f"{_GAR}:1.1"],
    "artifact-registry-digest": [_GAR],
    "artifact-registry-gcr": ["gcr.io/my-project/hello-world:latest"],
    "artifact-registry-unwrapped": [f"{_GAR}:1.1"],
    "cloudevents-acr": ["demo.azurecr.io/aci-helloworld:v1"],
    "cloudevents-ecr": [f"{_ECR}.us-east-1.amazonaws.com/team/my-app:v1.2.3"],
    "cloudevents-harbor": ["harbor.example.com/harbor/alpine:3.17"],
    "cloudevents-image": ["registry.example.com/myapp/backend:v2.0.0"],
    "cloudevents-pubsub": [f"{_GAR}:1.1"],
    "distribution-gitlab": ["registry.gitlab.example.com/group/project/app:main"],
    "distribution-multi-arch": [
        "registry.example.com:5000/app",
        "registry.example.com:5000/app:v2",
    ],
    "distribution-push": [
        "registry.example.com:5000/library/test:1.6.1",
        "registry.example.com:5000/other:latest",
    ],
    "docker-hub": ["docker.io/svendowideit/testhook:latest"],
    "ecr-pull-through": [f"{_ECR}.us-west-2.amazonaws.com/docker-hub/alpine:3.17.2"],
    "ecr-push": [f"{_ECR}.us-west-2.amazonaws.com/my-repository-name:latest"],
    "ecr-replication": [f"{_ECR}.us-east-1.amazonaws.com/docker-hub/alpine:3.17.2"],
    "ghcr-package": ["ghcr.io/codertocat/hello-world/api:v1.2.3"],
    "ghcr-registry-package": ["ghcr.io/codertocat/hello-world:edge"],
    "ghcr-untagged": ["ghcr.io/codertocat/hello-world"],
    "harbor-push": ["harbor.example.com/harbor/alpine:3.17"],
    "harbor-push-by-digest": ["harbor.example.com/harbor/alpine"],
    "harbor-push-several": [
        "harbor.example.com/harbor/alpine:3.17",
        "harbor.example.com/harbor/alpine:latest",
    ],
    "harbor-replicated-away": ["edge.example.com/edge/alpine"],
    "harbor-replicated-here": [
        "harbor.example.com/mirror/alpine:3.17",
        "harbor.example.com/mirror/alpine:latest",
    ],
    "quay-push": ["quay.io/dgangaia/test:latest", "quay.io/dgangaia/test:3.1"],
    "quay-push-own": ["quay.example.com:8443/dgangaia/test:latest"],
}
_NOTHING = {
    "acr-chart-push": "the action 'chart_push' pushes no image",
    "acr-delete": "the action 'delete' pushes no image",
    "acr-ping": "the action 'ping' pushes no image",
    "artifact-registry-delete": "the action 'DELETE' pushes nothing",
    "cloudevents-harbor-pulled": "'harbor.artifact.pulled' pushes nothing",
    "distribution-chart": "none of its events pushes an image",
    "distribution-delete": "none of its events pushes an image",
    "distribution-pull": "none of its events pushes an image",
    "docker-hub-chart": "a Helm chart was pushed",
    "ecr-delete": "'ECR Image Action DELETE' pushes nothing",
    "ecr-replication-failed": "'ECR Replication Action' ended with 'FAILED'",
    "ecr-scan": "'ECR Image Scan' pushes nothing",
    "ghcr-chart": "a Helm chart was pushed",
    "ghcr-npm": "a package of type 'npm' is no image",
    "ghcr-ping": "GitHub's event 'ping' tells of no image",
    "harbor-delete": "'DELETE_ARTIFACT' pushes nothing",
    "harbor-replication-failed": "a replication, 'Error': no image has arrived",
    "harbor-scan": "'SCANNING_COMPLETED' pushes nothing",
    "quay-build": "it has no updated_tags: nothing was pushed",
}


def test_every_example_is_expected_to_tell_something() -> None:
    assert sorted([*_PUSHED, *_NOTHING]) == list(KNOWN)


@pytest.mark.parametrize(("name", "expected"), _PUSHED.items(), ids=_PUSHED)
def test_what_it_pushes(name: str, expected: list[str]) -> None:
    told = pushed(delivery(name))

    assert (written(told), told.sender, told.why) == (expected, sender(name), "")


@pytest.mark.parametrize(("name", "why"), _NOTHING.items(), ids=_NOTHING)
def test_why_it_pushes_nothing(name: str, why: str) -> None:
    told = pushed(delivery(name))

    assert (told.images, told.sender, told.why) == ((), sender(name), why)


def test_the_same_with_the_senders_name_in_the_url() -> None:
    for name in KNOWN:
        assert pushed(delivery(name, type=sender(name))) == pushed(delivery(name))


def test_one_bad_event_does_not_lose_the_others() -> None:
    told = pushed(delivery("harbor-push-several"))

    assert told.complaints == ("resource 3: there is no resource_url in it",)
