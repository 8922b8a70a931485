"""Whole passes before registries that take so much and no more, or nothing at all.

These take seconds, for what a registry allows is by the second; nothing here depends on how many.
"""

import re
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import yaml

from cmp.core.image import Repository
from cmp.refresh.listing import RegistryAccess
from cmp.refresh.traffic import Traffic
from cmp.registry import transport as transport_module
from cmp.registry.auth.keychain import Keyring
from cmp.registry.client import Listing
from cmp.registry.configuration import Registries
from tests.refresh.site import Site
from tests.registry.conftest import NOWHERE
from tests.support import images, manners
from tests.support.faults import FaultyRegistry
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.tools

RATE = BURST = 50  # requests a second
REPOSITORIES = 300
OF_THE_DEAD = 50
CONNECTIONS = 16  # to one registry, so many requests are under way before the first falls silent


@pytest.fixture(scope="module")
def paths(registry: RegistryServer) -> tuple[str, ...]:
    """Return the paths of repositories with an image each."""
    root = f"t{uuid.uuid4().hex[:10]}"
    found = tuple(f"{root}/app-{number}" for number in range(REPOSITORIES))
    push = partial(
        images.push_index,
        registry.url,
        tag="v1",
        platforms={"linux/amd64": "2026-01-01T00:00:00Z"},
    )
    with ThreadPoolExecutor(4) as threads:
        assert len(list(threads.map(push, found))) == REPOSITORIES
    return found


@pytest.fixture
def faulty(registry: RegistryServer) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(registry.url) as server:
        yield server


def limited(faulty: FaultyRegistry, **headers: str) -> manners.Budget:
    budget = manners.Budget(RATE, BURST, **headers)
    for method in ("GET", "HEAD"):
        faulty.on(method, "^/v2/", budget)
    return budget


def assert_polite(budget: manners.Budget, faulty: FaultyRegistry, traffic: Traffic) -> None:
    """Assert that few requests were refused, that some were, and that all are counted."""
    (counts,) = traffic.by_registry().values()
    assert budget.given + budget.refused == len(faulty.requests) == counts.requests
    assert budget.refused == counts.refused
    assert 0 < budget.refused < 0.05 * counts.requests


@pytest.mark.slow
def test_a_listing_keeps_to_a_budget_that_says_when(
    faulty: FaultyRegistry, paths: tuple[str, ...]
) -> None:
    budget = limited(faulty, Retry_After="1")
    repositories = [Repository.parse(f"{faulty.host}/{path}") for path in paths]
    traffic = Traffic()
    with RegistryAccess(Keyring({}), lambda *_: lambda: None, traffic.note) as access:
        access.begin(Registries(), {})

        answers = access.list_all(dict.fromkeys(repositories))

    assert answers.keys() == set(repositories)
    assert all(isinstance(a, Listing) and a.names == ("v1",) for a in answers.values())
    assert_polite(budget, faulty, traffic)


@pytest.mark.slow
def test_a_pass_keeps_to_a_budget_that_does_not_say_when(
    site: Site, paths: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    budget = limited(site.faulty)
    for number, path in enumerate(paths):
        site.application(f"app={site.faulty.host}/{path}", name=f"app-{number}")

    assert site.refresh() == 0

    assert {site.tag(f"app-{number}") for number in range(REPOSITORIES)} == {"v1"}
    said = capsys.readouterr()
    assert "repositories=300 changed=300 unanswered=0 invalid=0\n" in said.err
    requests, _, refused, unanswered = registry_row(said.out, site.faulty.host)
    assert (requests, refused, unanswered) == (len(site.faulty.requests), budget.refused, 0)
    assert budget.given + budget.refused == requests
    assert 0 < budget.refused < 0.05 * requests


def registry_row(table: str, name: str) -> tuple[int, ...]:
    """Return what the table says of a registry: requests, unchanged, refused, unanswered."""
    found = re.search(rf"^{re.escape(name)}" + r" +(\d+)" * 4 + r" +\d+ ms$", table, re.MULTILINE)
    assert found, table
    return tuple(map(int, found.groups()))


@pytest.mark.parametrize("has_answered", [False, True], ids=["never-seen", "went-away"])
@pytest.mark.parametrize("kind", ["nobody-listens", "resets", "hangs"])
def test_a_dead_registry_is_nobody_elses_trouble(
    site: Site,
    registry: RegistryServer,
    paths: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    *,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    has_answered: bool,
) -> None:
    monkeypatch.setattr(transport_module, "_TIMEOUT_S", (0.5, 0.5))
    until = threading.Event()
    with FaultyRegistry(registry.url) as dying:

        def configure(api_url: str) -> None:
            entry = {"name": "dying", "prefix": dying.host, "api_url": api_url}
            site.registries.write_text(yaml.safe_dump({"registries": [entry]}))

        site.push("v1")
        site.application(name="alive")
        for number, path in enumerate(paths[:OF_THE_DEAD]):
            site.application(f"app={dying.host}/{path}", name=f"dead-{number}")
        configure(dying.url)
        if has_answered:
            assert site.refresh() == 0
            site.push("v2")
        before = len(dying.requests)
        capsys.readouterr()
        dead = {
            "nobody-listens": None,
            "resets": manners.reset_in_headers,
            "hangs": manners.silent(until),
        }[kind]
        if dead:
            for method in ("GET", "HEAD"):
                dying.on(method, ".", dead)
        else:
            configure(NOWHERE)

        assert site.refresh() == 1
        until.set()

        assert site.tag("alive") == ("v2" if has_answered else "v1")
        tags = {site.tag(f"dead-{number}") for number in range(OF_THE_DEAD)} if has_answered else {}
        assert tags == ({"v1"} if has_answered else {})
        said = capsys.readouterr()
        told = re.findall(
            r'msg="not refreshed" repository=(\S+) reason="registry dying: (.+)"', said.err
        )
        assert sorted(where for where, _ in told) == sorted(
            f"{dying.host}/{path}" for path in paths[:OF_THE_DEAD]
        )
        assert all("no answer: " in reason for _, reason in told)
        requests, _, _, unanswered = registry_row(said.out, "dying")
        assert requests == unanswered <= CONNECTIONS
        assert len(dying.requests) - before == (requests if dead else 0)
        problems = re.findall(r"^problem: registry dying: .*no answer: .*$", said.out, re.MULTILINE)
        assert len(problems) == OF_THE_DEAD
