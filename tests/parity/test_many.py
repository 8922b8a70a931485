"""Many at once through the real cmp-server, and one that is cut off in the middle."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.parity.helm_skeleton import files_of
from tests.support.judge import Judge, Source
from tests.support.repo_server import Generated, Refused, RepoServer
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

AT_ONCE = 50
_MOST_BYTES = 60 * 1024 * 1024


def renders(server: RepoServer) -> list[Path]:
    """Return the processes that work in what cmp-server has unpacked."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(process.joinpath("cwd").readlink()).startswith(str(server.unpacked)):
                found.append(process)
        except OSError:
            continue
    return found


@pytest.fixture
def peak(repo_server: RepoServer) -> Iterator[list[int]]:
    """Yield the memory of the largest of our processes so far, in bytes."""
    largest, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            for process in renders(repo_server):
                try:
                    pages = int(process.joinpath("statm").read_text().split()[1])
                    name = process.joinpath("comm").read_text()
                except (OSError, IndexError):
                    continue
                if name.startswith("python"):
                    largest[0] = max(largest[0], pages * os.sysconf("SC_PAGESIZE"))

    thread = threading.Thread(target=watch)
    thread.start()
    yield largest
    done.set()
    thread.join()


def test_fifty_at_once(judge: Judge, repo_server: RepoServer, peak: list[int]) -> None:
    source = Source("helm", files_of())
    url = judge.repository(source)
    native = judge.natively(source, url, {})
    assert isinstance(native, Generated)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        ours = list(
            threads.map(
                lambda _: judge.through_us(source, url, {"releaseName": "x"}), range(AT_ONCE)
            )
        )

    expected = judge.natively(source, url, {"releaseName": "x"})
    assert isinstance(expected, Generated)
    assert [o.manifests if isinstance(o, Generated) else str(o) for o in ours] == [
        expected.manifests
    ] * AT_ONCE
    assert 0 < peak[0] < _MOST_BYTES
    wait_for("no process is left", lambda: not renders(repo_server))
    assert [path.name for path in repo_server.unpacked.rglob("run-*")] == []
    assert [path.name for path in repo_server.temporary.glob("image-cmp*")] == []


def test_one_that_argo_cd_gives_up(judge: Judge, repo_server: RepoServer) -> None:
    """cmp-server kills the render at its deadline; helm ends with it, and nothing is left."""
    # A thousand times a thousand times a thousand: no machine is done with it in two seconds.
    slow = "{{ range until 1000 }}" * 3 + "{{ end }}" * 3
    source = Source("helm", {**files_of(), "app/templates/slow.yaml": slow})
    url = judge.repository(source)
    began = time.monotonic()

    with pytest.raises(Refused, match="killed"):
        repo_server.generate(
            {"repoURL": url, "path": "app", "plugin": {"name": "image-cmp"}}, within_s=2
        )

    assert time.monotonic() - began < 10
    wait_for("no process is left", lambda: not renders(repo_server), within_s=30)
    assert [path.name for path in repo_server.unpacked.rglob("run-*")] == []
