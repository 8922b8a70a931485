"""Fixtures for the credentials of clouds."""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cmp.errors import CmpError
from cmp.settings import environment
from tests.support.cloud import Cloud, Service, hanging, unreachable

_CLOUDS = ("AWS_", "AZURE_", "GOOGLE_", "GCE_", "CLOUDSDK_", "IDENTITY_", "NO_GCE_")
_SOON_S = 4  # what a probe may take, and a loaded machine
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def no_cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away what could lead a library to a real cloud, or to this user's credentials."""
    for name in tuple(environment()):
        if name.startswith(_CLOUDS) or name.lower() in _PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud() as cloud:
        yield cloud


@pytest.fixture
def silence() -> Iterator[Service]:
    """Return a service that takes a question, and does not answer it."""
    over = threading.Event()
    yield hanging(over)
    over.set()


@pytest.fixture
def told_nobody(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Fail the test if one of these secrets is in a log record, of any library and level."""
    secrets: list[str] = []
    caplog.set_level(logging.DEBUG)
    yield secrets
    logged = [f"{record.getMessage()} {vars(record)}" for record in caplog.get_records("call")]
    assert secrets, "say which"
    for secret in secrets:
        assert not [line for line in logged if secret in line]


@pytest.fixture
def firewalled() -> Iterator[str]:
    """Return a ``host:port`` where nothing answers, and nothing refuses."""
    with unreachable() as host:
        yield host


@pytest.fixture
def soon() -> Iterator[None]:
    """Fail the test if it takes longer than a probe, or some tries with a short deadline."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < _SOON_S


def refusal(kind: type[CmpError], host: str, ask: Callable[[], object], *secrets: str) -> str:
    """Return the message of what fails, which says where, and no secret."""
    with pytest.raises(CmpError) as caught:
        ask()
    error = caught.value
    assert type(error) is kind
    assert str(error).startswith(f"registry {host}: ")
    shown = f"{error} {error!r} {error.explained()} {''.join(traceback.format_exception(error))}"
    for secret in secrets:
        assert secret not in shown
    return error.message
