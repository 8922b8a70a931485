"""What becomes of a write when this side fails: no disk, killed, no git, a hanging server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmp.errors import GitFailed, GitRefused
from cmp.writeback import git_clone
from cmp.writeback.git_reason import failed
from tests.support.bare import Bare
from tests.support.cli import PROJECT
from tests.support.git_server import GitServer
from tests.support.waiting import wait_for
from tests.writeback.site import Site, line, processes_of

VALUES = "values.yaml"


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    return Bare(tmp_path / "served" / "app.git", {VALUES: "tag: v1\n"})


def process(folder: Path, url: str, tag: str, limit: int = 0) -> "subprocess.Popen[str]":
    module = "tests.writeback.engine_process"
    return subprocess.Popen(
        [sys.executable, "-m", module, str(folder), url, tag, str(limit)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_killed_between_commit_and_push(tmp_path: Path, bare: Bare) -> None:
    gate = tmp_path / "gate"
    bare.hook(
        "pre-receive",
        f"touch {tmp_path}/pushing; while ! test -e {gate}; do sleep 0.02; done; exit 1",
    )
    folder = tmp_path / "engine"
    with GitServer(tmp_path / "served", {}) as server:
        first = process(folder, f"{server.url}/app.git", "v2")
        wait_for("it pushes", (tmp_path / "pushing").exists)
        first.kill()
        first.communicate()
        gate.touch()
        wait_for("its git has ended", lambda: not processes_of(folder))
        assert bare.log() == ["first"]
        (bare.path / "hooks" / "pre-receive").unlink()

        second = process(folder, f"{server.url}/app.git", "v2")
        said, errors = second.communicate(timeout=60)

    assert said.strip() == bare.tip(), errors
    assert bare.log() == ["build: automatic update of app", "first"]
    assert list(folder.iterdir()) == []


def noisy(tmp_path: Path) -> Bare:
    """Return a repository whose file does not become small by compression."""
    noise = "\n".join(os.urandom(40).hex() for _ in range(4000))
    return Bare(tmp_path / "served" / "app.git", {VALUES: f"tag: v1\n{noise}\n"})


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(disk)]
    if subprocess.run(argv, capture_output=True, check=False).returncode:
        pytest.skip("may not mount here: a full disk is shown to root only")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_told_and_nothing_is_half(tmp_path: Path, small_disk: Path) -> None:
    bare = noisy(tmp_path)

    with Site(small_disk, bare.file_url) as site:
        site.submit("app", line(VALUES, "v2"))
        outcome = site.failure()
        assert outcome.again_s
        said = str(outcome.error)

    assert "takes no more; give the volume of its clones more space" in said
    assert bare.log() == ["first"]
    assert list(small_disk.iterdir()) == []


def test_a_file_that_may_not_grow_is_tried_again(tmp_path: Path) -> None:
    """As a quota of the container's: git is ended by a signal in the middle of a fetch."""
    bare = noisy(tmp_path)

    limited = process(tmp_path / "engine", bare.file_url, "v2", limit=20_000)
    said, errors = limited.communicate(timeout=60)

    assert "it is tried again" in said, errors
    assert bare.log() == ["first"]
    assert list((tmp_path / "engine").iterdir()) == []


def test_a_clone_that_is_damaged_is_made_anew(tmp_path: Path, bare: Bare) -> None:
    with Site(tmp_path, bare.file_url) as site:
        site.submit("app", line(VALUES, "v2"))
        site.settle()
        (clone,) = site.folder.glob("*/clone.git")
        for pack in clone.glob("objects/pack/*"):
            pack.chmod(0o600)
            pack.write_bytes(b"")
        (clone / "shallow.lock").touch()
        site.submit("app", line(VALUES, "v3"))
        outcomes = site.settle()

    assert outcomes[-1].commit == bare.tip()
    assert bare.show(VALUES) == b"tag: v3\n"


def test_a_server_that_hangs_is_given_up(
    tmp_path: Path, bare: Bare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_clone, "NETWORK_S", 0.5)
    bare.hook("pre-receive", "sleep 30")

    with Site(tmp_path, bare.file_url) as site:
        site.submit("app", line(VALUES, "v2"))
        outcome = site.failure()
        assert "git push had not ended after 0.5 s" in str(outcome.error)

    assert bare.log() == ["first"]


def test_without_git_it_says_so(tmp_path: Path, bare: Bare) -> None:
    with Site(tmp_path, bare.file_url, env={"PATH": "/nowhere"}) as site:
        site.submit("app", line(VALUES, "v2"))
        outcome = site.failure()

    assert "git could not be started" in str(outcome.error)
    assert outcome.again_s


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        ("fatal: Authentication failed for 'https://u:pw@git.test/a/'", GitRefused, "git.test/a/"),
        ("remote: Repository not found.\nfatal: repository 'x' not found", GitRefused, "no such"),
        ("error: file write error: No space left on device", GitFailed, "more space"),
        ("fatal: unable to access 'https://x/': Could not resolve host: x", GitFailed, "answer"),
        ("fatal: transport 'ext' not allowed", GitRefused, "cannot be written"),
        ("", GitFailed, "tried again"),
    ],
)
def test_what_git_says_is_put_into_a_sentence(said: str, kind: type, told: str) -> None:
    error = failed(said, where="https://git.test/a")

    assert type(error) is kind
    assert told in str(error)
    assert "pw@" not in str(error)
    assert "\n" not in str(error)
