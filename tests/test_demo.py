"""``make demo`` does what the README says, and leaves nothing running."""

import re
import socket
import sys
from pathlib import Path

import pytest

from tests.support.cli import PATH, PROJECT, run


@pytest.mark.tools
def test_the_demo_shows_v4_and_leaves_nothing_running(registry_binary: Path) -> None:
    done = run([sys.executable, "-m", "demo"], PROJECT, {"PATH": PATH})

    assert done.returncode == 0, done.stderr
    host = re.search(r"registry on 127\.0\.0\.1:(\d+)", done.stdout)
    assert host
    assert done.stdout.count("/haoshuwei24/guestbook:v1") == 2
    assert done.stdout.count("/haoshuwei24/guestbook:v4") == 2
    assert "chosen  v4 since" in done.stdout
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(host[1]))) != 0
