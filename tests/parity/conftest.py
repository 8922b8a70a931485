"""One repo-server a worker: unlike a whole Argo CD it is there in half a second."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.argocd import missing
from tests.support.cli import TOOLS
from tests.support.judge import Judge
from tests.support.needs import lacks
from tests.support.repo_server import BUILT, FOUND, RepoServer


@pytest.fixture(scope="session")
def repo_server() -> Iterator[RepoServer]:
    if names := missing(TOOLS, BUILT, FOUND):
        lacks(f"no {', '.join(names)}: run make setup-e2e")
    # Not in pytest's folder: a socket's path must be short.
    with (
        tempfile.TemporaryDirectory(prefix="cmp-parity-") as folder,
        RepoServer.running(tools=TOOLS, root=Path(folder)) as server,
    ):
        yield server


@pytest.fixture
def judge(repo_server: RepoServer, tmp_path: Path) -> Judge:
    return Judge(repo_server, tmp_path)
