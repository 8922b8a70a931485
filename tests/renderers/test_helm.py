"""What helm is called with: Argo CD's own arguments, in its order."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.errors import InvalidSource
from cmp.renderers.helm import arguments
from cmp.renderers.helm_sets import escaped
from tests.support.jobs import choice, job


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


def test_an_images_parameters_replace_the_owners_of_the_same_name(tmp_path: Path) -> None:
    asked = job(
        tmp_path,
        choice("v4"),
        parameters={
            "helm.parameters": {"image.tag": "old", "replicas": "2"},
            "helm.forceStringParameters": {"image.name": "old", "port": "80"},
            "helm.fileParameters": {"image.tag": "tag.txt"},
        },
    )

    assert [pair for pair in pairwise(arguments(asked)) if pair[0].startswith("--set")] == [
        ("--set", "replicas=2"),
        ("--set-string", "port=80"),
        ("--set-string", "image.name=r.test/app"),
        ("--set-string", "image.tag=v4"),
    ]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        pytest.param("a=/etc/passwd,b", "a.txt", id="name-assigns"),
        pytest.param("a,b", "a.txt", id="name-comma"),
        pytest.param("a\\\\=b", "a.txt", id="name-escaped-backslash"),
        pytest.param("a", "x\\\\,b=/etc/passwd", id="file-backslash"),
        pytest.param("a", "../../outside", id="file-outside"),
        pytest.param("a", "link.txt", id="file-link"),
        pytest.param("a", "$values/a.txt", id="file-of-another-source"),
        pytest.param("a", "file:///etc/passwd", id="file-scheme"),
    ],
)
def test_a_file_parameter_reads_no_other_file(tmp_path: Path, name: str, file: str) -> None:
    asked = job(tmp_path / "r", parameters={"helm.fileParameters": {name: file}})
    (tmp_path / "r" / "chart" / "link.txt").symlink_to("/etc/passwd")

    with pytest.raises(InvalidSource) as error:
        arguments(asked)

    assert error.value.where == f"helm.fileParameters {name}"


@pytest.mark.parametrize(
    "option", ["helm.parameters", "helm.forceStringParameters"], ids=["typed", "string"]
)
def test_a_value_longer_than_linux_takes_is_named(tmp_path: Path, option: str) -> None:
    fits = "x" * (128 * 1024 - 3)
    asked = job(tmp_path, parameters={option: {"a": fits}})
    too_long = job(tmp_path, parameters={option: {"a": f"{fits}x"}})

    assert any(fits in argument for argument in arguments(asked))
    with pytest.raises(InvalidSource, match=r"128 KiB.*set it in helm\.values") as error:
        arguments(too_long)
    assert error.value.where == f"{option} a"


@given(st.text(alphabet="a,\\{}"))
def test_escaping_is_done_once(value: str) -> None:
    again = escaped(escaped(value))

    assert again == escaped(value)
    assert again.replace("\\,", ",") == value.replace("\\,", ",")
