"""Registries over TLS: whom the client trusts, and with what."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from cmp.registry.auth.base import Credential
from tests.registry.conftest import PASSWORD, TAGS, USER, Connect, refusal
from tests.support import faults
from tests.support.faults import FaultyRegistry
from tests.support.needs import lacks
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a PEM file with a key, and a certificate for 127.0.0.1 that nobody trusts."""
    openssl = shutil.which("openssl")
    if openssl is None:
        lacks("openssl is not on PATH")
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    request = "req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2"
    about = ["-subj", "/CN=tests", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = subprocess.run(
        [openssl, *request.split(), *about, "-keyout", "-", "-out", "-"],
        capture_output=True,
        check=True,
    )
    file.write_bytes(made.stdout)
    return file


@pytest.fixture
def secure(registry: RegistryServer, certificate: Path) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(registry.url, certificate=certificate) as server:
        yield server


def test_a_certificate_that_nobody_trusts(
    secure: FaultyRegistry, connect: Connect, path: str
) -> None:
    said = refusal(lambda: connect(secure.url, Credential(USER, PASSWORD)).tags(path))

    assert said.startswith("registry tests: no answer: SSLError: [SSL: CERTIFICATE_VERIFY_FAILED]")
    assert secure.requests == []


def test_a_certificate_that_the_machine_trusts(
    secure: FaultyRegistry,
    connect: Connect,
    path: str,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))

    assert connect(secure.url).tags(path).names == TAGS


@pytest.mark.parametrize("bundle", [False, True], ids=["without-bundle", "with-bundle"])
def test_insecure_trusts_whatever_the_machine_does(
    secure: FaultyRegistry,
    connect: Connect,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    bundle: bool,
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    if bundle:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", requests_bundle())

    assert connect(secure.url, insecure=True).tags(path).names == TAGS


def test_credentials_are_not_sent_over_plain_http(
    secure: FaultyRegistry, faulty: FaultyRegistry, connect: Connect, path: str
) -> None:
    faulty.demand_tokens((USER, PASSWORD))
    challenge = f'Bearer realm="{faulty.url}/token",service="x"'
    secure.on("GET", "/tags/list", faults.failing(401, WWW_Authenticate=challenge))
    client = connect(secure.url, Credential(USER, PASSWORD), insecure=True)

    said = refusal(lambda: client.tags(path))

    assert said.startswith("registry tests: it asks for a token over plain HTTP")
    assert faulty.requests == []


def test_a_redirection_to_plain_http_has_no_credentials(
    secure: FaultyRegistry, faulty: FaultyRegistry, connect: Connect, path: str
) -> None:
    secure.demand_basic(USER, PASSWORD)
    client = connect(secure.url, Credential(USER, PASSWORD), insecure=True)
    config = client.manifest(path, "v1")[0]["config"]["digest"]
    secure.on("GET", "/blobs/", faults.leading(f"{faulty.url}/v2/{path}/blobs/{config}"))

    assert client.blob(path, config)["os"] == "linux"

    assert secure.asked("GET", "/blobs/")[-1].authorization
    assert [request.authorization for request in faulty.requests] == [""]


def requests_bundle() -> str:
    """Return a bundle of authorities, none of which has signed the certificate."""
    return certifi.where()
