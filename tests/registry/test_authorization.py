"""Who the client says it is, to whom, and to whom not."""

import json
from pathlib import Path

import pytest

from cmp.registry.auth.base import Credential
from tests.registry.conftest import NOWHERE, PASSWORD, TAGS, USER, Connect, refusal
from tests.support import faults, images
from tests.support.faults import FaultyRegistry
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.tools


def test_basic_credentials(
    registry_binary: Path, tmp_path: Path, connect: Connect, path: str
) -> None:
    right = (USER, PASSWORD)
    with RegistryServer(binary=registry_binary, root=tmp_path, htpasswd=right) as registry:
        images.push_image(registry.url, path, "v1", auth=right)
        where = f"({registry.url}/v2/{path}/tags/list)"

        assert connect(registry.url, Credential(*right)).tags(path).names == ("v1",)
        assert refusal(lambda: connect(registry.url).tags(path)) == (
            "registry tests: HTTP 401 Unauthorized without credentials; "
            f"check credentials in registries.conf {where}"
        )
        assert refusal(lambda: connect(registry.url, Credential(USER, "wrong")).tags(path)) == (
            "registry tests: HTTP 401 Unauthorized with the credentials of env:TESTS; "
            f"check credentials in registries.conf {where}"
        )


@pytest.mark.parametrize("credential", [None, (USER, PASSWORD)], ids=["anonymous", "credential"])
def test_a_token_is_fetched_once(
    registry: RegistryServer,
    connect: Connect,
    path: str,
    digest: str,
    credential: tuple[str, str] | None,
) -> None:
    with FaultyRegistry(registry.url, page_size=2) as faulty:
        faulty.demand_tokens(credential)
        client = connect(faulty.url, Credential(*credential) if credential else None)

        assert client.tags(path).names == TAGS
        assert client.head(path, "v1").digest == digest
        assert client.manifest(path, "v1")[1] == digest

        (asked,) = faulty.asked("GET", "^/token")
        assert asked.query["scope"] == f"repository:{path}:metadata_read,pull"
        assert asked.query["service"] == "registry of the tests"
        assert asked.authorization == (faults.basic(*credential) if credential else "")
        sent = [r.authorization for r in faulty.requests if r is not asked]
        assert sent == ["", *[f"Bearer {faulty.tokens[0]}"] * 5]


def test_each_repository_has_its_token(
    faulty: FaultyRegistry, registry: RegistryServer, connect: Connect, path: str
) -> None:
    other = f"{path}/other"
    images.push_image(registry.url, other, "v1")
    faulty.demand_tokens()
    client = connect(faulty.url)

    assert [client.tags(p).names for p in (path, other, path)] == [TAGS, ("v1",), TAGS]
    scopes = [request.query["scope"] for request in faulty.asked("GET", "^/token")]
    assert scopes == [f"repository:{p}:metadata_read,pull" for p in (path, other)]


def test_a_challenge_without_scope_means_to_pull(
    faulty: FaultyRegistry, connect: Connect, path: str
) -> None:
    challenge = f'Bearer realm="{faulty.url}/token?account=x",service="registry of the tests"'
    faulty.demand_tokens()
    faulty.on("GET", "/tags/list", faults.failing(401, WWW_Authenticate=challenge))
    client = connect(faulty.url)

    refusal(lambda: client.tags(path))

    (asked,) = faulty.asked("GET", "^/token")
    assert asked.query["scope"] == f"repository:{path}:pull"
    assert asked.query["account"] == "x"


def test_a_token_whose_time_is_over(faulty: FaultyRegistry, connect: Connect, path: str) -> None:
    faulty.demand_tokens()
    client = connect(faulty.url)
    client.tags(path)
    faulty.forget_tokens()

    assert client.tags(path).names == TAGS


@pytest.mark.parametrize(
    ("credential", "who"),
    [
        pytest.param(None, "without credentials", id="none"),
        pytest.param((USER, "wrong"), "with the credentials of env:TESTS", id="wrong"),
    ],
)
def test_a_token_that_is_refused(
    faulty: FaultyRegistry,
    connect: Connect,
    path: str,
    credential: tuple[str, str] | None,
    who: str,
) -> None:
    faulty.demand_tokens((USER, PASSWORD))
    client = connect(faulty.url, Credential(*credential) if credential else None)

    assert refusal(lambda: client.tags(path)) == (
        f"registry tests: HTTP 401 Unauthorized {who}; "
        f"check credentials in registries.conf ({faulty.url}/token)"
    )


def test_a_token_that_is_not_enough(faulty: FaultyRegistry, connect: Connect, path: str) -> None:
    faulty.demand_tokens()
    faulty.on("GET", "^/token", faults.stating(token="of-another-repository"))

    said = refusal(lambda: connect(faulty.url, Credential(USER, PASSWORD)).tags(path))

    assert "HTTP 401 Unauthorized with the credentials of env:TESTS" in said
    assert len(faulty.requests) == 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param(faults.failing(500), "HTTP 500 Internal Server Error", id="500"),
        pytest.param(faults.cut, "no answer: ProtocolError", id="cut"),
        pytest.param(faults.saying(b"x"), "the answer is not JSON", id="json"),
        pytest.param(faults.saying(b"{}"), "the answer holds no token", id="none"),
        pytest.param(faults.stating(token=7), "the answer holds no token", id="number"),
        pytest.param(faults.stating(token="token-\nX: y"), "the answer holds no token", id="line"),
        pytest.param(faults.stating(token="token-€"), "the answer holds no token", id="latin-1"),
    ],
)
def test_a_token_endpoint_that_fails(
    faulty: FaultyRegistry, connect: Connect, path: str, fault: faults.Fault, reason: str
) -> None:
    faulty.demand_tokens()
    faulty.on("GET", "^/token", fault)

    said = refusal(lambda: connect(faulty.url, Credential(USER, PASSWORD)).tags(path))

    assert said.startswith(f"registry tests: {reason}")
    assert said.endswith(f" ({faulty.url}/token)")


def test_the_other_name_of_a_token(faulty: FaultyRegistry, connect: Connect, path: str) -> None:
    faulty.demand_tokens()

    def renamed(answer: faults.Answer) -> faults.Answer:
        token = json.loads(answer.body)["token"]
        return faults.saying(json.dumps({"access_token": token}).encode())(answer)

    faulty.on("GET", "^/token", renamed)

    assert connect(faulty.url).tags(path).names == TAGS


@pytest.mark.parametrize(
    ("challenge", "reason"),
    [
        pytest.param("", "HTTP 401 Unauthorized without credentials", id="none"),
        pytest.param("Negotiate", "HTTP 401 Unauthorized without credentials", id="unknown"),
        pytest.param("Bearer", "it asks for a token without saying where", id="no-realm"),
        pytest.param('Bearer realm="x"', "it asks for a token without saying where", id="no-url"),
        pytest.param('Bearer realm="http://"', "no answer: InvalidURL", id="no-host"),
        pytest.param('Bearer realm="http://["', "no answer: InvalidURL", id="bad-host"),
        pytest.param(f'Bearer realm="{NOWHERE}"', "no answer: ConnectionError", id="nowhere"),
    ],
)
def test_a_challenge_that_cannot_be_met(
    faulty: FaultyRegistry, connect: Connect, path: str, challenge: str, reason: str
) -> None:
    faulty.on("GET", "/tags/list", faults.failing(401, WWW_Authenticate=challenge))

    said = refusal(lambda: connect(faulty.url, Credential(USER, PASSWORD)).tags(path))

    assert said.startswith(f"registry tests: {reason}")


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_credentials_stay_with_their_host(
    faulty: FaultyRegistry, registry: RegistryServer, connect: Connect, path: str, scheme: str
) -> None:
    if scheme == "bearer":
        faulty.demand_tokens((USER, PASSWORD))
    else:
        faulty.demand_basic(USER, PASSWORD)
    with FaultyRegistry(registry.url) as other:
        client = connect(faulty.url, Credential(USER, PASSWORD))
        config = client.manifest(path, "v1")[0]["config"]["digest"]
        before = len(faulty.requests)
        faulty.on("GET", "/blobs/", faults.leading(f"{other.url}/v2/{path}/blobs/{config}?sig=x"))

        assert client.blob(path, config)["os"] == "linux"

        assert all(request.authorization for request in faulty.requests[before:])
        assert [request.authorization for request in other.requests] == [""]


@pytest.mark.parametrize("redirected", [False, True], ids=["asked", "redirected"])
def test_no_credentials_of_the_machines_own(
    faulty: FaultyRegistry,
    registry: RegistryServer,
    connect: Connect,
    path: str,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    redirected: bool,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with FaultyRegistry(registry.url) as other:
        if redirected:
            faulty.on("GET", "/tags/list", faults.leading(f"{other.url}/v2/{path}/tags/list"))

        assert connect(faulty.url).tags(path).names == TAGS
        assert {r.authorization for r in (*faulty.requests, *other.requests)} == {""}
