"""A refresher that is ended in the middle of its work: soon, and with nothing lost."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.api_proxy import ApiProxy
from tests.support.faults import FaultyRegistry, waiting
from tests.support.registry import RegistryServer
from tests.support.scene import Scene
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

WITHIN_S = 10
GRACE_S = 30
"""Until a kubelet kills."""
SILENT = {
    "API server": [("GET", ""), ("PATCH", ""), ("POST", "")],
    "state": [("PATCH", "/image-cmp-state-")],
    "telling": [("PATCH", "/applications/")],
}
TAGS = r"/v2/.*/tags/list"


@pytest.fixture
def silent(registry: RegistryServer) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(registry.url) as server:
        yield server


def test_it_ends_while_a_registry_does_not_answer(scene: Scene, silent: FaultyRegistry) -> None:
    book, refresher = scene.guestbook, scene.refresher
    app = scene.at_v1(image=f"guestbook={silent.host}/{book.namespace}/app")
    answered = threading.Event()
    silent.on("GET", TAGS, waiting(answered))
    before = len(silent.asked("GET", TAGS))
    book.push("v2")
    wait_for("it is asked", lambda: len(silent.asked("GET", TAGS)) > before)
    served = refresher.served("webhook")
    began_s = time.monotonic()

    status = refresher.stop()

    took_s = time.monotonic() - began_s
    answered.set()
    assert (status, took_s < WITHIN_S) == (0, True), took_s
    assert not refresher.leader
    host, _, port = served.rpartition(":")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((host, int(port)))
    assert "Traceback" not in refresher.log

    silent.mend()
    refresher.start()
    wait_for("it runs v2", lambda: app.images()["frontend"].endswith(":v2"))


@pytest.mark.slow
@pytest.mark.parametrize("silent", ["API server", "state", "telling", "store"])
def test_it_ends_within_a_pods_grace_whoever_does_not_answer(
    scene: Scene, proxy: ApiProxy, silent: str
) -> None:
    book, refresher = scene.guestbook, scene.refresher
    app = scene.at_v1()
    asked, mended = threading.Event(), threading.Event()

    def hang() -> None:
        asked.set()
        mended.wait()

    if silent == "store":
        refresher.store.pause()
        asked.set()
    for method, pattern in SILENT.get(silent, ()):
        proxy.on(method, pattern, before=hang)
    proxy.break_watches()
    book.push("v2")
    assert asked.wait(WITHIN_S)
    time.sleep(1)
    began_s = time.monotonic()

    status = refresher.stop()

    took_s = time.monotonic() - began_s
    refresher.store.resume()
    mended.set()
    proxy.mend()
    assert (status in {0, 1}, took_s < GRACE_S - 10) == (True, True), took_s
    if silent != "API server":
        assert not refresher.leader
    refresher.start()
    scene.runs(app, "v2", within_s=40)
