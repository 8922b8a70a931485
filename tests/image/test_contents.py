"""What is in the image, and what is not."""

import json
import re
from importlib.metadata import requires
from typing import Any

import pytest
from docker.models.images import Image

from cmp import __version__
from release.container import Cell
from release.image import measured
from release.recipe import default
from tests.support.cli import PROJECT

pytestmark = pytest.mark.image

_LARGEST = 400e6
_FOLDER = f"/usr/local/lib/python{default('PYTHON')}/dist-packages"

# As 999 in the image: each is a question with its answer as JSON.
_PRELUDE = f"""
import json, os, stat, sys
from importlib.metadata import distributions
from pathlib import Path
FOLDER = {_FOLDER!r}
def files(*roots):
    for root in roots:
        for folder, folders, names in os.walk(root):
            folders[:] = [n for n in folders if f"{{folder}}{{n}}" not in ("/proc", "/sys", "/dev")]
            for name in (*names, *folders):
                path = os.path.join(folder, name)
                yield path, os.lstat(path)
"""
_PRIVILEGED = "[p for p, s in files('/') if stat.S_ISREG(s.st_mode) and s.st_mode & 0o6000]"
_WRITABLE = """[
    p for p, s in files('/')
    if not stat.S_ISLNK(s.st_mode) and (s.st_mode & 0o002 or s.st_uid == 999 or s.st_gid == 999)
]"""
_PROGRAMS = (
    "sorted({n for f in os.environ['PATH'].split(':') if os.path.isdir(f) for n in os.listdir(f)})"
)
_COMPILED = """[
    str(p) for p in Path(FOLDER).rglob('*.py')
    if not (c := Path(__import__('importlib.util').util.cache_from_source(str(p)))).exists()
    or c.read_bytes()[4:8] != (1).to_bytes(4, 'little')
]"""
_VERSIONS = "{d.name: d.version for d in distributions(path=[FOLDER])}"


def _asked(cell: Cell, question: str) -> Any:
    script = f"{_PRELUDE}\nprint(json.dumps({question}))"
    done = Cell(client=cell.client, image=cell.image, entrypoint=("python3", "-I", "-c")).run(
        script
    )
    assert (done.status, done.stderr) == (0, ""), done
    return json.loads(done.stdout)


def _pins() -> dict[str, str]:
    lines = (PROJECT / "constraints.txt").read_text().splitlines()
    return {
        _canonical(name): version
        for name, _, version in (line.partition("==") for line in lines if "==" in line)
    }


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_it_says_what_it_is(image: Image) -> None:
    labels = image.labels

    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert re.fullmatch("[0-9a-f]{40}", labels["org.opencontainers.image.revision"])
    assert image.attrs["Config"]["User"] == "999:999"


def test_it_is_small_and_starts_soon(cell: Cell, image: Image) -> None:
    figures = measured(cell.client, image)
    print(figures)  # noqa: T201 - for a person

    assert image.attrs["Size"] < _LARGEST, figures


def test_it_holds_the_plugin_as_it_is_here(cell: Cell) -> None:
    content = _asked(cell, "Path('/home/argocd/cmp-server/config/plugin.yaml').read_text()")

    assert content == (PROJECT / "plugin.yaml").read_text()


def test_nothing_can_be_written_but_what_everyone_may_write(cell: Cell) -> None:
    everyones = {"/tmp", "/var/tmp", "/run/lock"}  # noqa: S108 - they are looked at, not used

    assert set(_asked(cell, _WRITABLE)) <= everyones


def test_no_program_becomes_somebody_else(cell: Cell) -> None:
    assert _asked(cell, _PRIVILEGED) == []


def test_nothing_to_install_or_build_with_is_left_and_no_renderer(cell: Cell) -> None:
    programs = set(_asked(cell, _PROGRAMS))

    assert {"git", "ssh", "gpg", "python3", "tini"} <= programs
    assert not programs & {
        *("pip", "pip3", "cc", "gcc", "g++", "ld", "make", "curl", "wget"),
        *("helm", "kustomize", "kubectl", "argocd"),
    }


def test_each_module_is_compiled_so_that_its_time_does_not_matter(cell: Cell) -> None:
    assert _asked(cell, _COMPILED) == []


def test_each_package_is_one_that_the_program_needs_at_its_pinned_version(cell: Cell) -> None:
    versions = {_canonical(name): version for name, version in _asked(cell, _VERSIONS).items()}
    needed = {
        _canonical(re.split(r"[ <>=;\[]", text, maxsplit=1)[0])
        for text in requires("argocd-image-cmp") or []
        if "extra == 'dev'" not in text and 'extra == "dev"' not in text
    }

    assert versions.pop("argocd-image-cmp") == __version__
    assert needed <= versions.keys()
    assert versions.items() <= _pins().items()


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("import yaml; yaml.CSafeLoader, yaml.__with_libyaml__ or 1 / 0", id="libyaml"),
        pytest.param(
            "import importlib, pkgutil, cmp\n"
            "for found in pkgutil.walk_packages(cmp.__path__, 'cmp.'):\n"
            "    importlib.import_module(found.name)",
            id="every-module-of-ours",
        ),
        pytest.param(
            "import re2, jsonpatch, packaging.version, cronsim, cryptography.hazmat.primitives\n"
            "import google.auth, google.auth.transport.requests, prometheus_client, tqdm\n"
            "from zoneinfo import ZoneInfo; ZoneInfo('Asia/Shanghai')",
            id="what-is-loaded-late",
        ),
        pytest.param(
            "from botocore.session import Session\n"
            "for service in ('ecr', 'sts', 'sso', 'sso-oidc', 'signin'):\n"
            "    Session().create_client(service, region_name='eu-central-1')",
            id="the-services-of-aws-that-lead-to-a-token",
        ),
    ],
)
def test_what_is_imported_when_it_is_needed_is_there(cell: Cell, script: str) -> None:
    python = Cell(client=cell.client, image=cell.image, entrypoint=("python3", "-I", "-c"))

    done = python.run(script)

    assert (done.status, done.stderr) == (0, "")
