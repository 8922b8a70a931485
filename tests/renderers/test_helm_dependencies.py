"""Dependencies that are not in charts/: what is started, and what stays as it was."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmp.errors import InvalidSource, RenderRefused, ToolFailed
from cmp.renderers.helm import render
from tests.support.charts import Chart, helm_repository
from tests.support.cli import TOOLS
from tests.support.jobs import job

pytestmark = pytest.mark.tools


@pytest.fixture
def root(tmp_path: Path, helm: Path) -> Path:
    """A person's repository: lib in it, and chart beside it for each test to write."""
    root = tmp_path / "root"
    Chart.create(root / "lib").write("values.yaml", "shared: 1\n")
    return root


def _started(root: Path) -> list[str]:
    return (root.parent / "started").read_text().splitlines()


def _tree(root: Path) -> dict[str, bytes]:
    return {str(f.relative_to(root)): f.read_bytes() for f in root.rglob("*") if f.is_file()}


def test_a_chart_of_the_repository_is_built_in_a_copy(root: Path) -> None:
    chart = Chart.create(root / "chart", depends_on="file://../lib")
    before = _tree(root)
    env = {**chart.recorded(root.parent), "CMP_OFFLINE": "true"}

    output = render(job(root, env=env, parameters={"helm.valueFiles": ("/lib/values.yaml",)}))

    assert chart.values(output)["shared"] == 1
    assert output.count(b"name: shows") == 2
    assert _started(root) == ["helm template", "helm dependency build", "helm template"]
    assert _tree(root) == before


@pytest.mark.parametrize("lock", ["", "dependencies"])
def test_where_the_repository_is_ours_it_is_built_in_place_and_the_lock_stays(
    tmp_path: Path, lock: str, helm: Path
) -> None:
    root = tmp_path / "_cmp_server" / "uuid"
    Chart.create(root / "lib")
    chart = Chart.create(root / "chart", depends_on="file://../lib")
    path = root / "chart" / "Chart.lock"
    if lock:
        subprocess.run(
            [TOOLS / "helm", "dependency", "build"],
            cwd=chart.folder,
            check=True,
            capture_output=True,
        )
        (chart.folder / "charts" / "lib-1.0.0.tgz").unlink()
        lock = path.read_text()

    output = render(job(root))

    assert output.count(b"name: shows") == 2
    assert (root / "chart" / "charts" / "lib-1.0.0.tgz").exists()
    assert (path.read_text() if path.exists() else "") == lock


@pytest.fixture
def repository(root: Path) -> Iterator[str]:
    """A Helm repository with lib in it, over http."""
    with helm_repository(root.parent / "site", root / "lib") as url:
        yield url


def test_a_repository_over_http_is_asked_but_not_added_as_by_argo_cd(
    root: Path, repository: str
) -> None:
    chart = Chart.create(root / "chart", depends_on=repository)
    env = chart.recorded(root.parent)

    output = render(job(root, env=env))

    assert output.count(b"name: shows") == 2
    assert _started(root) == ["helm template", "helm dependency build", "helm template"]


@pytest.mark.parametrize(
    ("address", "started"),
    [
        pytest.param(
            "https://127.0.0.1:1/a/b",
            "helm repo add https:--127.0.0.1:1-a-b https://127.0.0.1:1/a/b",
            id="https",
        ),
        pytest.param("oci://127.0.0.1:1/x", "helm dependency build", id="oci"),
    ],
)
def test_what_does_not_answer_is_worth_another_try(root: Path, address: str, started: str) -> None:
    chart = Chart.create(root / "chart", depends_on=address)
    env = chart.recorded(root.parent)

    with pytest.raises(ToolFailed, match=r"connection refused.*none of Argo CD's credentials"):
        render(job(root, env=env))

    assert _started(root) == ["helm template", started]


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        pytest.param("@stable", "names a repository in Argo CD's settings", id="name"),
        pytest.param("alias:stable", "names a repository in Argo CD's settings", id="alias"),
        pytest.param("file://../../outside", "leads out of the repository", id="parent"),
        pytest.param("file:///outside", "leads out of the repository", id="absolute"),
        pytest.param("https://charts.test", "CMP_OFFLINE forbids it", id="offline"),
        pytest.param("oci://charts.test/x", "CMP_OFFLINE forbids it", id="offline-oci"),
    ],
)
@pytest.mark.parametrize("version", ["v2", "v1"])
def test_what_a_plugin_cannot_have(root: Path, address: str, complaint: str, version: str) -> None:
    chart = Chart.create(root / "chart", depends_on=address, version=version)
    if version == "v1":
        text = (root / "chart" / "Chart.yaml").read_text()
        head, _, listed = text.partition("dependencies:")
        rest = listed[listed.index("name: chart") :]
        chart.write("requirements.yaml", f"dependencies:{listed.removesuffix(rest)}")
        chart.write("Chart.yaml", f"{head}{rest}")
    env = {**chart.recorded(root.parent), "CMP_OFFLINE": "true"}

    with pytest.raises(InvalidSource, match=complaint):
        render(job(root, env=env))

    assert _started(root) == ["helm template"]


def test_a_chart_of_the_repository_that_is_not_there_is_the_owners(root: Path) -> None:
    Chart.create(root / "chart", depends_on="file://../absent")

    with pytest.raises(RenderRefused, match="absent"):
        render(job(root))


def test_helm_has_a_home_of_its_own_that_is_gone_afterwards(root: Path) -> None:
    chart = Chart.create(root / "chart", depends_on="file://../lib")
    temporary = root.parent / "temporary"
    temporary.mkdir()
    env = {**chart.recorded(root.parent), "TMPDIR": str(temporary)}
    helm = root.parent / "bin" / "helm"
    started = "mkdir -p $HELM_CACHE_HOME/a; find $HELM_CACHE_HOME >> ${0%/*}/../homes"
    helm.write_text(
        helm.read_text().replace("exec ", f"[ $1 = template ] || {{ {started}; }}\nexec ")
    )

    render(job(root, env=env))

    assert f"{temporary}/image-cmp-" in (root.parent / "homes").read_text()
    assert [list(folder.iterdir()) for folder in temporary.iterdir()] == [[]]


@pytest.mark.parametrize(
    ("place", "complaint"),
    [
        pytest.param("absent", "absent cannot be written to", id="absent"),
        pytest.param("root", "is in the repository that is rendered; set TMPDIR", id="source"),
    ],
)
def test_a_place_that_cannot_be_used_is_named(root: Path, place: str, complaint: str) -> None:
    chart = Chart.create(root / "chart", depends_on="file://../lib")
    before = sorted(root.rglob("*"))
    env = {**chart.recorded(root.parent), "TMPDIR": str(root.parent / place)}

    with pytest.raises(ToolFailed, match=complaint):
        render(job(root, env=env))

    assert sorted(root.rglob("*")) == before
