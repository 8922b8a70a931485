"""Fixtures for tests of the whole: an Argo CD for the session, a guestbook for each test.

One worker runs them all (tests/support/workers.py): there is one Argo CD, not one a worker.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_proxy import ApiProxy
from tests.support.argocd import ArgoCD, missing
from tests.support.cli import TOOLS
from tests.support.git import commit_all
from tests.support.guestbook import Guestbook
from tests.support.needs import lacks
from tests.support.redis import RedisServer
from tests.support.refresher import Refresher
from tests.support.registry import RegistryServer
from tests.support.scene import Scene


@pytest.fixture(scope="session")
def argocd() -> Iterator[ArgoCD]:
    if names := missing(TOOLS):
        lacks(f"no {', '.join(names)}: run make setup-e2e")
    # Not in pytest's folder: a socket's path must be short, and etcd's files are large.
    with (
        tempfile.TemporaryDirectory(prefix="cmp-e2e-") as folder,
        ArgoCD.running(tools=TOOLS, root=Path(folder)) as argocd,
    ):
        yield argocd


@pytest.fixture
def objects() -> Iterator[ArgoCD]:
    """Yield an API server where nobody renders: that is not what is measured."""
    with (
        tempfile.TemporaryDirectory(prefix="cmp-scale-") as folder,
        ArgoCD.only_objects(tools=TOOLS, root=Path(folder)) as argocd,
    ):
        yield argocd


@pytest.fixture
def guestbook(tmp_path: Path, registry: RegistryServer, argocd: ArgoCD) -> Guestbook:
    return guestbook_for(argocd, tmp_path, registry)


def guestbook_for(argocd: ArgoCD, folder: Path, registry: RegistryServer) -> Guestbook:
    """Return the guestbook in a Git repository of its own, indexed for that Argo CD."""
    made = Guestbook.create(folder, registry)
    commit_all(made.repository, "The guestbook, at v1")
    return replace(made, repo_url=f"file://{made.repository}", store=argocd.index)


@pytest.fixture
def refresher(argocd: ArgoCD, tmp_path: Path, redis_server: RedisServer) -> Iterator[Refresher]:
    with refresher_for(argocd, tmp_path, redis_server) as refresher:
        yield refresher


@pytest.fixture
def standby(refresher: Refresher) -> Iterator[Refresher]:
    """Yield the refresher's standby, as one that the test starts and ends by itself."""
    standby, refresher.standby = refresher.standby, None
    assert standby
    yield standby
    standby.kill()


@contextmanager
def refresher_for(argocd: ArgoCD, folder: Path, store: RedisServer) -> Iterator[Refresher]:
    """Yield a refresher that knows nothing yet, with a standby; they have not been started."""
    argocd.delete_applications()
    (folder / "refresher").mkdir()
    refresher = Refresher(argocd, folder / "refresher", store)
    refresher.standby = refresher.another(folder / "standby")
    refresher.clean()
    try:
        yield refresher
        if refresher.standby is not None:
            assert "msg=leading" not in refresher.standby.log
            assert "Traceback" not in refresher.standby.log
    finally:
        refresher.kill()
        refresher.kill_mirrors()
        argocd.delete_applications()


@pytest.fixture
def scene(argocd: ArgoCD, guestbook: Guestbook, refresher: Refresher) -> Scene:
    return Scene(argocd, guestbook, refresher)


@pytest.fixture
def proxy(scene: Scene) -> Iterator[ApiProxy]:
    kubernetes = scene.argocd.kubernetes
    with ApiProxy(kubernetes.url, kubernetes.ca) as proxy:
        scene.refresher.url = proxy.url
        yield proxy


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Show what Argo CD said last, where a test fails."""
    report = yield
    fixtures = getattr(item, "funcargs", {})
    if report.failed:
        argocd, refresher = fixtures.get("argocd"), fixtures.get("refresher")
        if isinstance(argocd, ArgoCD):
            report.sections += argocd.logs.items()
        if refresher is None and "push" in fixtures:
            refresher = fixtures["push"].scene.refresher
        if isinstance(refresher, Refresher):
            report.sections.append(("refresher", refresher.log[-6000:]))
            standby = fixtures.get("standby") or refresher.standby
            if standby:
                report.sections.append(("standby", standby.log[-6000:]))
    return report
