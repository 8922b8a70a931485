"""Proxies of the environment, and hosts that are asked past them."""

import pytest

from tests.registry.conftest import TAGS, Connect, refusal
from tests.support.faults import FaultyRegistry

_REGISTRY = "http://registry.invalid"  # nobody's name (RFC 6761): only a proxy can answer for it


def test_a_registry_is_asked_through_the_proxy(
    faulty: FaultyRegistry, connect: Connect, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", faulty.url)
    monkeypatch.setenv("NO_PROXY", "")

    assert connect(_REGISTRY).tags(path).names == TAGS

    assert [r.path for r in faulty.requests] == [f"{_REGISTRY}/v2/{path}/tags/list"]


def test_a_host_in_no_proxy_is_asked_itself(
    faulty: FaultyRegistry, connect: Connect, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", faulty.url)
    monkeypatch.setenv("NO_PROXY", "other.test,.invalid")

    assert "no answer" in refusal(lambda: connect(_REGISTRY).tags(path))

    assert faulty.requests == []
