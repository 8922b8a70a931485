"""Fixtures for tests of the whole: an Argo CD for the session, a guestbook for each test.

One worker runs them all (tests/support/workers.py): there is one Argo CD, not one a worker.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cmp.settings import environment
from tests.support.argocd import ArgoCD, missing
from tests.support.cli import TOOLS
from tests.support.git import commit_all
from tests.support.guestbook import Guestbook
from tests.support.registry import RegistryServer


@pytest.fixture(scope="session")
def argocd() -> Iterator[ArgoCD]:
    if names := missing(TOOLS):
        reason = f"no {', '.join(names)}: run make setup-e2e"
        if environment().get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    # Not in pytest's folder: a socket's path must be short, and etcd's files are large.
    with (
        tempfile.TemporaryDirectory(prefix="cmp-e2e-") as folder,
        ArgoCD.running(tools=TOOLS, root=Path(folder)) as argocd,
    ):
        yield argocd


@pytest.fixture
def guestbook(tmp_path: Path, registry: RegistryServer, argocd: ArgoCD) -> Guestbook:
    """Return the guestbook in a Git repository of its own, indexed for that Argo CD."""
    made = Guestbook.create(tmp_path, registry)
    commit_all(made.repository, "The guestbook, at v1")
    return replace(made, repo_url=f"file://{made.repository}", store=argocd.index)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Show what Argo CD said last, where a test fails."""
    report = yield
    argocd = getattr(item, "funcargs", {}).get("argocd")
    if report.failed and isinstance(argocd, ArgoCD):
        report.sections += argocd.logs.items()
    return report
