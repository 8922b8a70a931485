"""What docs/ and examples/ have for a cluster, held against a real one."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.documents.blocks import blocks
from tests.documents.fragments import as_application, kind_of
from tests.documents.test_notifications import ONCE_PER_REVISION, fired
from tests.support.argocd import ArgoCD
from tests.support.cli import PROJECT
from tests.support.kubernetes import Kubernetes, Refused
from tests.support.rules import Rules
from tests.support.scene import Scene

pytestmark = pytest.mark.e2e


_ELSEWHERE = ("policy.md", "kustomize/README.md")
"""Checked by what they are for: tests/test_docs.py, tests/test_manifests.py."""


def _objects() -> Iterator[Any]:
    """Yield all that a reader could apply: whole objects, and fragments of Applications."""
    for block in blocks():
        if block.language != "yaml" or block.document in _ELSEWHERE:
            continue
        for number, document in enumerate(yaml.safe_load_all(block.text)):
            kind = kind_of(document)
            if kind == "application":
                yield pytest.param(as_application(document), id=f"{block}-{number}")
            elif kind == "object":
                yield pytest.param(document, id=f"{block}-{number}")
    for file in sorted((PROJECT / "examples" / "guestbook").glob("application*.yaml")):
        yield pytest.param(yaml.safe_load(file.read_text()), id=file.name)


def _apply(kubernetes: Kubernetes, manifest: dict[str, Any], namespace: str) -> None:
    """Have the API server check an object, down to fields that it does not know."""
    version = manifest["apiVersion"]
    group = f"/apis/{version}" if "/" in version else f"/api/{version}"
    kinds = {
        one["kind"]: one for one in kubernetes.get(group)["resources"] if "/" not in one["name"]
    }
    kind = kinds[manifest["kind"]]
    folder = f"{group}/namespaces/{namespace}" if kind["namespaced"] else group
    own = {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}
    kubernetes.post(f"{folder}/{kind['name']}?dryRun=All&fieldValidation=Strict", own)


@pytest.mark.parametrize("manifest", list(_objects()))
def test_the_api_server_takes_it(argocd: ArgoCD, manifest: dict[str, Any]) -> None:
    _apply(argocd.kubernetes, manifest, argocd.namespace)


def test_the_api_server_knows_every_field(argocd: ArgoCD) -> None:
    wrong = as_application({"source": {"repoURL": "https://git.test/x", "paht": "helm"}})

    with pytest.raises(Refused, match="unknown field"):
        _apply(argocd.kubernetes, wrong, argocd.namespace)


@pytest.mark.slow
def test_each_changed_image_is_notified_of_and_not_each_commit(scene: Scene, rules: Rules) -> None:
    app = scene.at_v1()
    once, default = [], []
    for tag in ("v2", "v3"):
        scene.guestbook.push(tag)
        scene.runs(app, tag)
        scene.settle()
        manifest = scene.argocd.kubernetes.get(app.path)
        triggers = fired(rules, manifest)
        assert set(triggers) == {"on-image-updated", "on-operation-succeeded"}
        once.append(triggers["on-image-updated"])
        default.append(rules.evaluate([ONCE_PER_REVISION], {"app": manifest})[0].value)

    assert once[0] != once[1]
    assert default[0] == default[1]
