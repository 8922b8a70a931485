"""Where a repository begins, and that nothing leads out of it."""

from pathlib import Path

import pytest

from cmp.errors import InvalidSource
from cmp.renderers.paths import inside, repository_root, unpacked_root


@pytest.mark.parametrize(
    ("directory", "source_path", "root"),
    [
        pytest.param("/r/services/app", "services/app", "/r", id="by-its-path"),
        pytest.param("/r/services/app", "./services/app/", "/r", id="path-not-normal"),
        pytest.param("/r/app", "other", "/r/app", id="path-does-not-fit"),
        pytest.param("/r/app", "", "/r/app", id="chart"),
        pytest.param("/r", ".", "/r", id="root"),
        pytest.param("/w/_cmp_server/u-1/a/b", "a/b", "/w/_cmp_server/u-1", id="unpacked"),
        pytest.param("/w/_cmp_server/u-1/b", "a/b", "/w/_cmp_server/u-1", id="unpacked-cut"),
        pytest.param("/w/_cmp_server/u-1", "", "/w/_cmp_server/u-1", id="unpacked-chart"),
    ],
)
def test_the_root_of_a_source(directory: str, source_path: str, root: str) -> None:
    assert repository_root(directory, source_path) == root


def test_a_persons_checkout_begins_at_its_git_folder(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    source = tmp_path / "deploy" / "app"
    source.mkdir(parents=True)

    assert repository_root(str(source), "elsewhere") == str(tmp_path)
    assert unpacked_root(str(source)) is None


@pytest.mark.parametrize("written", ["..", "../x/../..", "/..", "/", "../../etc/passwd", "a/../.."])
def test_no_path_leads_out(tmp_path: Path, written: str) -> None:
    source = tmp_path / "app"
    source.mkdir()

    with pytest.raises(InvalidSource, match="leads out of the repository"):
        inside(str(tmp_path), str(source), written, what="helm.valueFiles")


def test_a_neighbour_with_a_longer_name_is_outside(tmp_path: Path) -> None:
    root, neighbour = tmp_path / "repo", tmp_path / "repository"
    root.mkdir()
    neighbour.mkdir()

    with pytest.raises(InvalidSource, match="leads out of the repository"):
        inside(str(root), str(root), "../repository/values.yaml", what="helm.valueFiles")
