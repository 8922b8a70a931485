"""A pytest plugin: which tests go to the same of pytest-xdist's workers."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling


class OneArgoCD(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """Each test goes to whichever worker is free; those of tests/e2e go to one, and first.

    They share an Argo CD, of which each worker would start its own. ``--dist loadgroup`` is
    for this, and does nothing with pytest 9.2 (github.com/pytest-dev/pytest-xdist/issues/1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        return "tests/e2e" if nodeid.startswith("tests/e2e/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneArgoCD:
    return OneArgoCD(config, log)
