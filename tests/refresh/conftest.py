"""The fixture for passes of the refresher."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.refresh.site import Site
from tests.support.faults import FaultyRegistry
from tests.support.registry import RegistryServer


@pytest.fixture
def site(tmp_path: Path, registry: RegistryServer) -> Iterator[Site]:
    """Return a place with nothing in it yet, before a registry that can be made to fail."""
    with FaultyRegistry(registry.url, page_size=2) as faulty:
        yield Site(tmp_path, registry, faulty)
