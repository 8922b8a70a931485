"""docs/tutorial.md, command by command: each ``console`` block is run, and prints what it says."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.documents.blocks import Block, blocks, is_as_written, session
from tests.support.cli import PATH, PROJECT

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
            os.kill(process.pid, signal.SIGINT)
        assert process.wait(20) == 0


def _run(clone: Path, block: Block) -> None:
    for line, written in session(block):
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=clone,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout
        assert is_as_written(written, done.stdout), f"{line}\n{done.stdout}"
