"""What helm is called with: Argo CD's own arguments, in its order."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cmp.core.image import Repository
from cmp.core.image_list import ManagedImage, Target
from cmp.core.injection import Choice
from cmp.core.policy import Policy
from cmp.core.record import SourceId
from cmp.errors import InvalidSource
from cmp.renderers import Job
from cmp.renderers.helm import arguments
from cmp.settings import RenderRequest
from tests.support.cli import PROJECT

CASES = {
    case["id"]: case
    for case in json.loads((PROJECT / "tests/cases/argocd-helm.json").read_text())["cases"]
}


def job(root: Path, *choices: Choice, path: str = "chart", **request: Any) -> Job:
    defaults: dict[str, Any] = {
        "instance": "guestbook",
        "namespace": "",
        "kube_version": "",
        "api_versions": (),
        "source": SourceId("https://git.test/x.git", path),
        "parameters": {},
        "variables": {"ARGOCD_APP_NAME": "guestbook"},
    }
    (root / path).mkdir(parents=True, exist_ok=True)
    wanted = RenderRequest(**{**defaults, **request})
    return Job(str(root / path), str(root), wanted, choices, {})


def choice(tag: str, digest: str = "", **target: str) -> Choice:
    image = ManagedImage("app", Repository.parse("r.test/app"), Policy(), Target(**target))
    return Choice(image, tag, digest)


def test_everything_at_once_in_argo_cds_order(tmp_path: Path) -> None:
    chosen = choice("v4", helm_name="frontend.name", helm_tag="frontend.tag")

    argv = arguments(
        job(
            tmp_path,
            chosen,
            namespace="web",
            kube_version="v1.30.11+IKS",
            api_versions=("apps/v1", "v1"),
            parameters={"helm.valueFiles": ("a.yaml", "/shared/b.yaml")},
        )
    )

    assert argv == [
        *("template", ".", "--name-template", "guestbook", "--namespace", "web"),
        *("--kube-version", "1.30.11"),
        *("--set-string", "frontend.name=r.test/app", "--set-string", "frontend.tag=v4"),
        *("--values", f"{tmp_path}/chart/a.yaml", "--values", f"{tmp_path}/shared/b.yaml"),
        *("--api-versions", "apps/v1", "--api-versions", "v1", "--include-crds"),
    ]


def test_options_win_over_what_the_cluster_says(tmp_path: Path) -> None:
    """The fact argv-overrides, as far as the options exist here yet."""
    given = CASES["argv-overrides"]["given"]
    helm = given["helm"]

    argv = arguments(
        job(
            tmp_path,
            instance=given["appName"],
            namespace=given["destNamespace"],
            kube_version=given["clusterKubeVersion"],
            api_versions=tuple(given["clusterApiVersions"]),
            parameters={
                "helm.releaseName": helm["releaseName"],
                "helm.namespace": helm["namespace"],
                "helm.kubeVersion": helm["kubeVersion"],
                "helm.apiVersions": tuple(helm["apiVersions"]),
                "helm.valueFiles": tuple(helm["valueFiles"]),
            },
        )
    )

    expected = CASES["argv-overrides"]["expect"]["argv"].replace("<repo>", f"{tmp_path}/chart")
    for absent in (
        " --set test-param-bool-name=false",
        " --set-string test-param-name=test-value-test-app",
        f" --set-file test-file-param-name={tmp_path}/chart/test-file-param.yaml",
        " --values <inline-values-file>",
    ):
        assert absent in expected
        expected = expected.replace(absent, "")
    assert ["helm", *argv] == [*expected.split(), "--include-crds"]


@pytest.mark.parametrize(
    ("instance", "parameters", "name"),
    [
        pytest.param("guestbook", {}, "guestbook", id="control-plane"),
        pytest.param("team-a_guestbook", {}, "guestbook", id="another-namespace"),
        pytest.param("guestbook", {"helm.releaseName": "my-release"}, "my-release", id="given"),
    ],
)
def test_the_release_name(
    tmp_path: Path, instance: str, parameters: dict[str, str], name: str
) -> None:
    argv = arguments(job(tmp_path, instance=instance, parameters=parameters))

    assert argv[:4] == ["template", ".", "--name-template", name]


@pytest.mark.parametrize(
    "case",
    [c for c in CASES.values() if c["category"] == "value-file-bounds" and "://" not in str(c)],
    ids=lambda case: str(case["id"]),
)
def test_value_files_stay_in_the_repository(tmp_path: Path, case: dict[str, Any]) -> None:
    path, written = case["given"]["appPath"], case["given"]["valueFile"]
    root = tmp_path / "repository"
    if path.startswith(". (root = redis)"):
        path = "."
    (root / path).mkdir(parents=True)
    (tmp_path / "outside.yaml").touch()
    if written.startswith("symlink"):
        inside = "inside" in written
        (root / "values.yaml").touch()
        target = root / "values.yaml" if inside else tmp_path / "outside.yaml"
        (root / path / "link.yaml").symlink_to(target)
        written = "link.yaml"
    asked = job(root, path=path, parameters={"helm.valueFiles": (written,)})

    if case["expect"]["result"].startswith("ok"):
        assert "--values" in arguments(asked)
    else:
        with pytest.raises(InvalidSource, match="leads out of the repository"):
            arguments(asked)


def test_names_in_value_files_are_replaced(tmp_path: Path) -> None:
    asked = job(tmp_path, parameters={"helm.valueFiles": ("values-$ARGOCD_APP_NAME.yaml",)})

    assert f"{tmp_path}/chart/values-guestbook.yaml" in arguments(asked)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param({}, ["image.name=r.test/app", "image.tag=v4@sha256:ab"], id="defaults"),
        pytest.param(
            {"helm_tag": "x.tag"}, ["image.name=r.test/app", "x.tag=v4@sha256:ab"], id="tag-only"
        ),
        pytest.param(
            {"helm_spec": "x.image", "helm_tag": "unused"},
            ["x.image=r.test/app:v4@sha256:ab"],
            id="spec-wins",
        ),
    ],
)
def test_where_an_image_is_set(tmp_path: Path, target: dict[str, str], expected: list[str]) -> None:
    argv = arguments(job(tmp_path, choice("v4", "sha256:ab", **target)))

    assert [v for k, v in pairwise(argv) if k == "--set-string"] == expected
