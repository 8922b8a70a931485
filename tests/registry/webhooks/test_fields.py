"""What is missing or wrong in a payload, and what stands in for it."""

from collections.abc import Mapping
from typing import Any

import pytest

from cmp.errors import InvalidInput
from cmp.registry.webhooks import pushed
from tests.registry.webhooks.deliveries import delivery, document, headers, posted, sender, written


def changed(name: str, changes: Mapping[str, Any]) -> Any:
    """Return the example with other values at some paths; None takes one away."""
    changed = document(name)
    for path, value in changes.items():
        *parents, last = path.split("/")
        within = changed
        for key in parents:
            within = within[int(key) if isinstance(within, list) else key]
        if value is None:
            del within[last]
        else:
            within[last] = value
    return changed


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        pytest.param(
            "docker-hub",
            {"repository/repo_name": "nginx"},
            "docker.io/library/nginx:latest",
            id="docker-hub-official",
        ),
        pytest.param(
            "docker-hub",
            {"repository/repo_url": None},
            "docker.io/svendowideit/testhook:latest",
            id="docker-hub-no-url",
        ),
        pytest.param(
            "ghcr-package",
            {"action": "updated"},
            "ghcr.io/codertocat/hello-world/api:v1.2.3",
            id="ghcr-updated",
        ),
        pytest.param(
            "ghcr-package",
            {"package/package_version/package_url": "containers.ghe.example.com/o/api:1"},
            "containers.ghe.example.com/codertocat/hello-world/api:v1.2.3",
            id="github-enterprise-server",
        ),
        pytest.param(
            "ghcr-package",
            {"package/package_version": {"name": "v2.0.0", "container_metadata": {}}},
            "ghcr.io/codertocat/hello-world/api:v2.0.0",
            id="ghcr-version-for-tag",
        ),
        pytest.param(
            "ghcr-package",
            {"package/package_type": None, "package/owner": None},
            "ghcr.io/codertocat/hello-world/api:v1.2.3",
            id="ghcr-ecosystem-and-namespace",
        ),
        pytest.param(
            "harbor-push",
            {"event_data/repository/repo_full_name": None},
            "harbor.example.com/harbor/alpine:3.17",
            id="harbor-namespace-and-name",
        ),
        pytest.param(
            "harbor-push",
            {"event_data/resources/0/resource_url": "https://Harbor.example.com:8443/x:1"},
            "harbor.example.com:8443/harbor/alpine:3.17",
            id="harbor-url-with-scheme",
        ),
        pytest.param(
            "harbor-push",
            {"event_data/resources/0/resource_url": "localhost/x:1"},
            "localhost/harbor/alpine:3.17",
            id="harbor-on-localhost",
        ),
        pytest.param(
            "harbor-replicated-away",
            {
                "event_data/replication/src_resource/namespace": None,
                "event_data/replication/successful_artifact/0/name_tag": "a/alpine:3.17",
            },
            "edge.example.com/a/alpine:3.17",
            id="harbor-name-and-tag",
        ),
        pytest.param("quay-push", {"updated_tags": []}, "quay.io/dgangaia/test", id="quay-no-tag"),
        pytest.param(
            "acr-push", {"target/tag": ""}, "myregistry.azurecr.io/hello-world", id="acr-digest"
        ),
        pytest.param(
            "ecr-push",
            {"region": "cn-north-1"},
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/my-repository-name:latest",
            id="ecr-china",
        ),
        pytest.param(
            "cloudevents-ecr",
            {"data/registryId": "210987654321", "data/imageTag": ""},
            "210987654321.dkr.ecr.us-east-1.amazonaws.com/team/my-app:v1.2.3",
            id="cloudevents-ecr-registry-and-subject",
        ),
        pytest.param(
            "cloudevents-ecr",
            {"data": {}, "source": "arn:aws-cn:ecr:cn-north-1:123456789012:repository/x"},
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/my-app:v1.2.3",
            id="cloudevents-ecr-arn",
        ),
        pytest.param(
            "cloudevents-image",
            {"data": {}},
            "registry.example.com/myapp/backend:v2.0.0",
            id="cloudevents-source-and-subject",
        ),
        pytest.param(
            "distribution-gitlab",
            {"events/0/request/host": ""},
            "registry.example.com:5000/group/project/app:main",
            id="distribution-host-of-url",
        ),
    ],
)
def test_what_stands_in(name: str, changes: Mapping[str, Any], expected: str) -> None:
    given = posted(changed(name, changes), headers(name))

    assert written(pushed(given)) == [expected]


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        pytest.param(
            "docker-hub",
            {"repository": {}},
            "there is no repository.repo_name and no repository.name in it",
            id="docker-hub-repository",
        ),
        pytest.param(
            "docker-hub",
            {"push_data": None},
            "there is no push_data.tag in it",
            id="docker-hub-tag",
        ),
        pytest.param(
            "docker-hub",
            {"repository/repo_name": "Not a name"},
            "docker.io/Not a name: not a repository path: 'Not a name'",
            id="docker-hub-name",
        ),
        pytest.param(
            "docker-hub",
            {"repository/repo_name": "a\nb"},
            "repository.repo_name is text that no name has: too long, or not printable",
            id="line-end",
        ),
        pytest.param(
            "docker-hub",
            {"repository/repo_name": "a" * 2000},
            "repository.repo_name is text that no name has: too long, or not printable",
            id="long",
        ),
        pytest.param(
            "docker-hub",
            {"push_data/tag": 1.5},
            "push_data.tag is not text",
            id="docker-hub-number",
        ),
        pytest.param(
            "ghcr-package", {"action": None}, "there is no action in it", id="ghcr-action"
        ),
        pytest.param(
            "ghcr-package",
            {"package/name": ""},
            "package: there is no name in it",
            id="ghcr-name",
        ),
        pytest.param(
            "harbor-push",
            {"event_data/resources": None},
            "there are no resources in it",
            id="harbor-resources",
        ),
        pytest.param(
            "harbor-push",
            {"event_data/resources": {}},
            "resources is not a list",
            id="harbor-no-list",
        ),
        pytest.param(
            "harbor-push",
            {"event_data/resources/0/resource_url": "harbor/harbor/alpine:3"},
            "resource 1: 'harbor' is no registry's host",
            id="harbor-host-without-dot",
        ),
        pytest.param(
            "quay-push", {"repository": ""}, "there is no repository in it", id="quay-repository"
        ),
        pytest.param("quay-push", {"updated_tags": [[]]}, "tag 1: not text", id="quay-tag"),
        pytest.param(
            "acr-push", {"request": None}, "there is no request.host in it", id="acr-host"
        ),
        pytest.param(
            "aliyun-acr",
            {"repository/region": None},
            "there is no repository.region in it; add &registry_url=<host> to the webhook's URL",
            id="aliyun-region",
        ),
        pytest.param(
            "aliyun-acr",
            {"repository/region": "x/../y"},
            "'registry.x/../y.aliyuncs.com' is no registry's host",
            id="aliyun-host",
        ),
        pytest.param(
            "ecr-push",
            {"account": "evil.example.com/1"},
            "account 'evil.example.com/1' and region 'us-west-2' are none of AWS's",
            id="ecr-account",
        ),
        pytest.param(
            "cloudevents-ecr",
            {"source": "https://a.example.com"},
            "source is 'https://a.example.com', not "
            "urn:aws:ecr:<region>:<account>:repository/<name>",
            id="cloudevents-ecr-source",
        ),
        pytest.param(
            "cloudevents-ecr",
            {"subject": "", "data": {}},
            "there is no data.repositoryName and no subject in it",
            id="cloudevents-ecr-repository",
        ),
        pytest.param(
            "cloudevents-image",
            {"subject": "", "data": None},
            "there is no data.repositoryName, data.repository and subject in it",
            id="cloudevents-repository",
        ),
        pytest.param(
            "cloudevents-image",
            {"type": "com.example.database.updated"},
            "events of type 'com.example.database.updated' are not known; known are "
            "com.amazon.ecr.…, google.cloud.pubsub.…, harbor.…, Microsoft.ContainerRegistry.…, and "
            "types that have container or image in them",
            id="cloudevents-type",
        ),
        pytest.param(
            "cloudevents-image",
            {"specversion": None},
            "there is no specversion in it",
            id="cloudevents-version",
        ),
        pytest.param(
            "artifact-registry",
            {"message/data": "no base64"},
            "message.data is not base64",
            id="pub-sub-base64",
        ),
        pytest.param(
            "artifact-registry",
            {"message/data": "e30"},
            "message.data is not base64",
            id="pub-sub-padding",
        ),
        pytest.param(
            "artifact-registry",
            {"message/data": "W10="},
            "there is no action in it",
            id="pub-sub-of-another-topic",
        ),
        pytest.param(
            "artifact-registry",
            {"message": {}},
            "there is no message.data in it",
            id="pub-sub-data",
        ),
        pytest.param(
            "artifact-registry-unwrapped",
            {"tag": "hello-world:1.1"},
            "'hello-world:1.1' names no registry",
            id="artifact-registry-host",
        ),
        pytest.param(
            "distribution-pull", {"events": None}, "there are no events in it", id="distribution"
        ),
        pytest.param(
            "distribution-gitlab",
            {"events/0/request/host": "registry", "events/1/target": None},
            "event 1: 'registry' is no registry's host",
            id="distribution-host",
        ),
    ],
)
def test_what_is_wrong(name: str, changes: Mapping[str, Any], expected: str) -> None:
    who = sender(name)
    given = posted(changed(name, changes), headers(name), type=who)

    with pytest.raises(InvalidInput) as caught:
        pushed(given)

    assert str(caught.value) == f"{who}: {expected}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param(
            "aliyun-acr", "my-registry.cn-hangzhou.cr.aliyuncs.com/namespace/repo-test:latest"
        ),
        pytest.param(
            "distribution-gitlab", "my-registry.cn-hangzhou.cr.aliyuncs.com/group/project/app:main"
        ),
    ],
)
@pytest.mark.parametrize("scheme", ["", "https://", "https://user:s3cret-Pa55@"])
def test_the_url_says_the_registry(name: str, expected: str, scheme: str) -> None:
    url = f"{scheme}my-registry.cn-hangzhou.cr.aliyuncs.com/"

    assert written(pushed(delivery(name, registry_url=url))) == [expected]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        pytest.param(
            {"type": "container.push", "source": "https://registry.example.com"},
            "registry.example.com/team/app:v1",
            id="plain",
        ),
        pytest.param(
            {"type": '"container.push"', "source": '"https:\\/\\/registry.example.com"'},
            "registry.example.com/team/app:v1",
            id="quoted",
        ),
        pytest.param(
            {"type": "container%2Epush", "source": "registry.example%2ecom"},
            "registry.example.com/team/app:v1",
            id="percent-encoded",
        ),
    ],
)
def test_a_cloud_event_in_binary_mode(attributes: Mapping[str, str], expected: str) -> None:
    marked = {f"Ce-{name}": value for name, value in {"specversion": "1.0", **attributes}.items()}

    told = pushed(posted({"repository": "team/app", "tag": "v1"}, marked))

    assert (written(told), told.sender) == ([expected], "cloudevents")


def test_a_cloud_event_in_structured_mode_with_headers_as_well() -> None:
    marked = {**headers("cloudevents-image"), "ce-specversion": "1.0", "ce-type": "x.image.pushed"}

    told = pushed(posted(document("cloudevents-image"), marked))

    assert written(told) == ["registry.example.com/myapp/backend:v2.0.0"]


def test_a_cloud_event_with_a_header_that_is_not_utf_8() -> None:
    marked = {"ce-specversion": "1.0", "ce-type": "%C0%A0"}

    with pytest.raises(InvalidInput, match="the header ce-type is not UTF-8 in percent-encoding"):
        pushed(posted({}, marked))


@pytest.mark.parametrize("kind", ["image.deleted", "com.amazon.ecr.image.delete", "image.pull"])
def test_a_cloud_event_that_pushes_nothing(kind: str) -> None:
    told = pushed(posted(changed("cloudevents-image", {"type": kind})))

    assert (told.images, told.why) == ((), f"an event of type '{kind}' pushes nothing")


def test_of_many_complaints_the_number_is_enough() -> None:
    [event, _] = document("distribution-gitlab")["events"]

    told = pushed(posted({"events": [event, *[None] * 5000]}))

    assert len(told.images) == 1
    assert told.complaints[0] == "event 2: there is no action in it"
    assert (len(told.complaints), told.complaints[-1]) == (11, "and 4990 more could not be read")
