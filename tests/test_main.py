"""The command line as a whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from cmp import __version__
from cmp.__main__ import COMMANDS
from tests.support.cli import cmp


def test_help_lists_every_command(tmp_path: Path) -> None:
    done = cmp("--help", cwd=tmp_path)

    assert done.returncode == 0
    for name, (_, summary) in COMMANDS.items():
        assert name in done.stdout
        assert summary in " ".join(done.stdout.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_its_arguments(command: str, tmp_path: Path) -> None:
    done = cmp(command, "--help", cwd=tmp_path)

    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: python -m cmp {command}")


def test_version(tmp_path: Path) -> None:
    assert cmp("--version", cwd=tmp_path).stdout == f"argocd-image-cmp {__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("rendr",), ("resolve",), ("render", "--nope")])
def test_a_wrong_call_is_status_2_and_says_what_is_expected(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    done = cmp(*arguments, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: python -m cmp" in done.stderr


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    argv = [sys.executable, "-I", "-m", "cmp", "resolve", "app", "--tags", "-"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            argv, input=b"1.0\n", stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, check=False
        )

    assert done.returncode == 1
    assert done.stderr == b"error: standard output: No space left on device\n"


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    """``python -m cmp resolve … | head -1``: standard output is closed early."""
    tags = "\n".join(f"1.{number}" for number in range(20_000))
    argv = [sys.executable, "-I", "-m", "cmp", "resolve", "app", "--tags", "-", "-o", "json"]
    with subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(tags)
        process.stdin.close()
        complaint = process.stderr.read()

    assert "Traceback" not in complaint
    assert process.returncode == 1
