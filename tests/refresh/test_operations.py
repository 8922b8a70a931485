"""/healthz, /readyz and /metrics through real HTTP, and docs/metrics.md."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests

from cmp.core.image import Repository
from cmp.core.record import Recorded, SourceId
from cmp.errors import InvalidInput
from cmp.index import Manifest
from cmp.refresh.address import Address
from cmp.refresh.health import Health
from cmp.refresh.lags import Lags
from cmp.refresh.meter import Meter
from cmp.refresh.metrics import METRICS, PREFIX
from cmp.refresh.operations import operations
from cmp.refresh.passes import Summary
from cmp.refresh.serving import Server
from cmp.refresh.turns import CHANGE, PUSH, Due
from cmp.refresh.wanted import WantedImage
from cmp.registry.exchange import Exchange
from tests.support.metrics import sample, samples

STUCK_S = 0.2
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
APP = Repository.parse("registry.test/team/app")


class Place:
    """A refresher's health and metrics on loopback."""

    def __init__(self) -> None:
        self.health, self.meter = Health(STUCK_S), Meter()
        self.server = Server("metrics", operations(self.health, self.meter), Address("", 0))

    def ask(self, path: str, method: str = "GET") -> tuple[int, str]:
        with requests.Session() as session:
            session.trust_env = False
            url = f"http://127.0.0.1:{self.server.port}{path}"
            answer = session.request(method, url, timeout=10)
        return answer.status_code, answer.text


@pytest.fixture
def place() -> Iterator[Place]:
    place = Place()
    with place.server:
        yield place


def test_it_lives_as_long_as_its_threads_give_signs(place: Place) -> None:
    assert place.ask("/healthz") == (200, "alive\n")
    place.health.beat("controller")
    assert place.ask("/healthz") == (200, "alive\n")
    time.sleep(STUCK_S * 2)
    place.health.beat("teller")
    assert place.ask("/healthz") == (503, "controller has been stuck for 0 s\n")
    place.health.beat("controller")
    assert place.ask("/healthz", "HEAD") == (200, "")


def test_it_is_ready_when_it_stands_by_or_has_done_a_pass(place: Place) -> None:
    said = [place.ask("/readyz")]
    for change in (
        place.health.lead,
        place.health.passed,
        lambda: place.health.passed("the last pass failed: redis is away"),
        place.health.passed,
    ):
        change()
        said.append(place.ask("/readyz"))

    assert said == [
        (200, "standing by: another refresher works\n"),
        (503, "the first pass is not done\n"),
        (200, "at work\n"),
        (503, "the last pass failed: redis is away\n"),
        (200, "at work\n"),
    ]


def test_nothing_else_is_there(place: Place) -> None:
    assert place.ask("/") == (404, "nothing is here; there is /healthz, /readyz, /metrics\n")
    assert place.ask("/metrics", "POST") == (405, "use GET\n")


def test_what_was_told_is_measured(place: Place) -> None:
    meter = place.meter
    for status in (200, 304, 401, 403, 404, 429, 503, 500, 0):
        meter.heard(Exchange("hub", "GET", "https://hub.test/v2/", status, 0.2))
    summary = Summary(applications=3, images=4, repositories=2, changed=1)
    summary.outcomes |= {"changed": 1, "held": 3}
    meter.listed(["push", "interval", "interval"])
    meter.passed(summary, Manifest("e", 7, NOW, complete=True), "part", 0.5)
    meter.mirrored({"pod-1": 0, "pod-2": 3})
    meter.mirrored({"pod-2": 2})

    text = place.ask("/metrics")[1]

    def measured(name: str, **labels: str) -> float:
        return sample(text, f"{PREFIX}{name}", **labels)

    outcomes = {
        one.labels["outcome"]: one.value
        for one in samples(text)
        if one.name == f"{PREFIX}registry_requests_total"
    }
    assert outcomes == {
        **dict.fromkeys(("ok", "unchanged", "missing", "failed", "unanswered"), 1),
        **dict.fromkeys(("denied", "refused"), 2),
    }
    assert measured("registry_request_duration_seconds_count", registry="hub") == 8
    assert measured("listings_total", cause="interval") == 2
    assert measured("images", outcome="held") == 3
    assert measured("changes_total") == measured("passes_total", result="done") == 1
    assert measured("index_generation") == 7
    assert measured("index_timestamp_seconds") == NOW.timestamp()
    assert measured("mirrors") == 1
    lags = [one.labels for one in samples(text) if one.name == f"{PREFIX}mirror_lag_generations"]
    assert lags == [{"pod": "pod-2"}]
    assert measured("build_info") == 1
    assert sample(text, "process_resident_memory_bytes") > 0
    assert "_created" not in text


def test_two_refreshers_of_one_process_measure_each_its_own() -> None:
    one, other = Meter(), Meter()

    one.count("changes_total")

    assert sample(one.text(), f"{PREFIX}changes_total") == 1
    assert sample(other.text(), f"{PREFIX}changes_total") == 0


def test_no_metric_has_a_value_for_each_application_or_tag() -> None:
    labels = {label for metric in METRICS for label in metric.labels}

    assert labels == {
        *("version", "outcome", "result", "kind", "cause", "registry", "store", "pod", "step"),
        *("since", "sender", "state"),
    }


def _wanted(decision: str, since: datetime = NOW) -> WantedImage:
    recorded = Recorded(decision, APP, "v4", "", "", "", since, "", "")
    return WantedImage("app", "app", SourceId("u", "p", "", "r"), recorded)


def test_a_lag_begins_with_the_push_and_ends_once() -> None:
    lags, now_s = Lags(), time.monotonic()

    lags.begin([_wanted("d-1"), _wanted("d-0", datetime(2026, 1, 1, tzinfo=UTC))], NOW, {})
    lags.begin([_wanted("d-2")], NOW, {APP: Due(PUSH, now_s - 5)})
    lags.begin([_wanted("d-2"), _wanted("d-3")], NOW, {APP: Due(CHANGE, now_s - 3)})

    assert lags.end(["d-0", "d-1"]) is None
    found = lags.end(["d-3", "d-2"])
    assert found is not None
    assert (round(found[0]), found[1]) == (5, "push")
    assert lags.end(["d-3", "d-2"]) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        pytest.param(":8082", ("", 8082), id="port"),
        pytest.param("127.0.0.1:0", ("127.0.0.1", 0), id="host"),
        pytest.param("[::]:8082", ("::", 8082), id="ipv6"),
        pytest.param("8082", None, id="no-colon"),
        pytest.param(":65536", None, id="no-port"),
        pytest.param("::8082", None, id="ipv6-without-brackets"),
        pytest.param(":web", None, id="a-word"),
    ],
)
def test_addresses(text: str, address: tuple[str, int] | None) -> None:
    if address:
        assert Address.parse(text, "here") == address
        return
    with pytest.raises(InvalidInput, match="here: not an address to listen at"):
        Address.parse(text, "here")


def test_an_address_that_is_taken_is_told(place: Place) -> None:
    taken = Address("127.0.0.1", place.server.port)

    with pytest.raises(InvalidInput, match=r"webhook: cannot listen at 127\.0\.0\.1:.*in use"):
        Server("webhook", operations(place.health, place.meter), taken)
