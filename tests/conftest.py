"""Fixtures for all tests: the real tools, and a real registry."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from cmp.settings import environment
from tests.support.needs import lacks
from tests.support.oracle import Oracle
from tests.support.redis import RedisServer
from tests.support.registry import RegistryServer
from tests.support.rules import Rules

_TOOLS = Path(__file__).resolve().parent.parent / ".tools" / "bin"

# A failure seen once is seen by everyone, on every machine, until it is mended.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


def tool_path(name: str) -> Path:
    """Return where ``make setup`` puts a tool; skip the test, in CI fail it, if it has not."""
    path = _TOOLS / name
    if not os.access(path, os.X_OK):
        lacks(f"{name} is not in .tools/bin: run make setup")
    return path


@pytest.fixture(scope="session")
def tool() -> Callable[[str], Path]:
    return tool_path


@pytest.fixture(scope="session")
def helm() -> Path:
    return tool_path("helm")


@pytest.fixture(scope="session")
def kustomize() -> Path:
    return tool_path("kustomize")


@pytest.fixture(scope="session")
def registry_binary() -> Path:
    return tool_path("registry")


@pytest.fixture(scope="session")
def registry(
    registry_binary: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RegistryServer]:
    root = tmp_path_factory.mktemp("registry")
    with RegistryServer(binary=registry_binary, root=root) as server:
        yield server


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    with Oracle(tool_path("oracle")) as answers:
        yield answers


@pytest.fixture(scope="session")
def rules() -> Iterator[Rules]:
    with Rules(tool_path("rules")) as answers:
        yield answers


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if shutil.which("redis-server") is None:
        lacks("redis-server is not on PATH: run make setup-e2e")
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out, but for CI, what would have everybody wait for minutes."""
    if environment().get("CI") != "true":
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="slow: run it with CI=true"))
