"""Options of ``kustomize build``: those of argocd-cm natively, and our sidecar's setting."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from cmp.renderers.kustomize_build import SETTING
from tests.parity.kustomize_built import SOURCES, Built
from tests.support.cli import TOOLS
from tests.support.judge import Judge
from tests.support.repo_server import RepoServer

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="session")
def with_options(repo_server: RepoServer) -> Iterator[Callable[[str], RepoServer]]:
    """Return what starts one more repo-server for these options, once there are the tools."""
    with ExitStack() as running:

        @cache
        def start(options: str) -> RepoServer:
            folder = running.enter_context(tempfile.TemporaryDirectory(prefix="cmp-parity-"))
            settings = {SETTING: options}
            server = RepoServer.running(tools=TOOLS, root=Path(folder), settings=settings)
            return running.enter_context(server)

        yield start


@pytest.mark.parametrize("built", SOURCES.values(), ids=SOURCES)
def test_kustomization(
    built: Built, with_options: Callable[[str], RepoServer], tmp_path: Path
) -> None:
    judge = Judge(with_options(built.options), tmp_path)

    assert not (found := judge.differences(built.asked())), found
