"""`convert --diff`: what a conversion changes of what is rendered."""

import json
from pathlib import Path

import pytest
import yaml

from tests.support.cli import cmp
from tests.support.guestbook import PREFIX, Guestbook
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.tools


@pytest.fixture
def guestbook(tmp_path: Path, registry: RegistryServer, helm: Path) -> Guestbook:
    guestbook = Guestbook.create(tmp_path, registry)
    guestbook.push("v1", "v4")
    guestbook.application(policy(guestbook))
    guestbook.refresh()
    return guestbook


def policy(guestbook: Guestbook) -> dict[str, str]:
    return {
        "image-list": f"app={guestbook.image}",
        "app.helm.image-name": "frontend.image.repository",
        "app.helm.image-tag": "frontend.image.tag",
    }


def native(guestbook: Guestbook, **helm: object) -> Path:
    file = guestbook.root / "native.yaml"
    source = {"repoURL": guestbook.repo_url, "path": "helm", "targetRevision": "main"}
    annotations = {f"{PREFIX}{name}": value for name, value in policy(guestbook).items()}
    manifest = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "guestbook", "namespace": "argocd", "annotations": annotations},
        "spec": {"source": {**source, "helm": helm}, "destination": {"namespace": "default"}},
    }
    file.write_text(yaml.safe_dump(manifest))
    return file


def test_images_are_all_that_differs(guestbook: Guestbook) -> None:
    file = native(guestbook, valuesObject={"frontend": {"replicaCount": 5}})
    checkout = ("--diff", str(guestbook.repository))

    without = cmp("convert", str(file), *checkout, cwd=guestbook.root)
    done = cmp("convert", str(file), *checkout, "--index", guestbook.index_url, cwd=guestbook.root)

    assert (without.returncode, without.stdout, without.stderr) == (0, "", "")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines() if line[:2] in ("- ", "+ ")]
    assert [(sign, name, value.strip('"')) for sign, name, value in lines] == [
        ("-", "image:", f"{guestbook.image}:v1"),
        ("+", "image:", f"{guestbook.image}:v4"),
    ]


def test_the_way_back_gives_gits_images(guestbook: Guestbook) -> None:
    file = native(guestbook, valueFiles=["values.yaml"])
    assert cmp("convert", "--write", str(file), cwd=guestbook.root).returncode == 0
    flags = ("--to", "native", "--diff", str(guestbook.repository), "--index", guestbook.index_url)

    done = cmp("convert", str(file), *flags, cwd=guestbook.root)

    assert (done.returncode, done.stderr) == (0, "")
    lines = [line for line in done.stdout.splitlines() if line[:2] in ("- ", "+ ")]
    assert ["v4" in lines[0], "v1" in lines[1], len(lines)] == [True, True, 2]


def test_what_argo_cd_would_merge_into_the_source_is_told(guestbook: Guestbook) -> None:
    left_over = guestbook.repository / "helm" / ".argocd-source-guestbook.yaml"
    left_over.write_text(json.dumps({"helm": {"parameters": []}}))
    file = native(guestbook)

    done = cmp("convert", str(file), "--diff", str(guestbook.repository), cwd=guestbook.root)

    assert done.returncode == 0
    assert "note: helm/.argocd-source-guestbook.yaml sets helm, and Argo CD refuses" in done.stderr


def test_a_checkout_of_another_repository_is_an_error(guestbook: Guestbook) -> None:
    file = native(guestbook)

    done = cmp("convert", str(file), "--diff", str(guestbook.root), cwd=guestbook.root)

    assert done.returncode == 2
    assert "is not in the checkout, and not rendered; name a checkout of its" in done.stderr
