"""The client against the real registry, and against one that misbehaves."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from cmp.registry.client import RegistryClient
from tests.registry.conftest import CREATED, NOWHERE, PASSWORD, TAGS, Connect, refusal
from tests.support import faults
from tests.support.faults import FaultyRegistry
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.tools


def test_lists_all_tags(registry: RegistryServer, connect: Connect, path: str) -> None:
    assert connect(registry.url).tags(path).names == TAGS


def test_a_repository_that_is_not_there(registry: RegistryServer, connect: Connect) -> None:
    said = refusal(lambda: connect(registry.url).tags("no/where"))

    assert said == (
        "registry tests: HTTP 404 Not Found; check the image's name "
        f"({registry.url}/v2/no/where/tags/list)"
    )


def test_reads_manifest_and_configuration(
    registry: RegistryServer, connect: Connect, path: str, digest: str
) -> None:
    client = connect(registry.url)

    manifest, found = client.manifest(path, "v1")

    assert found == digest == client.head(path, "v1").digest
    assert client.manifest(path, digest) == (manifest, digest)
    assert client.blob(path, manifest["config"]["digest"])["created"] == CREATED


def test_a_digest_costs_a_head(
    faulty: FaultyRegistry, connect: Connect, path: str, digest: str
) -> None:
    assert connect(faulty.url).head(path, "v1").digest == digest
    assert [(r.method, r.path) for r in faulty.requests] == [("HEAD", f"/v2/{path}/manifests/v1")]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.failing(405), id="no-head"),
        pytest.param(faults.heading("Docker-Content-Digest", ""), id="no-digest"),
        pytest.param(faults.heading("Docker-Content-Digest", "latest, of course"), id="no-such"),
    ],
)
def test_a_digest_without_head(
    faulty: FaultyRegistry, connect: Connect, path: str, digest: str, fault: faults.Fault
) -> None:
    faulty.on("HEAD", "/manifests/", fault)

    assert connect(faulty.url).head(path, "v1").digest == digest


@pytest.mark.parametrize(
    ("method", "fault", "reason"),
    [
        pytest.param("GET", faults.failing(503), "HTTP 503 Service Unavailable", id="503"),
        pytest.param("GET", faults.cut, "no answer: ProtocolError", id="cut"),
        pytest.param("GET", faults.saying(b"{}"), "the answer is something else", id="digest"),
        pytest.param("GET", faults.leading(NOWHERE), "no answer: ConnectionError", id="nowhere"),
        pytest.param("GET", faults.leading("http://["), "no answer: ", id="redirected-to-no-url"),
        pytest.param("GET", faults.leading(f"http://{'a' * 70}.test"), "no answer: ", id="label"),
        pytest.param("GET", faults.leading("ftp://reg.test"), "no answer: Inval", id="scheme"),
        pytest.param("GET", faults.leading("?"), "no answer: TooManyRedirects", id="round"),
        pytest.param(
            "GET",
            faults.heading("Content-Encoding", "gzip"),
            "no answer: DecodeError",
            id="encoding",
        ),
    ],
)
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda client, path, found: client.manifest(path, found[0]), id="manifest"),
        pytest.param(lambda client, path, found: client.blob(path, found[1]), id="blob"),
    ],
)
def test_only_our_own_errors_come_out(
    faulty: FaultyRegistry,
    connect: Connect,
    path: str,
    *,
    digest: str,
    ask: Callable[[RegistryClient, str, tuple[str, str]], object],
    method: str,
    fault: faults.Fault,
    reason: str,
) -> None:
    client = connect(faulty.url)
    config = str(client.manifest(path, "v1")[0]["config"]["digest"])
    faulty.on(method, "sha256:", fault)

    said = refusal(lambda: ask(client, path, (digest, config)))

    assert said.startswith(f"registry tests: {reason}")


def test_an_answer_without_end(faulty: FaultyRegistry, connect: Connect, path: str) -> None:
    faulty.on("GET", "/tags/list", faults.saying(b" " * (33 << 20)))

    said = refusal(lambda: connect(faulty.url).tags(path))

    assert said.startswith("registry tests: the answer is larger than 33554432 bytes (")


def test_nobody_listens(connect: Connect) -> None:
    said = refusal(lambda: connect(NOWHERE).tags("x/y"))

    assert said == (
        "registry tests: no answer: ConnectionError: [Errno 111] Connection refused "
        f"({NOWHERE}/v2/x/y/tags/list)"
    )


def test_a_machine_without_certificates(monkeypatch: pytest.MonkeyPatch, connect: Connect) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")

    assert "/nowhere.pem" in refusal(lambda: connect("https://127.0.0.1:1").tags("x/y"))


def test_a_signed_address_is_not_told(faulty: FaultyRegistry, connect: Connect, path: str) -> None:
    signed = f"ftp://blobs.test/x?signature={quote(PASSWORD)}"
    faulty.on("GET", "/blobs/", faults.leading(signed))

    said = refusal(lambda: connect(faulty.url).blob(path, "sha256:" + "0" * 64))

    assert "ftp://blobs.test/x?" in said


def test_one_connection_serves_all_requests(
    faulty: FaultyRegistry, connect: Connect, path: str, digest: str
) -> None:
    faulty.demand_tokens()
    client = connect(faulty.url)

    for _ in range(3):
        assert client.head(path, "v1").digest == digest
        assert client.tags(path).names == TAGS

    assert faulty.connections == 1


def test_several_threads_may_ask(faulty: FaultyRegistry, connect: Connect, path: str) -> None:
    faulty.demand_tokens()
    client = connect(faulty.url)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: client.tags(path).names, range(8)))

    assert answers == [TAGS] * 8
