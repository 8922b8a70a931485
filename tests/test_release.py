"""What is released: one version, a changelog that fits it, and a wheel that runs by itself."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.version import Version

from cmp import __version__
from tests.support.cli import PROJECT, run

_HEADINGS = re.findall(r"^## (.*)$", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)


def _tracked(*paths: str) -> set[str]:
    argv = ["git", "ls-files", "-z", "--", *paths]
    done = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, check=True)
    return {name for name in done.stdout.split("\0") if (PROJECT / name).is_file()}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build as `make dist` does."""
    folder = tmp_path_factory.mktemp("dist")
    done = run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), "."], PROJECT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def wheel(dist: Path) -> Path:
    return dist / f"argocd_image_cmp-{__version__}-py3-none-any.whl"


def test_the_version_stands_in_one_place_and_names_the_image_elsewhere() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    named = {
        (file, version)
        for file in _tracked()
        for version in re.findall(r"argocd-image-cmp:(\d[\w.-]*)", _text(file))
    }

    assert project["project"]["dynamic"] == ["version"]
    assert {place for place in named if place[1] != __version__} == set()


def _text(file: str) -> str:
    return (PROJECT / file).read_bytes().decode(errors="replace")


def test_the_changelog_ends_in_this_version_or_in_what_is_to_become_it() -> None:
    released = [heading for heading in _HEADINGS if heading != "Unreleased"]
    assert all(re.fullmatch(r"\S+ - \d{4}-\d\d-\d\d", heading) for heading in released)
    versions = [Version(heading.partition(" ")[0]) for heading in released]

    assert versions == sorted(versions, reverse=True)
    assert all(version <= Version(__version__) for version in versions)
    assert _HEADINGS[0] == "Unreleased" or versions[0] == Version(__version__)


def test_the_wheel_has_all_of_the_program_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert names == _tracked("cmp")


def test_the_sdist_has_what_it_takes_to_build_and_test(dist: Path) -> None:
    root = f"argocd_image_cmp-{__version__}"
    with tarfile.open(dist / f"{root}.tar.gz") as archive:
        names = {name.removeprefix(f"{root}/") for name in archive.getnames()}

    assert _tracked() <= names


def test_the_wheel_runs_in_a_venv_of_its_own(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    python = str(venv / "bin" / "python")
    run([sys.executable, "-m", "venv", "--without-pip", str(venv)], tmp_path)
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    installed = run([*pip, "--no-index", "--no-deps", str(wheel)], tmp_path)
    assert installed.returncode == 0, installed.stderr

    helped = run([python, "-I", "-m", "cmp", "--help"], tmp_path, measured=False)
    version = run([str(venv / "bin" / "argocd-image-cmp"), "--version"], tmp_path, measured=False)

    assert (helped.returncode, helped.stderr) == (0, "")
    assert version.stdout == f"argocd-image-cmp {__version__}\n"
