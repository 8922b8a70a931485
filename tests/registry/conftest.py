"""Fixtures for the registry client's tests."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from cmp.errors import RegistryFailed
from cmp.registry.auth.base import Credential, Issued
from cmp.registry.auth.keychain import Keychain
from cmp.registry.client import RegistryClient
from cmp.registry.configuration import Registry
from cmp.registry.pace import Pace
from cmp.registry.transport import RegistryTransport
from tests.support import faults, images
from tests.support.faults import FaultyRegistry
from tests.support.registry import RegistryServer

USER, PASSWORD = "robot", "s3cret-Pa55"
CREATED = "2026-02-03T04:05:06Z"
TAGS = ("v1", "v2", "v3", "v4", "v5")
NOWHERE = "http://127.0.0.1:1"  # nobody listens there

Connect = Callable[..., RegistryClient]
"""Takes a registry's URL, a `Credential`, if it is to have one, and ``insecure=``."""


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Return what makes clients; they are closed when the test ends."""
    with ExitStack() as opened:

        def connect(
            url: str, credential: Credential | None = None, *, insecure: bool = False
        ) -> RegistryClient:
            registry = Registry("tests", url, insecure=insecure)
            transport = RegistryTransport(registry, Pace(), 4, lambda _: None)
            opened.enter_context(closing(transport))
            issued = Issued(credential) if credential else None
            return RegistryClient(registry, transport, Keychain(lambda _: issued, "env:TESTS"))

        yield connect


@pytest.fixture
def faulty(registry: RegistryServer) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(registry.url) as server:
        yield server


@pytest.fixture(scope="session")
def path(registry: RegistryServer) -> str:
    """Return the path of a repository that holds one image under all `TAGS`."""
    path = f"t{uuid.uuid4().hex[:10]}/app"
    images.push_image(registry.url, path, TAGS[0], created=CREATED)
    for tag in TAGS[1:]:
        images.retag(registry.url, path, TAGS[0], tag)
    return path


@pytest.fixture(scope="session")
def digest(registry: RegistryServer, path: str) -> str:
    """Return that image's digest."""
    return images.retag(registry.url, path, TAGS[0], TAGS[0])


@pytest.fixture
def new_path() -> str:
    """Return a repository's path that no other test uses."""
    return f"t{uuid.uuid4().hex[:10]}/app"


def refusal(ask: Callable[[], object]) -> str:
    """Return the message of what fails, which holds place and reason, and no secret."""
    with pytest.raises(RegistryFailed) as caught:
        ask()
    error = caught.value
    assert str(error).startswith("registry tests: ")
    assert PASSWORD not in str(error)
    assert faults.basic(USER, PASSWORD).split()[1] not in str(error)
    assert "token-" not in str(error)
    return str(error)
