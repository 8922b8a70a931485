"""How a registry is asked that is busy, broken, slow or gone.

Its answers are a real registry's; the faults are done to them on their way.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.registry import pace as pace_module
from cmp.registry import transport as transport_module
from cmp.registry.auth.base import Credential, Issued
from cmp.registry.auth.keychain import Keychain
from cmp.registry.client import RegistryClient
from cmp.registry.configuration import Registry
from cmp.registry.pace import Pace
from cmp.registry.transport import RegistryTransport
from tests.registry.conftest import NOWHERE, PASSWORD, TAGS, USER, refusal
from tests.support import faults, manners
from tests.support.faults import FaultyRegistry
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.tools

_PAUSE_S = 0.05


class Asked:
    """A client, and what passed between it and the registry."""

    def __init__(self, url: str, opened: ExitStack) -> None:
        registry = Registry("tests", url)
        self.statuses: list[int] = []
        """Of all answers; 0 for none."""
        self.pace = Pace()
        transport = RegistryTransport(
            registry, self.pace, 8, lambda exchange: self.statuses.append(exchange.status)
        )
        opened.enter_context(closing(transport))
        issued = Issued(Credential(USER, PASSWORD))
        keychain = Keychain(lambda _: issued, "env:TESTS", is_written=False)
        self.client = RegistryClient(registry, transport, keychain)


Ask = Callable[[str], Asked]


@pytest.fixture
def ask() -> Iterator[Ask]:
    with ExitStack() as opened:
        yield lambda url: Asked(url, opened)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all pauses be short; what they are in full, test_pace.py tells."""
    monkeypatch.setattr(pace_module, "_PAUSE_S", _PAUSE_S)
    monkeypatch.setattr(pace_module, "_LOWEST", 50)
    monkeypatch.setattr(transport_module, "_BACKOFF_S", 0.01)


def in_s(seconds: float) -> str:
    """Return the date then, as it stands in headers: whole seconds."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)  # noqa: TID251 - a date on the wire


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("headers", "least_s"),
    [
        pytest.param(dict, _PAUSE_S, id="unsaid"),
        pytest.param(lambda: {"Retry_After": "1"}, 1, id="seconds"),
        pytest.param(lambda: {"Retry_After": in_s(2)}, 0.9, id="date"),
        pytest.param(lambda: {"Retry_After": in_s(-60)}, _PAUSE_S, id="date-gone-by"),
        pytest.param(lambda: {"Retry_After": "0"}, _PAUSE_S, id="none"),
        pytest.param(lambda: {"Retry_After": "soon"}, _PAUSE_S, id="no-time"),
    ],
)
def test_a_refusal_is_waited_out(
    faulty: FaultyRegistry,
    ask: Ask,
    path: str,
    quick: None,
    *,
    status: int,
    headers: Callable[[], dict[str, str]],
    least_s: float,
) -> None:
    asked = ask(faulty.url)
    times_s: list[float] = []

    def refuse(answer: faults.Answer) -> faults.Answer:
        return faults.failing(status, **headers())(answer)

    faulty.on("GET", "/tags/list", manners.doing(lambda: times_s.append(time.monotonic())))
    faulty.on("GET", "/tags/list", manners.times(1, refuse))

    assert asked.client.tags(path).names == TAGS
    assert asked.statuses == [status, 200]
    assert times_s[1] - times_s[0] >= least_s - 0.01


def test_refusals_that_say_how_long_are_no_attempts(
    faulty: FaultyRegistry, ask: Ask, path: str, quick: None
) -> None:
    faulty.on("GET", "/tags/list", manners.times(5, faults.failing(429)))
    asked = ask(faulty.url)

    assert asked.client.tags(path).names == TAGS
    assert asked.statuses == [429] * 5 + [200]


def test_a_503_that_does_not_say_how_long_is_told_after_three(
    faulty: FaultyRegistry, ask: Ask, path: str, quick: None
) -> None:
    faulty.on("GET", "/tags/list", faults.failing(503))
    asked = ask(faulty.url)

    said = refusal(lambda: asked.client.tags(path))

    assert said.startswith("registry tests: HTTP 503 Service Unavailable; it wants to be left ")
    assert asked.statuses == [503] * 3


def test_a_429_without_end_is_told_before_the_deadline(
    faulty: FaultyRegistry,
    ask: Ask,
    path: str,
    *,
    quick: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport_module, "_DEADLINE_S", 1)
    faulty.on("GET", "/tags/list", faults.failing(429))
    asked = ask(faulty.url)

    said = refusal(lambda: asked.client.tags(path))

    assert said.startswith("registry tests: HTTP 429 Too Many Requests; it wants to be left alone ")
    assert asked.statuses == [429] * 5  # pauses of 0.05, 0.1, 0.2, 0.4 s; 0.8 s leads beyond


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("retry_after", "shown"),
    [
        pytest.param(lambda: "120", "120", id="seconds"),
        pytest.param(lambda: in_s(600), r"(599|600)", id="date"),
        pytest.param(lambda: "9" * 400, "3600", id="for-ever"),
    ],
)
def test_a_pause_beyond_the_deadline_is_told_and_not_waited_for(
    faulty: FaultyRegistry,
    ask: Ask,
    path: str,
    *,
    status: int,
    retry_after: Callable[[], str],
    shown: str,
) -> None:
    faulty.on("GET", "/tags/list", faults.failing(status, Retry_After=retry_after()))
    asked = ask(faulty.url)
    where = f"({faulty.url}/v2/{path}/tags/list)"
    reason = "Too Many Requests" if status == 429 else "Service Unavailable"

    assert_matches(
        refusal(lambda: asked.client.tags(path)),
        f"registry tests: HTTP {status} {reason}; it wants to be left alone for ",
        shown,
        f" s {where}",
    )
    faulty.mend()
    assert_matches(
        refusal(lambda: asked.client.tags(path)),
        "registry tests: not asked: it wants to be left alone for ",
        shown,
        f" s {where}",
    )
    assert asked.statuses == [status]


def assert_matches(said: str, before: str, number: str, after: str) -> None:
    assert said.startswith(before)
    assert said.endswith(after)
    found = said.removeprefix(before).removesuffix(after)
    assert found in number.strip("()").split("|")


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,25} Nov \d{1,25} \d{2}:\d{1,25} [+]\d+"))
def test_any_retry_after_can_be_read(written: str) -> None:
    found = transport_module._retry_after_s(written)  # noqa: SLF001 - as no server of ours sends it

    assert found is None or found >= 0


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_failure_is_repeated_and_then_told(
    faulty: FaultyRegistry, ask: Ask, path: str, *, quick: None, status: int
) -> None:
    faulty.on("GET", "/tags/list", faults.failing(status))
    asked = ask(faulty.url)

    assert refusal(lambda: asked.client.tags(path)).startswith(f"registry tests: HTTP {status} ")
    assert asked.statuses == [status] * 3


@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_an_answer_that_will_not_change_is_not_asked_for_again(
    faulty: FaultyRegistry, ask: Ask, path: str, status: int
) -> None:
    faulty.on("GET", "/tags/list", faults.failing(status))
    asked = ask(faulty.url)

    assert refusal(lambda: asked.client.tags(path)).startswith(f"registry tests: HTTP {status} ")
    assert asked.statuses == [status]


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        pytest.param(faults.failing(500), [500, 500, 200], id="500"),
        pytest.param(manners.reset_in_headers, [0, 0, 200], id="reset"),
    ],
)
def test_a_failure_that_passes(
    faulty: FaultyRegistry,
    ask: Ask,
    path: str,
    *,
    quick: None,
    fault: faults.Fault,
    statuses: list[int],
) -> None:
    faulty.on("GET", "/tags/list", manners.times(2, fault))
    asked = ask(faulty.url)

    assert asked.client.tags(path).names == TAGS
    assert asked.statuses == statuses


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        pytest.param(manners.reset_in_headers, [0, 0, 0], id="headers"),
        pytest.param(manners.reset_in_body, [200], id="body"),
    ],
)
def test_a_connection_that_is_reset(
    faulty: FaultyRegistry,
    ask: Ask,
    path: str,
    *,
    quick: None,
    fault: faults.Fault,
    statuses: list[int],
) -> None:
    faulty.on("GET", "/tags/list", fault)
    asked = ask(faulty.url)

    said = refusal(lambda: asked.client.tags(path))

    assert said.startswith("registry tests: no answer: ")
    assert "Connection reset by peer" in said
    assert asked.statuses == statuses


def test_a_body_that_trickles_ends_at_the_deadline(
    faulty: FaultyRegistry, ask: Ask, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_module, "_DEADLINE_S", 0.5)
    faulty.on("GET", "/tags/list", manners.trickling(0.05))  # 5 s and more for all of it

    said = refusal(lambda: ask(faulty.url).client.tags(path))

    assert said.startswith("registry tests: the answer was not whole after 0 s (")


def test_a_body_that_stops(
    faulty: FaultyRegistry, ask: Ask, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_module, "_TIMEOUT_S", (5, 0.2))
    faulty.on("GET", "/tags/list", manners.trickling(2))

    said = refusal(lambda: ask(faulty.url).client.tags(path))

    assert said.startswith("registry tests: no answer: ReadTimeoutError: ")


@pytest.mark.parametrize("status", [200, 404, 307], ids=["listing", "error", "redirection"])
def test_of_an_endless_body_little_is_read(
    faulty: FaultyRegistry, ask: Ask, path: str, monkeypatch: pytest.MonkeyPatch, *, status: int
) -> None:
    monkeypatch.setattr(transport_module, "_LARGEST_BODY", 4 << 20)
    flood = manners.Flood(100)
    if status != 200:
        location = f"{faulty.url}/v2/{path}/tags/list?n=9"
        faulty.on("GET", "/tags/list$", faults.failing(status, Location=location))
    faulty.on("GET", "/tags/list$", flood)
    asked = ask(faulty.url)

    if status == 307:
        assert asked.client.tags(path).names == TAGS
    else:
        reason = "HTTP 404" if status == 404 else "the answer is larger than 4194304 bytes"
        assert refusal(lambda: asked.client.tags(path)).startswith(f"registry tests: {reason}")

    assert flood.ended.wait(30)
    assert flood.sent < 32 << 20  # what was read, and what lay in the kernel's buffers


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Wait for no answer for long; what is asked until it is set is not answered."""
    monkeypatch.setattr(transport_module, "_TIMEOUT_S", (0.2, 0.2))
    until = threading.Event()
    yield until
    until.set()


@pytest.fixture(params=["nobody-listens", "deaf", "resets"])
def dead(
    request: pytest.FixtureRequest, faulty: FaultyRegistry, silence: threading.Event
) -> Iterator[str]:
    """Return the URL of a registry that does not answer."""
    faulty.on("GET", ".", manners.reset_in_headers)
    with manners.deaf() as url:
        yield {"nobody-listens": NOWHERE, "deaf": url, "resets": faulty.url}[request.param]


def test_a_dead_registry_is_left_alone_and_then_tried_once(
    dead: str, ask: Ask, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask(dead)

    said = [refusal(lambda: asked.client.tags("x/y")) for _ in range(10)]

    assert asked.statuses == [0] * 5
    assert all(reason.startswith("registry tests: no answer: ") for reason in said[:1])
    assert all("not asked: 5 requests in a row had no answer" in reason for reason in said[1:])
    assert all("the last: no answer: " in reason for reason in said[1:])
    assert all(f"({dead}/v2/x/y/tags/list)" in reason for reason in said)

    monkeypatch.setattr(asked.pace, "_dead_until_s", 0.0)  # as if that time were over
    said = [refusal(lambda: asked.client.tags("x/y")) for _ in range(5)]

    assert asked.statuses == [0] * 6
    assert said[0].startswith("registry tests: no answer: ")
    assert all("not asked: 6 requests in a row had no answer" in reason for reason in said[1:])


def test_one_trial_that_succeeds_is_enough(
    faulty: FaultyRegistry, ask: Ask, path: str, *, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty.on("GET", ".", manners.reset_in_headers)
    asked = ask(faulty.url)
    for _ in range(3):
        refusal(lambda: asked.client.tags(path))
    faulty.mend()
    assert "not asked" in refusal(lambda: asked.client.tags(path))

    monkeypatch.setattr(asked.pace, "_dead_until_s", 0.0)  # as if that time were over

    assert [asked.client.tags(path).names for _ in range(3)] == [TAGS] * 3


def test_a_registry_that_hangs_costs_one_request_a_connection(
    faulty: FaultyRegistry, ask: Ask, quick: None, silence: threading.Event
) -> None:
    faulty.on("GET", ".", manners.silent(silence))
    asked = ask(faulty.url)

    with ThreadPoolExecutor(8) as threads:
        futures = [threads.submit(refusal, lambda: asked.client.tags("x/y")) for _ in range(50)]
        said = [future.result() for future in futures]

    assert all("no answer" in reason for reason in said)
    # Each connection's first, and again for those that fell silent before the fifth.
    assert len(asked.statuses) <= 8 + 4


@pytest.mark.parametrize(
    "where",
    [
        pytest.param(NOWHERE, id="nobody-there"),
        pytest.param("ftp://blobs.test/x", id="scheme"),
        pytest.param("?", id="round"),
    ],
)
def test_a_redirection_to_nowhere_is_not_the_registrys_silence(
    faulty: FaultyRegistry, ask: Ask, path: str, *, quick: None, where: str
) -> None:
    faulty.on("GET", "/blobs/", faults.leading(where))
    asked = ask(faulty.url)

    for _ in range(5):
        refusal(lambda: asked.client.blob(path, "sha256:" + "0" * 64))

    assert asked.client.tags(path).names == TAGS
    assert not asked.pace.is_tried


@pytest.mark.parametrize(
    ("where", "requests"),
    [
        pytest.param("ftp://blobs.test/x", 1, id="scheme"),
        pytest.param("?", 6, id="round"),
    ],
)
def test_a_redirection_that_cannot_be_followed_is_not_tried_again(
    faulty: FaultyRegistry, ask: Ask, path: str, *, where: str, requests: int
) -> None:
    faulty.on("GET", "/blobs/", faults.leading(where))

    refusal(lambda: ask(faulty.url).client.blob(path, "sha256:" + "0" * 64))

    assert len(faulty.requests) == requests


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_credentials_do_not_follow_a_redirection_to_another_host(
    faulty: FaultyRegistry,
    registry: RegistryServer,
    ask: Ask,
    path: str,
    hops: int,
) -> None:
    faulty.demand_basic(USER, PASSWORD)
    asked = ask(faulty.url)
    config = str(asked.client.manifest(path, "v1")[0]["config"]["digest"])
    with FaultyRegistry(registry.url) as blobs:
        there = f"{blobs.url}/v2/{path}/blobs/{config}"
        for hop in range(1, hops):
            blobs.on("GET", f"hop={hop}$", faults.leading(f"{there}?hop={hop + 1}"))
        faulty.on("GET", "/blobs/", faults.leading(f"{there}?hop=1"))

        assert asked.client.blob(path, config)["os"] == "linux"

        assert [request.authorization for request in blobs.requests] == [""] * hops


def test_a_redirection_back_brings_no_credentials_back(
    faulty: FaultyRegistry, registry: RegistryServer, ask: Ask, path: str
) -> None:
    # What another host says is not to be asked for with what this one was given.
    faulty.demand_basic(USER, PASSWORD)
    asked = ask(faulty.url)
    config = str(asked.client.manifest(path, "v1")[0]["config"]["digest"])
    with FaultyRegistry(registry.url) as other:
        back = f"{faulty.url}/v2/{path}/tags/list"
        other.on("GET", "/blobs/", faults.leading(back))
        faulty.on("GET", "/blobs/", faults.leading(f"{other.url}/v2/{path}/blobs/{config}"))

        assert "HTTP 401" in refusal(lambda: asked.client.blob(path, config))

    assert {r.authorization for r in faulty.asked("GET", "/tags/list")} == {""}
