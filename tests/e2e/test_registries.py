"""registries.conf and credentials as they are in a cluster, and as they change there."""

import base64
import json
from collections.abc import Iterator

import pytest
import yaml

from tests.support.faults import FaultyRegistry
from tests.support.kubernetes import Object
from tests.support.registry import RegistryServer
from tests.support.scene import Scene
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.tools, pytest.mark.e2e]

USER, PASSWORD = "robot", "Pa55-of-the-robot"
_SECRET = "registry-credentials"
"""The name that kustomize/pull-secrets lets the refresher read."""


@pytest.fixture
def private(registry: RegistryServer) -> Iterator[FaultyRegistry]:
    """Stand before the registry, and ask for a user and password."""
    with FaultyRegistry(registry.url) as server:
        server.demand_basic(USER, PASSWORD)
        yield server


@pytest.fixture(autouse=True)
def nothing_left(scene: Scene) -> Iterator[None]:
    yield
    namespaces = (scene.argocd.namespace, *scene.argocd.other_namespaces)
    paths = [f"{_configmaps(scene)}/argocd-image-updater-config"]
    paths += [f"/api/v1/namespaces/{namespace}/secrets/{_SECRET}" for namespace in namespaces]
    for path in paths:
        if scene.argocd.kubernetes.find(path):
            scene.argocd.kubernetes.delete(path)


def _configmaps(scene: Scene) -> str:
    return f"/api/v1/namespaces/{scene.argocd.namespace}/configmaps"


def _configure(scene: Scene, private: FaultyRegistry, **keys: str) -> None:
    """Write the ConfigMap as users of argocd-image-updater have it."""
    entry = {"name": "private", "prefix": private.host, "api_url": private.url, **keys}
    data = {"registries.conf": yaml.safe_dump({"registries": [entry]})}
    kubernetes, name = scene.argocd.kubernetes, "argocd-image-updater-config"
    path = f"{_configmaps(scene)}/{name}"
    if kubernetes.find(path):
        kubernetes.patch(path, {"data": data})
    else:
        kubernetes.post(
            _configmaps(scene),
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data},
        )


def _secret(scene: Scene, namespace: str, data: dict[str, str], **labels: str) -> None:
    scene.argocd.kubernetes.post(
        f"/api/v1/namespaces/{namespace}/secrets",
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": _SECRET, "labels": labels},
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
        },
    )


def _docker_config(host: str) -> dict[str, str]:
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    return {".dockerconfigjson": json.dumps({"auths": {f"https://{host}/v1/": {"auth": auth}}})}


def _application(scene: Scene, private: FaultyRegistry, **options: object) -> Object:
    path = scene.guestbook.image.partition("/")[2]
    image = f"guestbook={private.host}/{path}"
    return scene.manifest(image, policy={}, **options)  # type: ignore[arg-type] # as it takes them


def _chosen(scene: Scene) -> str:
    """Return the tag that is recorded for the guestbook, or nothing."""
    files = (scene.argocd.index / "applications").glob("*.json")
    for document in (json.loads(file.read_text()) for file in files):
        for source in document["sources"]:
            if found := source["decisions"].get("guestbook"):
                return str(found["tag"])
    return ""


def test_registries_conf_is_read_again_when_it_changes(
    scene: Scene, private: FaultyRegistry
) -> None:
    scene.guestbook.push("v1")
    _configure(scene, private)
    scene.refresher.start()
    scene.argocd.create_application(_application(scene, private))
    wait_for(
        "a refusal", lambda: "HTTP 401 Unauthorized without credentials" in scene.refresher.log
    )
    assert _chosen(scene) == ""

    namespace = scene.argocd.namespace
    _configure(scene, private, credentials=f"secret:{namespace}/{_SECRET}#pair", nme="typo")
    wait_for("the mistake", lambda: "no key 'nme'; did you mean 'name'?" in scene.refresher.log)

    scene.argocd.kubernetes.delete(f"{_configmaps(scene)}/argocd-image-updater-config")
    _configure(scene, private, credentials=f"secret:{namespace}/{_SECRET}#pair")
    wait_for("the absence", lambda: "there is none of this name; create it" in scene.refresher.log)

    _secret(scene, namespace, {"pair": f"{USER}:{PASSWORD}\n"})
    wait_for("the choice", lambda: _chosen(scene) == "v1")
    assert PASSWORD not in scene.refresher.log


def test_a_pull_secret_beside_its_application(scene: Scene, private: FaultyRegistry) -> None:
    (other, *_) = scene.argocd.other_namespaces
    scene.guestbook.push("v1")
    _secret(scene, other, _docker_config(private.host))
    _configure(scene, private)
    scene.refresher.start()
    keys = {"guestbook.pull-secret": f"pullsecret:{other}/{_SECRET}"}
    scene.argocd.create_application(_application(scene, private, keys=keys, namespace=other))

    wait_for("the choice", lambda: _chosen(scene) == "v1")
    assert PASSWORD not in scene.refresher.log


@pytest.mark.parametrize(
    ("written", "said"),
    [
        pytest.param("pullsecret:{other}/{secret}", "can only use the Secrets beside it", id="far"),
        pytest.param("Secret:{other}/{secret}#x", "can only use the Secrets beside it", id="case"),
        pytest.param("env:HOME", "env: is for registries.conf only", id="env"),
        pytest.param("pullsecret:{own}/{secret}", "it is Argo CD's own", id="argo-cds-own"),
    ],
)
def test_what_an_annotation_may_not_name(
    scene: Scene, private: FaultyRegistry, written: str, said: str
) -> None:
    own, (other, *_) = scene.argocd.namespace, scene.argocd.other_namespaces
    scene.guestbook.push("v1")
    _secret(scene, other, _docker_config(private.host))
    label = {"argocd.argoproj.io/secret-type": "repository"}
    _secret(scene, own, _docker_config(private.host), **label)
    _configure(scene, private)
    scene.refresher.start()
    secret = written.format(own=own, other=other, secret=_SECRET)
    keys = {"guestbook.pull-secret": secret}
    scene.argocd.create_application(_application(scene, private, keys=keys))

    wait_for("the refusal", lambda: said in scene.refresher.log)
    scene.refresher.wait_for_pass()
    assert _chosen(scene) == ""
    assert PASSWORD not in scene.refresher.log
