"""``mirror`` and ``wait`` as the processes that they are in a repo-server's Pod."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cmp import __version__
from cmp.index import Manifest
from cmp.index.file import FileIndex
from cmp.index.redis import RedisIndex
from cmp.tool_versions import tool_versions
from tests.index.examples import NOW, record, snapshot
from tests.support.cli import PATH, cmp
from tests.support.redis import MIRROR, RedisServer
from tests.support.waiting import wait_for


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path, keeps=True) as server:
        yield server


def publish(server: RedisServer, generation: int, tag: str, *, complete: bool = True) -> None:
    store = RedisIndex(server.url, server.environment(tls=False))
    store.put_snapshot(replace(snapshot(tag), generation=generation))
    store.put_application(record(tag=tag)._replace(generation=generation))
    store.put_manifest(Manifest("e", generation, NOW, complete=complete))


@contextmanager
def started(
    *arguments: str, env: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    argv = [sys.executable, "-I", "-m", "cmp", *arguments]
    with log.open("wb") as file:
        process = subprocess.Popen(argv, env={"PATH": PATH, **env}, stderr=file)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@contextmanager
def mirror(server: RedisServer, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    env = {"CMP_STORE": server.tls_url, **server.environment(user=MIRROR)}
    arguments = ("mirror", "--to", str(folder / "index"), "--pod", "repo-server-1")
    with started(*arguments, env=env, log=folder / "mirror.log") as process:
        yield process


def tag(folder: Path) -> str:
    """Return what render would find."""
    index = FileIndex(f"file://{folder}/index")
    manifest, found = index.manifest(), index.application("guestbook")
    if not manifest or not manifest.complete or not found:
        return ""
    return found.sources[0].decisions["guestbook"].tag


def acknowledged(server: RedisServer) -> int:
    store = RedisIndex(server.url, server.environment(tls=False))
    return max((mirror.generation for mirror in store.mirrors()), default=0)


def test_a_mirror_follows_and_acknowledges(server: RedisServer, tmp_path: Path) -> None:
    with mirror(server, tmp_path) as process:
        publish(server, 1, "v1")
        wait_for("v1 is there", lambda: tag(tmp_path) == "v1")
        publish(server, 2, "v2")
        wait_for("v2 is acknowledged", lambda: acknowledged(server) == 2)
        assert tag(tmp_path) == "v2"
        with server.administrator() as client:
            key = "image-cmp:ack:repo-server-1"
            assert 0 < client.ttl(key) <= 15
            assert json.loads(client.get(key) or "") == {
                "schema": 1,
                "epoch": "e",
                "generation": 2,
                "readable": 2,
                "tools": tool_versions({"PATH": PATH}),
            }
        process.terminate()

        assert process.wait(5) == 0


@pytest.mark.parametrize("failure", ["stopped", "silent", "flushed"])
def test_renders_go_on_without_the_store(server: RedisServer, tmp_path: Path, failure: str) -> None:
    with mirror(server, tmp_path):
        publish(server, 1, "v1")
        wait_for("v1 is there", lambda: tag(tmp_path) == "v1")
        if failure == "stopped":
            server.stop()
            wait_for("it is said", lambda: "not mirrored" in (tmp_path / "mirror.log").read_text())
            server.start()
        elif failure == "silent":
            server.pause()
            server.resume()
        else:
            server.flush()
        assert tag(tmp_path) == "v1"
        publish(server, 2, "v2")

        wait_for("v2 is there", lambda: tag(tmp_path) == "v2")
        assert server.password not in (tmp_path / "mirror.log").read_text()


@pytest.mark.parametrize(("tools", "said"), [("helm of our own", "helm of our own"), ("off", "")])
def test_what_renders_may_be_said_otherwise(
    server: RedisServer, tmp_path: Path, tools: str, said: str
) -> None:
    publish(server, 1, "v1")
    env = {
        "CMP_STORE": server.url,
        **server.environment(tls=False, user=MIRROR),
        "CMP_TOOLS": tools,
    }

    assert cmp("mirror", "--once", "--to", "index", cwd=tmp_path, env=env).returncode == 0

    (mirror,) = RedisIndex(server.url, server.environment(tls=False)).mirrors()
    assert mirror.tools == said


def test_the_versions_of_what_renders(helm: Path, kustomize: Path, tmp_path: Path) -> None:
    path = os.pathsep.join((str(tmp_path), str(helm.parent), str(kustomize.parent)))

    assert re.fullmatch(r"cmp \S+ helm v4\.\S+ kustomize v5\.\S+", tool_versions({"PATH": path}))
    assert tool_versions({"PATH": str(tmp_path)}) == f"cmp {__version__}"


def test_once(server: RedisServer, tmp_path: Path) -> None:
    publish(server, 1, "v1")
    env = {"CMP_STORE": server.url, **server.environment(tls=False, user=MIRROR)}

    done = cmp("mirror", "--once", "--to", "index", cwd=tmp_path, env=env)

    assert (done.returncode, tag(tmp_path)) == (0, "v1"), done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param((), "name a store: --store redis://host:6379/0", id="no store"),
        pytest.param(("--store", "file:///x"), "nothing a mirror is needed for", id="file"),
        pytest.param(("--store", "redis://h"), "name the directory that render reads", id="where"),
    ],
)
def test_what_is_asked_wrongly(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = cmp("mirror", *arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert said in done.stderr


def test_two_mirrors_do_not_share_a_directory(server: RedisServer, tmp_path: Path) -> None:
    publish(server, 1, "v1")
    with mirror(server, tmp_path):
        wait_for("v1 is there", lambda: tag(tmp_path) == "v1")
        env = {"CMP_STORE": server.url, **server.environment(tls=False, user=MIRROR)}
        done = cmp("mirror", "--once", "--to", "index", cwd=tmp_path, env=env)

    assert done.returncode == 1
    assert "another refresher is writing here" in done.stderr


def test_the_plugin_waits_for_the_first_complete_copy(tmp_path: Path) -> None:
    index = FileIndex(f"file://{tmp_path}/index")
    arguments = ("wait", "--index", f"file://{tmp_path}/index", "--", "touch", f"{tmp_path}/ready")
    with started(*arguments, env={}, log=tmp_path / "wait.log") as process:
        wait_for(
            "it says why", lambda: "nothing was published" in (tmp_path / "wait.log").read_text()
        )
        index.put_manifest(Manifest("e", 1, NOW, complete=False))
        assert not (tmp_path / "ready").exists()
        index.put_manifest(Manifest("e", 1, NOW, complete=True))

        assert process.wait(10) == 0

    assert (tmp_path / "ready").exists()


@pytest.mark.parametrize(
    ("longest", "command", "status", "said"),
    [
        pytest.param("0", ["touch", "begun"], 0, "beginning without a complete index", id="begun"),
        pytest.param("0.1s", [], 1, "error: file://index: not complete in time", id="nothing"),
        pytest.param("soon", ["touch", "begun"], 2, "error: CMP_WAIT_AT_MOST: not a", id="wrong"),
    ],
)
def test_waiting_has_an_end(
    longest: str, command: list[str], status: int, said: str, tmp_path: Path
) -> None:
    arguments = ["wait", "--index", "file://index", "--wait-at-most", longest, "--", *command]

    done = cmp(*arguments, cwd=tmp_path)

    assert (done.returncode, (tmp_path / "begun").exists()) == (status, status == 0)
    assert said in done.stderr


def test_what_cannot_be_started_is_named(tmp_path: Path) -> None:
    index = FileIndex(f"file://{tmp_path}/index")
    index.put_manifest(Manifest("e", 1, NOW, complete=True))

    done = cmp("wait", "--index", "file://index", "--", "./nothing", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (
        2,
        "error: ./nothing: cannot be started: No such file or directory\n",
    )
