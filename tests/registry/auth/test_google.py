"""Tokens of Google: whose registries, which identity, and what is told of one that has none."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cmp.errors import InvalidInput, RegistryFailed
from cmp.registry.auth.base import Credential
from cmp.registry.auth.google import issue, serves
from cmp.settings import environment
from tests.registry.auth.conftest import refusal
from tests.support.cli import run
from tests.support.cloud import (
    Answer,
    Cloud,
    Service,
    always,
    google_iam,
    google_oauth,
    google_sts,
    of_google,
    put_google,
    says,
    service_account_key,
)

HOST = "europe-west1-docker.pkg.dev"
API = f"https://{HOST}"
TOKEN = "ya29.google-access-t0ken"
POD_TOKEN = "pod.projected.t0ken"
POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k"
ACCOUNT = "/computeMetadata/v1/instance/service-accounts/default"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
IAM_SCOPE = "https://www.googleapis.com/auth/iam"

pytestmark = pytest.mark.usefixtures("no_cloud")


@pytest.fixture
def metadata(no_cloud: None, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Stand for the metadata server."""
    from google.auth.compute_engine import _metadata

    put_google(cloud, TOKEN)
    monkeypatch.delenv("NO_GCE_CHECK")
    monkeypatch.setenv("GCE_METADATA_HOST", cloud.host)
    # The library reads it when it is loaded, and another test may have done that.
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", cloud.host)
    return cloud


@pytest.fixture
def federation(
    no_cloud: None, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Path:
    """Configure workload identity federation, and Google's STS for it; return the Pod's token."""
    (tmp_path / "token").write_text(POD_TOKEN)
    cloud.on("POST", "/v1/token", google_sts(POD_TOKEN, POOL, TOKEN, scope=SCOPE))
    configure(
        monkeypatch,
        tmp_path,
        {
            "type": "external_account",
            "audience": POOL,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{cloud.url}/v1/token",
            "credential_source": {"file": str(tmp_path / "token")},
        },
    )
    return tmp_path / "token"


def configure(
    monkeypatch: pytest.MonkeyPatch, folder: Path, document: Mapping[str, Any] | str
) -> Path:
    file = folder / "credentials.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    return file


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param(HOST, True, id="region"),
        pytest.param("us-docker.pkg.dev", True, id="multi-region"),
        pytest.param("northamerica-northeast1-docker.pkg.dev", True, id="long-region"),
        pytest.param("europe-west12-docker.pkg.dev", True, id="two-digits"),
        pytest.param("gcr.io", True, id="gcr"),
        pytest.param("us.gcr.io", True, id="gcr-us"),
        pytest.param("eu.gcr.io", True, id="gcr-eu"),
        pytest.param("asia.gcr.io", True, id="gcr-asia"),
        pytest.param(f"{HOST}.evil.test", False, id="longer"),
        pytest.param(f"{HOST}.", False, id="dot"),
        pytest.param(f"{HOST}:443", False, id="port"),
        pytest.param(f"{HOST}\n", False, id="newline"),
        pytest.param(f"https://{HOST}", False, id="url"),
        pytest.param(f"evil.test/{HOST}", False, id="path"),
        pytest.param(f"evil.test@{HOST}", False, id="user"),
        pytest.param(f"evil.{HOST}", False, id="subdomain"),
        pytest.param(HOST.upper(), False, id="upper-case"),
        pytest.param("evil-docker.pkg.dev.test", False, id="look-alike"),
        pytest.param("us-dockerxpkg.dev", False, id="no-dot"),
        pytest.param("us-docker.pkg.dev.gcr.io", False, id="both"),
        pytest.param("us-npm.pkg.dev", False, id="not-docker"),
        pytest.param("-docker.pkg.dev", False, id="nameless"),
        pytest.param("docker.pkg.dev", False, id="bare"),
        pytest.param("europe-west\u0661-docker.pkg.dev", False, id="another-scripts-digits"),
        pytest.param("mirror.gcr.io", False, id="mirror"),
        pytest.param("k8s.gcr.io", False, id="public"),
        pytest.param("evilgcr.io", False, id="domain"),
        pytest.param("us.gcr.io.evil.test", False, id="gcr-longer"),
        pytest.param("GCR.io", False, id="gcr-upper-case"),
        pytest.param("registry.test", False, id="other"),
        pytest.param("", False, id="empty"),
    ],
)
def test_serves(host: str, *, expected: bool) -> None:
    assert serves(host) is expected


@pytest.mark.parametrize("host", [HOST, "gcr.io"])
def test_the_pods_identity(metadata: Cloud, told_nobody: list[str], host: str) -> None:
    told_nobody += [TOKEN]

    issued = issue(host, f"https://{host}", environment())

    assert issued is not None
    assert issued.credential == Credential("oauth2accesstoken", TOKEN)
    assert issued.valid_s == pytest.approx(3599, abs=5)
    assert TOKEN not in f"{issued!r}"
    assert {r.headers.get("Metadata-Flavor") for r in metadata.requests} == {"Google"}
    (asked,) = metadata.asked(f"{ACCOUNT}/token")
    assert asked.query == {"scopes": SCOPE}


def test_a_token_that_is_half_used_is_good_for_what_is_left(metadata: Cloud) -> None:
    put_google(metadata, TOKEN, expires_in=300)

    issued = issue(HOST, API, environment())

    assert issued is not None
    assert issued.valid_s == pytest.approx(300, abs=5)


def test_the_librarys_own_variable_in_a_process_of_its_own(cloud: Cloud, tmp_path: Path) -> None:
    put_google(cloud, TOKEN)
    program = (
        "from cmp.registry.auth.google import issue; from cmp.settings import environment\n"
        f"issued = issue({HOST!r}, {API!r}, environment())\n"
        "print(issued.credential.username, issued.credential.password)"
    )

    argv = [sys.executable, "-I", "-W", "error", "-c", program]
    done = run(argv, tmp_path, {"GCE_METADATA_HOST": cloud.host})

    assert (done.stdout, done.stderr) == (f"oauth2accesstoken {TOKEN}\n", "")


@pytest.mark.usefixtures("federation")
def test_workload_identity_federation(cloud: Cloud, told_nobody: list[str]) -> None:
    told_nobody += [POD_TOKEN, TOKEN]

    issued = issue(HOST, API, environment())

    assert issued is not None
    assert issued.credential == Credential("oauth2accesstoken", TOKEN)
    assert issued.valid_s == pytest.approx(1800, abs=5)
    assert [request.path for request in cloud.requests] == ["/v1/token"]


def test_the_pods_token_is_read_each_time(cloud: Cloud, federation: Path) -> None:
    for token in ("first", "second"):
        federation.write_text(token)
        cloud.on("POST", "/v1/token", google_sts(token, POOL, TOKEN, scope=SCOPE))

        assert issue(HOST, API, environment()) is not None


def test_federation_with_a_service_account(
    cloud: Cloud, federation: Path, monkeypatch: pytest.MonkeyPatch, told_nobody: list[str]
) -> None:
    told_nobody += [POD_TOKEN, TOKEN, "1ntermediate"]
    robot = "/v1/projects/-/serviceAccounts/robot@p.iam.gserviceaccount.com:generateAccessToken"
    cloud.on("POST", "/v1/token", google_sts(POD_TOKEN, POOL, "1ntermediate", scope=IAM_SCOPE))
    cloud.on("POST", robot, google_iam("1ntermediate", TOKEN, scope=SCOPE))
    document = json.loads((federation.parent / "credentials.json").read_text())
    document["service_account_impersonation_url"] = f"{cloud.url}{robot}"
    configure(monkeypatch, federation.parent, document)

    issued = issue(HOST, API, environment())

    assert issued is not None
    assert issued.credential.password == TOKEN


def test_a_service_accounts_key(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told_nobody: list[str]
) -> None:
    key = service_account_key()
    told_nobody += [TOKEN, *key.pem.splitlines()[1:4]]
    cloud.on("POST", "/token", google_oauth(key, TOKEN, scope=SCOPE))
    configure(monkeypatch, tmp_path, key.document(f"{cloud.url}/token"))

    issued = issue(HOST, API, environment())

    assert issued is not None
    assert issued.credential == Credential("oauth2accesstoken", TOKEN)


def test_the_lifetime_where_an_answer_does_not_say_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cloud.on("POST", "/token", always(says({"access_token": TOKEN})))
    configure(monkeypatch, tmp_path, service_account_key().document(f"{cloud.url}/token"))

    issued = issue(HOST, API, environment())

    assert issued is not None
    assert issued.valid_s == 3600


def test_gclouds_own_file(
    federation: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "home" / ".config" / "gcloud"
    folder.mkdir(parents=True)
    (federation.parent / "credentials.json").rename(folder / "application_default_credentials.json")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    monkeypatch.setenv("PATH", "/nowhere")  # gcloud would be asked for a project

    assert issue(HOST, API, environment()) is not None


def test_no_identity_is_none(cloud: Cloud) -> None:
    assert issue(HOST, API, environment()) is None
    assert cloud.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(404, b"", {"Metadata-Flavor": "Google"}), id="no-account"),
        pytest.param(Answer(404), id="another-clouds"),
        pytest.param(Answer(401), id="aws"),
        pytest.param(Answer(200, b"<html>"), id="anything"),
        pytest.param(Answer(302, b"", {"Location": "http://127.0.0.1:1/"}), id="a-portal"),
    ],
)
def test_no_account_at_the_metadata_server_is_none(metadata: Cloud, answer: Answer) -> None:
    metadata.on("GET", f"{ACCOUNT}/email", always(answer))

    assert issue(HOST, API, environment()) is None
    assert len(metadata.requests) == 1


def test_no_metadata_server_is_none_and_soon(firewalled: str, soon: None) -> None:
    assert issue(HOST, API, {"GCE_METADATA_HOST": firewalled}) is None


def test_nobody_at_the_metadata_servers_address_is_none() -> None:
    assert issue(HOST, API, {"GCE_METADATA_IP": "127.0.0.1:1"}) is None


def test_no_proxy_leads_to_the_metadata_server(
    metadata: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    assert issue(HOST, API, environment()) is not None


@pytest.mark.parametrize(
    "api_url",
    [
        "https://mirror.test",
        f"http://{HOST}",
        f"https://{HOST}.evil.test",
        "http://127.0.0.1.evil.test",
        "http://127.0.0.1:80@evil.test",
    ],
)
def test_another_api_gets_nothing(metadata: Cloud, api_url: str) -> None:
    assert issue(HOST, api_url, environment()) is None
    assert metadata.requests == []


def test_an_api_on_loopback_does(metadata: Cloud) -> None:
    assert issue(HOST, "http://127.0.0.1:5000", environment()) is not None


def test_another_host_gets_nothing(metadata: Cloud) -> None:
    assert issue("registry.test", "https://registry.test", environment()) is None
    assert metadata.requests == []


@pytest.mark.parametrize("status", [403, 404])
def test_a_metadata_server_that_gives_no_token(
    metadata: Cloud, told_nobody: list[str], status: int
) -> None:
    told_nobody += [TOKEN]
    refused = Answer(status, f"denied {TOKEN}".encode(), {"Metadata-Flavor": "Google"})
    metadata.on("GET", f"{ACCOUNT}/token", of_google(always(refused)))

    def ask() -> object:
        return issue(HOST, API, environment())

    assert refusal(RegistryFailed, HOST, ask, TOKEN) == (
        "the metadata server gives no access token (RefreshError); check the service account's "
        "annotation iam.gke.io/gcp-service-account, and its role roles/iam.workloadIdentityUser"
    )


def test_no_answer_is_tried_three_times(metadata: Cloud) -> None:
    metadata.on("GET", f"{ACCOUNT}/token", always(Answer(503)))

    def ask() -> object:
        return issue(HOST, API, environment())

    assert refusal(RegistryFailed, HOST, ask) == (
        f"no answer: HTTP 503 ({metadata.url}{ACCOUNT}/token)"
    )
    assert len(metadata.asked(f"{ACCOUNT}/token")) == 3


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(200, b"text", {"Content-Type": "text/plain"}), id="text"),
        pytest.param(says({"expires_in": 1}), id="no-token"),
        pytest.param(says({"access_token": TOKEN}), id="no-end"),
        pytest.param(says({"access_token": f"{TOKEN}\r\nx: y", "expires_in": 1}), id="two-lines"),
        pytest.param(says({"access_token": 1, "expires_in": 1}), id="number"),
    ],
)
def test_an_answer_without_a_token(metadata: Cloud, told_nobody: list[str], answer: Answer) -> None:
    told_nobody += [TOKEN]
    metadata.on("GET", f"{ACCOUNT}/token", always(answer))

    def ask() -> object:
        return issue(HOST, API, environment())

    message = refusal(RegistryFailed, HOST, ask, TOKEN)

    assert message.startswith("Google's answer holds no usable token (")


def test_a_federated_identity_that_is_refused(
    cloud: Cloud, federation: Path, told_nobody: list[str]
) -> None:
    told_nobody += [POD_TOKEN, "an0ther"]
    federation.write_text("an0ther")

    def ask() -> object:
        return issue(HOST, API, environment())

    file = federation.parent / "credentials.json"
    assert refusal(RegistryFailed, HOST, ask, *told_nobody) == (
        f"no Google access token for {file} (OAuthError: invalid_grant); check that its account "
        "or workload identity pool is there, and may impersonate the service account it names"
    )


@pytest.mark.usefixtures("federation")
def test_no_answer_has_a_deadline(
    cloud: Cloud, silence: Service, monkeypatch: pytest.MonkeyPatch, soon: None
) -> None:
    monkeypatch.setattr("cmp.registry.auth.google._TIMEOUT_S", (0.2, 0.2))
    cloud.on("POST", "/v1/token", silence)

    def ask() -> object:
        return issue(HOST, API, environment())

    assert "(TransportError)" in refusal(RegistryFailed, HOST, ask, POD_TOKEN)


def test_a_silent_metadata_server_is_none_and_soon(
    metadata: Cloud, silence: Service, soon: None
) -> None:
    metadata.on("GET", f"{ACCOUNT}/email", silence)

    assert issue(HOST, API, environment()) is None


def test_nobody_there(
    federation: Path, monkeypatch: pytest.MonkeyPatch, told_nobody: list[str]
) -> None:
    told_nobody += [POD_TOKEN]
    document = json.loads((federation.parent / "credentials.json").read_text())
    file = configure(
        monkeypatch, federation.parent, {**document, "token_url": "http://127.0.0.1:1/"}
    )

    def ask() -> object:
        return issue(HOST, API, environment())

    message = refusal(RegistryFailed, HOST, ask, POD_TOKEN)

    assert message.startswith(f"no Google access token for {file} (TransportError); ")


def test_a_token_that_cannot_be_read(federation: Path) -> None:
    federation.unlink()
    federation.mkdir()

    def ask() -> object:
        return issue(HOST, API, environment())

    file = federation.parent / "credentials.json"
    assert refusal(InvalidInput, HOST, ask) == (
        f"cannot read {federation} that {file} names (IsADirectoryError)"
    )


def test_no_token_follows_a_redirection(cloud: Cloud, federation: Path) -> None:
    with Cloud() as other:
        leads = Answer(307, b"", {"Location": f"{other.url}/v1/token"})
        cloud.on("POST", "/v1/token", always(leads))

        with pytest.raises(RegistryFailed):
            issue(HOST, API, environment())

        assert other.requests == []


@pytest.mark.parametrize(
    "document",
    [
        pytest.param("s3cret", id="no-json"),
        pytest.param('{"type": "s3cret"}', id="no-type"),
        pytest.param('{"type": "service_account", "private_key": "s3cret"}', id="half-a-key"),
        pytest.param(
            '{"type": "service_account", "private_key": "s3cret", "client_email": "a@b", '
            '"token_uri": "http://127.0.0.1:1"}',
            id="no-key",
        ),
        pytest.param('{"type": "external_account", "audience": "s3cret"}', id="half-a-pool"),
    ],
)
def test_a_file_that_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told_nobody: list[str], document: str
) -> None:
    told_nobody += ["s3cret"]
    file = configure(monkeypatch, tmp_path, document)

    def ask() -> object:
        return issue(HOST, API, environment())

    message = refusal(InvalidInput, HOST, ask, *told_nobody)

    assert message.startswith(f"{file} gives no Google credentials (")
    assert message.endswith("; check GOOGLE_APPLICATION_CREDENTIALS")


def test_a_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")

    def ask() -> object:
        return issue(HOST, API, environment())

    assert refusal(InvalidInput, HOST, ask) == (
        "/nowhere/key.json gives no Google credentials (DefaultCredentialsError); "
        "check GOOGLE_APPLICATION_CREDENTIALS"
    )


def test_the_library_is_loaded_only_when_it_is_used(tmp_path: Path) -> None:
    program = (
        "import sys; from cmp.registry.auth.google import issue\n"
        f"issue({HOST!r}, {API!r}, {{'NO_GCE_CHECK': 'true'}})\n"
        "print([name for name in sys.modules if name.startswith('google.')])"
    )

    done = run([sys.executable, "-I", "-c", program], tmp_path)

    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
