"""A pytest plugin: which tests go to the same of pytest-xdist's workers."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_TOGETHER = ("tests/e2e", "tests/image")


class OneOfEach(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """Each test goes to whichever worker is free; those of some folders go to one, and first.

    They share an Argo CD, or the image, of which each worker would start or build its own.
    ``--dist loadgroup`` is for this, and does nothing with pytest 9.2
    (github.com/pytest-dev/pytest-xdist/issues/1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        for folder in _TOGETHER:
            if nodeid.startswith(f"{folder}/"):
                return folder
        return nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneOfEach:
    return OneOfEach(config, log)
