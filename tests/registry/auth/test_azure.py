"""Tokens of Azure's registries: whose, for which identity, and who is never sent one."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from cmp.errors import InvalidInput, RegistryFailed
from cmp.registry.auth.azure import issue, serves
from cmp.registry.auth.base import Credential, Issued
from tests.registry.auth.conftest import refusal
from tests.support.cloud import (
    Answer,
    Cloud,
    Service,
    acr_exchange,
    always,
    app_service,
    azure_metadata,
    azure_refuses,
    entra,
    jwt,
    says,
)

HOST = "contoso.azurecr.io"
TENANT = "409520d4-8100-4d1d-ad47-72432ddcc120"
CLIENT = "11111111-2222-3333-4444-555555555555"
POD_TOKEN = "pod.federated.t0ken"
ACCESS_TOKEN = "entra-access-t0ken"
REFRESH_TOKEN = jwt(iat=1497988712, exp=1497988712 + 7200, aud=HOST)
ISSUED = Issued(Credential("00000000-0000-0000-0000-000000000000", REFRESH_TOKEN), 7200.0)
SECRETS = (POD_TOKEN, ACCESS_TOKEN, REFRESH_TOKEN)
ENTRA = f"/{TENANT}/oauth2/v2.0/token"
METADATA = "/metadata/identity/oauth2/token"

pytestmark = pytest.mark.usefixtures("no_cloud")


@pytest.fixture
def pod(cloud: Cloud, tmp_path: Path) -> Mapping[str, str]:
    """Return what Azure's webhook sets in the Pods of an annotated service account."""
    file = tmp_path / "token"
    file.write_text(f"{POD_TOKEN}\n")
    cloud.on("POST", ENTRA, entra(CLIENT, POD_TOKEN, ACCESS_TOKEN))
    exchange = acr_exchange(HOST, ACCESS_TOKEN, REFRESH_TOKEN, tenant=TENANT)
    cloud.on("POST", "/oauth2/exchange", exchange)
    return {
        "AZURE_FEDERATED_TOKEN_FILE": str(file),
        "AZURE_CLIENT_ID": CLIENT,
        "AZURE_TENANT_ID": TENANT,
        "AZURE_AUTHORITY_HOST": f"{cloud.url}/",
    }


@pytest.fixture
def machine(cloud: Cloud) -> Mapping[str, str]:
    """Return what leads to the metadata service of a machine with one identity."""
    cloud.on("GET", METADATA, azure_metadata(ACCESS_TOKEN))
    cloud.on("POST", "/oauth2/exchange", acr_exchange(HOST, ACCESS_TOKEN, REFRESH_TOKEN))
    return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": cloud.url}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param(HOST, True, id="plain"),
        pytest.param("contoso.azurecr.cn", True, id="china"),
        pytest.param("contoso.azurecr.us", True, id="us-government"),
        pytest.param("contoso-abc123.azurecr.io", True, id="with-a-label-of-its-name"),
        pytest.param(f"{HOST}.evil.test", False, id="longer"),
        pytest.param(f"{HOST}.", False, id="dot"),
        pytest.param(f"{HOST}:443", False, id="port"),
        pytest.param(f"{HOST}\n", False, id="newline"),
        pytest.param(f"https://{HOST}", False, id="url"),
        pytest.param(f"evil.test/{HOST}", False, id="path"),
        pytest.param(f"evil.test@{HOST}", False, id="user"),
        pytest.param("evil.contoso.azurecr.io", False, id="subdomain"),
        pytest.param("Contoso.azurecr.io", False, id="upper-case"),
        pytest.param("contoso.AZURECR.io", False, id="upper-case-domain"),
        pytest.param("c\u00f6ntoso.azurecr.io", False, id="not-ascii"),
        pytest.param("contosoxazurecr.io", False, id="no-dot"),
        pytest.param("contoso.azurecr.de", False, id="germany-is-no-more"),
        pytest.param("contoso.azurecr.io.cn", False, id="domain"),
        pytest.param("contoso.evilazurecr.io", False, id="domain-begins-otherwise"),
        pytest.param("-contoso.azurecr.io", False, id="dash"),
        pytest.param(".azurecr.io", False, id="nameless"),
        pytest.param("azurecr.io", False, id="bare"),
        pytest.param("registry.test", False, id="other"),
        pytest.param("", False, id="empty"),
    ],
)
def test_serves(host: str, *, expected: bool) -> None:
    assert serves(host) is expected


def test_a_pods_identity(cloud: Cloud, pod: Mapping[str, str], told_nobody: list[str]) -> None:
    told_nobody += SECRETS

    issued = issue(HOST, cloud.url, pod)

    assert issued == ISSUED
    assert REFRESH_TOKEN not in f"{issued!r}"
    assert [request.path for request in cloud.requests] == [ENTRA, "/oauth2/exchange"]
    (exchange,) = cloud.asked("/oauth2/exchange")
    assert exchange.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert POD_TOKEN not in exchange.body.decode()


def test_the_pods_token_is_read_each_time(cloud: Cloud, pod: Mapping[str, str]) -> None:
    for token in ("first", "second"):
        Path(pod["AZURE_FEDERATED_TOKEN_FILE"]).write_text(token)
        cloud.on("POST", ENTRA, entra(CLIENT, token, ACCESS_TOKEN))

        assert issue(HOST, cloud.url, pod) == ISSUED


def test_a_machines_identity(
    cloud: Cloud, machine: Mapping[str, str], told_nobody: list[str]
) -> None:
    told_nobody += [ACCESS_TOKEN, REFRESH_TOKEN]

    assert issue(HOST, cloud.url, machine) == ISSUED


def test_one_of_a_machines_identities(cloud: Cloud, machine: Mapping[str, str]) -> None:
    cloud.on("GET", METADATA, azure_metadata(ACCESS_TOKEN, client=CLIENT))

    assert issue(HOST, cloud.url, {**machine, "AZURE_CLIENT_ID": CLIENT}) == ISSUED


def test_an_identity_as_app_service_gives_it(
    cloud: Cloud, machine: Mapping[str, str], told_nobody: list[str]
) -> None:
    told_nobody += ["h3ader", ACCESS_TOKEN, REFRESH_TOKEN]
    cloud.on("GET", "/msi/token", app_service("h3ader", ACCESS_TOKEN))
    env = {"IDENTITY_ENDPOINT": f"{cloud.url}/msi/token", "IDENTITY_HEADER": "h3ader"}

    assert issue(HOST, cloud.url, {**machine, **env}) == ISSUED
    assert cloud.asked(METADATA) == []


@pytest.mark.parametrize(
    ("token", "valid_s"),
    [
        pytest.param(jwt(iat=100, exp=160.5), 60.5, id="said"),
        pytest.param(jwt(exp=160), 10800.0, id="no-beginning"),
        pytest.param(jwt(iat=100), 10800.0, id="no-end"),
        pytest.param(jwt(iat=100, exp=100), 10800.0, id="nothing"),
        pytest.param(jwt(iat=100, exp=float("inf")), 10800.0, id="for-ever"),
        pytest.param(jwt(iat=100, exp=float("nan")), 10800.0, id="not-a-number"),
        pytest.param(jwt(iat="100", exp="160"), 10800.0, id="text"),
        pytest.param("a.W10.c", 10800.0, id="no-object"),
        pytest.param("a.b.c", 10800.0, id="no-json"),
        pytest.param("a.\u007e.c", 10800.0, id="no-base64"),
        pytest.param("opaque", 10800.0, id="opaque"),
    ],
)
def test_for_how_long(cloud: Cloud, machine: Mapping[str, str], token: str, valid_s: float) -> None:
    cloud.on("POST", "/oauth2/exchange", acr_exchange(HOST, ACCESS_TOKEN, token))

    issued = issue(HOST, cloud.url, machine)

    assert issued is not None
    assert issued.valid_s == valid_s


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(azure_refuses("Identity not found"), id="machine-without-identity"),
        pytest.param(Answer(401), id="aws"),
        pytest.param(Answer(404, b"<html>"), id="aws-version-1"),
        pytest.param(Answer(403, b"", {"Metadata-Flavor": "Google"}), id="google"),
        pytest.param(Answer(200, b"<html>"), id="anything"),
    ],
)
def test_no_identity_is_none(cloud: Cloud, machine: Mapping[str, str], answer: Answer) -> None:
    cloud.on("GET", METADATA, always(answer))

    assert issue(HOST, cloud.url, machine) is None
    assert cloud.asked("/oauth2/exchange") == []


def test_no_metadata_service_is_none_and_soon(cloud: Cloud, firewalled: str, soon: None) -> None:
    env = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": f"http://{firewalled}"}

    assert issue(HOST, cloud.url, env) is None


def test_nobody_at_the_metadata_services_address_is_none(cloud: Cloud) -> None:
    env = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:1"}

    assert issue(HOST, cloud.url, env) is None


def test_no_proxy_leads_to_the_metadata_service(
    cloud: Cloud, machine: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    with pytest.raises(RegistryFailed, match=r"ProxyError .*/oauth2/exchange"):
        issue(HOST, cloud.url, machine)  # a proxy may lead to a registry

    assert len(cloud.asked(METADATA)) == 2


@pytest.mark.parametrize(
    "api_url",
    [
        "https://mirror.test",
        f"http://{HOST}",
        f"https://{HOST}.evil.test",
        f"https://mirror.test/{HOST}",
        "http://127.0.0.1.evil.test",
        "http://127.0.0.1:80@evil.test",
    ],
)
def test_another_api_is_sent_nothing(cloud: Cloud, pod: Mapping[str, str], api_url: str) -> None:
    assert issue(HOST, api_url, pod) is None
    assert cloud.requests == []


def test_another_host_gets_nothing(cloud: Cloud, pod: Mapping[str, str]) -> None:
    assert issue("registry.test", cloud.url, pod) is None
    assert cloud.requests == []


def test_a_registrys_own_api_is_asked_through_tls(
    cloud: Cloud, machine: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", cloud.url)

    with pytest.raises(RegistryFailed, match="no answer: ProxyError"):
        issue(HOST, f"https://{HOST}", machine)

    asked = {request.target for request in cloud.requests if request.method == "CONNECT"}
    assert asked == {f"{HOST}:443"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", [ENTRA, "/oauth2/exchange"])
def test_no_token_follows_a_redirection(
    cloud: Cloud, pod: Mapping[str, str], told_nobody: list[str], path: str, status: int
) -> None:
    told_nobody += SECRETS
    with Cloud() as other:
        leads = Answer(status, b"", {"Location": f"{other.url}/?t={ACCESS_TOKEN}"})
        cloud.on("POST", path, always(leads))

        def ask() -> object:
            return issue(HOST, cloud.url, pod)

        message = refusal(RegistryFailed, HOST, ask, *SECRETS)

        assert message == (
            f"HTTP {status} leads elsewhere, where no token is sent ({cloud.url}{path})"
        )
        assert other.requests == []


def test_a_pods_identity_that_entra_refuses(
    cloud: Cloud, pod: Mapping[str, str], told_nobody: list[str]
) -> None:
    told_nobody += SECRETS
    cloud.on("POST", ENTRA, entra("another", POD_TOKEN, ACCESS_TOKEN))

    def ask() -> object:
        return issue(HOST, cloud.url, pod)

    assert refusal(RegistryFailed, HOST, ask, *SECRETS) == (
        "Entra refuses the Pod's identity: HTTP 401 invalid_client AADSTS700213; check the "
        f"federated identity credential of client {CLIENT}: issuer, namespace and service account"
    )


@pytest.mark.parametrize("status", [401, 403])
def test_an_identity_that_the_registry_refuses(
    cloud: Cloud, pod: Mapping[str, str], told_nobody: list[str], status: int
) -> None:
    told_nobody += SECRETS
    cloud.on("POST", "/oauth2/exchange", always(says({"errors": [ACCESS_TOKEN]}, status)))

    def ask() -> object:
        return issue(HOST, cloud.url, pod)

    assert refusal(RegistryFailed, HOST, ask, *SECRETS) == (
        f"the registry refuses this process's identity: HTTP {status}; give the identity the role "
        "AcrPull on it (where it is in ABAC mode: Container Registry Repository Reader)"
    )


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        pytest.param(Answer(404), "no exchange of tokens: HTTP 404", id="not-found"),
        pytest.param(Answer(503), "no exchange of tokens: HTTP 503", id="unavailable"),
        pytest.param(
            Answer(200, b"<html>"), "the answer of the registry holds no token", id="no-json"
        ),
        pytest.param(
            Answer(200, b"[" * 100_000), "the answer of the registry holds no token", id="deep"
        ),
        pytest.param(says({}), "the answer of the registry holds no token", id="nothing"),
        pytest.param(
            says({"refresh_token": 1}), "the answer of the registry holds no token", id="number"
        ),
        pytest.param(
            says({"refresh_token": "a\r\nb: c"}),
            "the answer of the registry holds no token",
            id="not-for-a-header",
        ),
        pytest.param(
            says({"x": "x" * 300_000, "refresh_token": "t"}),
            "the answer of the registry holds no token",
            id="too-long",
        ),
    ],
)
def test_what_the_registry_may_say_instead(
    cloud: Cloud, machine: Mapping[str, str], answer: Answer, complaint: str
) -> None:
    cloud.on("POST", "/oauth2/exchange", always(answer))

    def ask() -> object:
        return issue(HOST, cloud.url, machine)

    assert refusal(RegistryFailed, HOST, ask, ACCESS_TOKEN) == complaint


def test_no_answer_is_tried_three_times(cloud: Cloud, pod: Mapping[str, str]) -> None:
    cloud.on("POST", ENTRA, always(Answer(503)))

    with pytest.raises(RegistryFailed, match=r"^registry .*: HTTP 503; "):
        issue(HOST, cloud.url, pod)

    assert len(cloud.requests) == 3


@pytest.mark.parametrize(
    ("answer", "kind", "complaint"),
    [
        pytest.param(
            azure_refuses("Multiple user assigned identities exist, please specify the clientId"),
            InvalidInput,
            "the machine has no such managed identity, or several: HTTP 400 invalid_request; set "
            "AZURE_CLIENT_ID to the client id of one of its identities, or use workload identity",
            id="several",
        ),
        pytest.param(
            azure_refuses("being updated", 410),
            RegistryFailed,
            "the metadata service gives no token: HTTP 410 invalid_request",
            id="updated",
        ),
        pytest.param(
            Answer(500),
            RegistryFailed,
            "the metadata service gives no token: HTTP 500",
            id="broken",
        ),
        pytest.param(
            says({"access_token": "a b"}),
            RegistryFailed,
            "the answer of the metadata service holds no token",
            id="no-token",
        ),
    ],
)
def test_what_the_metadata_service_may_say_instead(
    cloud: Cloud,
    machine: Mapping[str, str],
    answer: Answer,
    kind: type[InvalidInput | RegistryFailed],
    complaint: str,
) -> None:
    cloud.on("GET", METADATA, always(answer))

    def ask() -> object:
        return issue(HOST, cloud.url, machine)

    assert refusal(kind, HOST, ask) == complaint


def test_an_identity_that_the_machine_does_not_have(
    cloud: Cloud, machine: Mapping[str, str]
) -> None:
    def ask() -> object:
        return issue(HOST, cloud.url, {**machine, "AZURE_CLIENT_ID": CLIENT})

    assert "HTTP 400 invalid_request" in refusal(InvalidInput, HOST, ask)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        pytest.param(
            {"AZURE_CLIENT_ID": ""},
            "AZURE_FEDERATED_TOKEN_FILE is set and AZURE_CLIENT_ID not; annotate the service "
            "account with azure.workload.identity/client-id",
            id="no-client",
        ),
        pytest.param(
            {"AZURE_CLIENT_ID": "", "AZURE_TENANT_ID": ""},
            "AZURE_FEDERATED_TOKEN_FILE is set and AZURE_CLIENT_ID and AZURE_TENANT_ID not; "
            "annotate the service account with azure.workload.identity/client-id",
            id="neither",
        ),
        pytest.param(
            {"AZURE_AUTHORITY_HOST": "http://login.test"},
            "AZURE_AUTHORITY_HOST has to begin with https://",
            id="plain-http",
        ),
        pytest.param(
            {"AZURE_FEDERATED_TOKEN_FILE": "/nowhere/token"},
            "cannot read AZURE_FEDERATED_TOKEN_FILE /nowhere/token (FileNotFoundError); label the "
            'Pod azure.workload.identity/use: "true"',
            id="no-file",
        ),
    ],
)
def test_half_an_identity(
    cloud: Cloud, pod: Mapping[str, str], changed: Mapping[str, str], complaint: str
) -> None:
    def ask() -> object:
        return issue(HOST, cloud.url, {**pod, **changed})

    assert refusal(InvalidInput, HOST, ask, *SECRETS) == complaint
    assert cloud.requests == []


def test_an_endpoint_without_its_header(cloud: Cloud) -> None:
    def ask() -> object:
        return issue(HOST, cloud.url, {"IDENTITY_ENDPOINT": cloud.url})

    assert refusal(InvalidInput, HOST, ask) == (
        "IDENTITY_ENDPOINT is set and IDENTITY_HEADER not; unset it, or set both (the endpoint of "
        "Azure Arc cannot be used)"
    )


@pytest.mark.parametrize("header", ["wr0ng", "wr0ng\n"])
def test_an_endpoint_that_refuses(cloud: Cloud, told_nobody: list[str], header: str) -> None:
    told_nobody += ["wr0ng", "h3ader"]
    cloud.on("GET", "/msi/token", app_service("h3ader", ACCESS_TOKEN))
    env = {"IDENTITY_ENDPOINT": f"{cloud.url}/msi/token", "IDENTITY_HEADER": header}

    def ask() -> object:
        return issue(HOST, cloud.url, env)

    message = refusal(RegistryFailed, HOST, ask, *told_nobody)

    assert message.startswith(("IDENTITY_ENDPOINT gives no token: HTTP 401; ", "no answer: "))


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("silent", [ENTRA, "/oauth2/exchange"])
def test_no_answer_has_a_deadline(
    cloud: Cloud,
    pod: Mapping[str, str],
    silence: Service,
    monkeypatch: pytest.MonkeyPatch,
    silent: str,
) -> None:
    monkeypatch.setattr("cmp.registry.auth.azure._TIMEOUT_S", (0.2, 0.2))
    cloud.on("POST", silent, silence)

    def ask() -> object:
        return issue(HOST, cloud.url, pod)

    message = refusal(RegistryFailed, HOST, ask, *SECRETS)

    assert message.startswith("no answer: ")
    assert len(cloud.asked(silent)) == 3


def test_a_silent_metadata_service_is_none_and_soon(
    cloud: Cloud, machine: Mapping[str, str], silence: Service, soon: None
) -> None:
    cloud.on("GET", METADATA, silence)

    assert issue(HOST, cloud.url, machine) is None


def test_nobody_there(cloud: Cloud, pod: Mapping[str, str], told_nobody: list[str]) -> None:
    told_nobody += SECRETS

    def ask() -> object:
        return issue(HOST, cloud.url, {**pod, "AZURE_AUTHORITY_HOST": "http://127.0.0.1:1"})

    assert refusal(RegistryFailed, HOST, ask, *SECRETS) == (
        f"no answer: ConnectionError (http://127.0.0.1:1{ENTRA})"
    )


def test_no_netrc_adds_a_password(
    cloud: Cloud, pod: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login robot password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    assert issue(HOST, cloud.url, pod) == ISSUED
    assert [r for r in cloud.requests if "Authorization" in r.headers] == []
