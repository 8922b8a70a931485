"""Our plugin in a real argocd-cmp-server, told of images by our real refresher."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.applications import Application
from tests.support.argocd import ArgoCD
from tests.support.git import commit_all, git
from tests.support.guestbook import Guestbook, images
from tests.support.hostile import plant

pytestmark = pytest.mark.e2e

TARGETS = {
    "guestbook.helm.image-name": "frontend.image.repository",
    "guestbook.helm.image-tag": "frontend.image.tag",
}
VALUES = [{"name": "helm.valueFiles", "array": ["values.yaml"]}]


def manifest(guestbook: Guestbook, image: str = "", **options: Any) -> dict[str, Any]:
    """Write an Application that syncs by itself, for the refresher; return it for Argo CD."""
    name = guestbook.namespace
    file = guestbook.application(
        {"image-list": image or f"guestbook={guestbook.image}", **TARGETS},
        **{"parameters": VALUES, **options},
        name=name,
        destination={"server": "https://kubernetes.default.svc", "namespace": name},
        syncPolicy={"automated": {}},
    )
    written: dict[str, Any] = yaml.safe_load(file.read_text())
    return written


@pytest.fixture
def deployed(argocd: ArgoCD, guestbook: Guestbook) -> Application:
    """Return an Application of the guestbook at v4, synced."""
    guestbook.push("v1", "v2", "v3", "v4")
    application = manifest(guestbook)
    guestbook.refresh()
    created = argocd.create_application(application)
    created.synced()
    return created


def test_the_deployment_has_the_newest_image_while_git_says_v1(
    guestbook: Guestbook, deployed: Application
) -> None:
    assert images(guestbook.native())["frontend"] == f"{guestbook.image}:v1"
    assert deployed.images() == {
        "frontend": f"{guestbook.image}:v4",
        "redis-master": f"{guestbook.redis}:6.0.9",
        "redis-slave": f"{guestbook.redis}:6.0.9",
    }


def test_a_hard_refresh_and_then_a_sync_deploy_what_was_decided_since(
    guestbook: Guestbook, deployed: Application
) -> None:
    before = git(guestbook.repository, "rev-parse", "HEAD").strip()
    guestbook.push("v5")
    guestbook.refresh()

    refreshed = deployed.hard_refresh()

    assert refreshed["sync"]["status"] == "OutOfSync"
    assert deployed.images()["frontend"] == f"{guestbook.image}:v4"

    synced = deployed.sync()

    assert synced["operationState"]["phase"] == "Succeeded"
    assert deployed.images()["frontend"] == f"{guestbook.image}:v5"
    assert [entry["revision"] for entry in synced["history"]] == [before, before]


def test_a_policy_that_cannot_be_read_is_explained_in_the_application(
    argocd: ArgoCD, guestbook: Guestbook
) -> None:
    guestbook.push("v1")
    application = manifest(guestbook, f"guestbook={guestbook.image}:^^1")
    guestbook.refresh(status=2)

    created = argocd.create_application(application)

    said = guestbook.generate(parameters=VALUES, name=guestbook.namespace).stderr.strip()
    assert "not a version constraint: '^^1'" in said
    assert created.condition("ComparisonError").endswith(f" failed exit status 2: {said}")
    assert created.images() == {}


@pytest.mark.parametrize(
    ("path", "parameters", "native"),
    [
        pytest.param(
            "helm",
            [*VALUES, {"name": "helm.releaseName", "string": "shop"}],
            {"helm": {"valueFiles": ["values.yaml"], "releaseName": "shop"}},
            id="helm",
        ),
        pytest.param("kustomize", [], {"kustomize": {}}, id="kustomize"),
        pytest.param(
            "directory",
            [{"name": "directory.recurse", "string": "true"}],
            {"directory": {"recurse": True}},
            id="directory",
        ),
    ],
)
def test_apart_from_the_image_everything_is_as_argo_cd_renders_it_natively(
    argocd: ArgoCD,
    guestbook: Guestbook,
    path: str,
    parameters: list[dict[str, Any]],
    native: dict[str, Any],
) -> None:
    guestbook.push("v1", "v4")
    if path == "directory":
        _write_files_of_every_kind(guestbook)
    application = manifest(guestbook, path=path, parameters=parameters)
    guestbook.refresh()
    name = guestbook.namespace
    twin = json.loads(json.dumps(application).replace(name, f"{name}-twin"))
    del twin["spec"]["source"]["plugin"]
    twin["spec"]["source"] |= native | {"repoURL": guestbook.repo_url}

    ours = argocd.create_application(application)
    theirs = argocd.create_application(twin)
    ours.synced()
    theirs.synced()

    expected = json.dumps(theirs.applied()).replace(f"{name}-twin", name)
    assert expected.count(f"{guestbook.image}:v1") == 1
    assert ours.applied() == json.loads(
        expected.replace(f"{guestbook.image}:v1", f"{guestbook.image}:v4")
    )


def _write_files_of_every_kind(guestbook: Guestbook) -> None:
    """Commit a plain directory with all that Argo CD reads in one."""
    guestbook.plain_directory()
    folder = guestbook.repository / "directory" / "more"
    folder.mkdir()
    one = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "é😀\u2028 / \n"}}
    named = [{**one, "metadata": {"name": f"{name}-file"}} for name in "abcde"]
    (folder / "a.json").write_text(json.dumps(named[0], indent="\t"))
    (folder / "b.yaml").write_text(json.dumps(named[1], indent="\t"))
    (folder / "c.yml").write_text("---\n" + yaml.safe_dump(named[2]), encoding="utf-16")
    (folder / "d.yaml").write_text(
        json.dumps({"kind": "List", "apiVersion": "v1", "items": named[3:]})
    )
    (folder / "e.yaml").write_text("a: 1  # no manifest\n")
    (folder / "f.yaml").write_text(
        "apiVersion: v1\r\nkind: ConfigMap\r\nmetadata: {name: f}\r\n"
        "data:\r\n  x: |+\r\n    y\r\n\r\n"
    )
    commit_all(guestbook.repository, "A plain directory")


def test_an_applications_repository_cannot_run_code_in_the_sidecar(
    argocd: ArgoCD, guestbook: Guestbook, tmp_path: Path
) -> None:
    marker = tmp_path / "executed"
    plant(guestbook.repository, marker)
    plant(guestbook.repository / "helm", marker)
    commit_all(guestbook.repository, "Modules by names that we import")
    guestbook.push("v1", "v4")
    application = manifest(guestbook)
    guestbook.refresh()

    created = argocd.create_application(application)
    created.synced()

    assert created.images()["frontend"] == f"{guestbook.image}:v4"
    assert not marker.exists()
