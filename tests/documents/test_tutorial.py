"""README.md and docs/tutorial.md, command by command.

Each ``console`` block of tutorial.md is run, and prints what it says.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.documents.blocks import Block, blocks, is_as_written, session
from tests.support.cli import PATH, PROJECT
from tests.support.guestbook import Guestbook
from tests.support.registry import RegistryServer

_SERVE = "python -m demo serve "


@pytest.mark.tools
def test_the_tutorial_prints_what_it_says(
    tmp_path: Path, registry_binary: Path, helm: Path
) -> None:
    clone = _clone(tmp_path)
    served, *others = [
        b for b in blocks() if b.document == "tutorial.md" and b.language == "console"
    ]
    ((serve, greeting),) = session(served)
    assert serve.startswith(_SERVE)

    with _serving(clone, serve, greeting):
        for block in others:
            _run(clone, block)


def _clone(folder: Path) -> Path:
    """Return a folder that is like a clone, with nothing in it that a test would leave there."""
    for name in ("cmp", "demo", "docs", "examples", "tests", ".tools"):
        (folder / name).symlink_to(PROJECT / name)
    return folder


def _environment() -> dict[str, str]:
    return {"PATH": f"{Path(sys.executable).parent}:{PATH}", "LANG": "C.UTF-8", "USER": "anna"}


@contextmanager
def _serving(clone: Path, line: str, greeting: str) -> Iterator[None]:
    with subprocess.Popen(
        line.split(), cwd=clone, env=_environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            printed = "".join(process.stdout.readline() for _ in greeting.splitlines())
            assert is_as_written(greeting, printed), printed
            yield
        finally:
            process.send_signal(signal.SIGINT)
            try:
                status = process.wait(20)
            finally:
                process.kill()
        assert status == 0


def _run(clone: Path, block: Block) -> None:
    for line, written in session(block):
        printed = _output(clone, line)
        assert is_as_written(written, printed), f"{line}\n{printed}"


def _output(folder: Path, line: str) -> str:
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}"
    return done.stdout


@pytest.mark.tools
def test_the_commands_of_the_readme_do_what_stands_beside_them(
    tmp_path: Path, registry: RegistryServer, helm: Path
) -> None:
    """With the registry that is there for the one that is made up, and without ``crane``."""
    book = Guestbook.create(tmp_path, registry)
    book.push("1.2.0", "1.3.0")
    keys = {"guestbook.helm.image-name": "frontend.image.repository"}
    keys["guestbook.helm.image-tag"] = "frontend.image.tag"
    book.application({"image-list": f"guestbook={book.image}:^1", **keys})
    (tmp_path / "applications").rename(book.repository / "apps")
    (book.repository / "registries.conf").write_text(
        f"registries:\n- name: ours\n  prefix: {registry.host}\n  api_url: {registry.url}\n"
    )
    (block,) = (b for b in blocks() if b.document == "README.md" and "refresh --once" in b.text)
    printed = {}
    for written in block.text.replace("registry.test/team/app", book.image).splitlines():
        line, _, said = written.partition("#")
        if not line.startswith("crane"):
            printed[said.strip()] = _output(book.repository, line)

    assert f"{book.image}:1.3.0" in printed["the manifests"]
    assert f'+          image: "{book.image}:1.3.0"' in printed["what changes"]
    assert "newest of 2 allowed tags" in printed["each image: what, since when, and why"]
    assert json.loads(printed["one choice"])["tag"] == "1.3.0"
    assert "\nfailed" not in printed["does it answer?"]
