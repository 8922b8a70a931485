"""Tokens and credentials have a life: renewed in time, once where they are refused, and kept."""

import base64
import json
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from cmp.errors import CmpError, EdgeFailed, InvalidInput
from cmp.registry import authorized as authorized_module
from cmp.registry.auth import keychain as keychain_module
from cmp.registry.auth.base import Credential, Issued
from cmp.registry.auth.docker_config import IDENTITY_USER
from cmp.registry.auth.keychain import Fetch, Keychain, Keyring, Secret, Wanted
from cmp.registry.auth.reference import parse
from cmp.registry.client import RegistryClient
from cmp.registry.configuration import Registry
from cmp.registry.pace import Pace
from cmp.registry.transport import RegistryTransport
from tests.registry.conftest import PASSWORD, TAGS, USER, Connect, refusal
from tests.support import faults
from tests.support.faults import FaultyRegistry, basic
from tests.support.registry import RegistryServer

OLD = Credential(USER, "old-Pa55")
NEW = Credential(USER, PASSWORD)
PAGE_2 = r"/tags/list\?.*last=v2"


class Clock:
    """What the modules read the time from; it stands still until a test moves it."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def monotonic(self) -> float:
        return self.now_s


class Source:
    """What has credentials: says one after the other, the last of them for ever."""

    def __init__(self, *says: Credential | CmpError, valid_s: float | None = None) -> None:
        self.asked: list[str] = []
        self.says = list(says)
        self._valid_s = valid_s

    def __call__(self, path: str) -> Issued:
        self.asked.append(path)
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(said, CmpError):
            raise said
        return Issued(said, self._valid_s)


Open = Callable[[str, Fetch], RegistryClient]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (authorized_module, keychain_module):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def client() -> Iterator[Open]:
    """Return what makes clients whose credentials come from a source."""
    with ExitStack() as opened:

        def client(url: str, fetch: Fetch) -> RegistryClient:
            registry = Registry("tests", url)
            transport = RegistryTransport(registry, Pace(), 4, lambda _: None)
            opened.enter_context(closing(transport))
            return RegistryClient(registry, transport, Keychain(fetch, "env:TESTS"))

        yield client


def unreachable() -> EdgeFailed:
    return EdgeFailed("the vault is closed")


# Tokens.


@pytest.mark.tools
@pytest.mark.parametrize(
    ("expires_in", "used_s"),
    [
        pytest.param(300, 240, id="said"),
        pytest.param(100.5, 80.4, id="fraction"),
        pytest.param(10, 48, id="shorter-than-there-are"),
        pytest.param(0, 48, id="zero"),
        pytest.param(-5, 48, id="negative"),
        pytest.param(None, 48, id="unsaid"),
        pytest.param("300", 48, id="no-number"),
        pytest.param(float("nan"), 48, id="nan"),
        pytest.param(float("inf"), 86_400 * 0.8, id="for-ever"),
        pytest.param(10**400, 86_400 * 0.8, id="no-float-is-so-great"),
    ],
)
def test_a_token_is_used_for_most_of_its_life(
    faulty: FaultyRegistry,
    connect: Connect,
    path: str,
    *,
    clock: Clock,
    expires_in: object,
    used_s: float,
) -> None:
    faulty.demand_tokens()
    faulty.on("GET", "^/token", faults.stating(expires_in=expires_in))
    client = connect(faulty.url)
    client.tags(path)

    clock.now_s += used_s - 1
    client.tags(path)
    before = len(faulty.asked("GET", "^/token"))
    clock.now_s += 1.1
    client.tags(path)

    assert (before, len(faulty.asked("GET", "^/token"))) == (1, 2)
    assert [r.authorization for r in faulty.asked("GET", "/tags/list")] == [
        "",
        *[f"Bearer {faulty.tokens[0]}"] * 2,
        f"Bearer {faulty.tokens[1]}",
    ]


@pytest.mark.tools
def test_a_token_that_is_refused_in_the_midst_of_a_listing(
    registry: RegistryServer, connect: Connect, path: str
) -> None:
    with FaultyRegistry(registry.url, page_size=2) as faulty:
        faulty.demand_tokens()
        client = connect(faulty.url)
        expired: list[tuple[str, ...]] = []

        def expire(answer: faults.Answer) -> faults.Answer:
            if not expired:
                expired.append(faulty.tokens)
                faulty.forget_tokens()
            return answer

        faulty.on("GET", "/tags/list$", lambda a: expire(a) if a.status == 200 else a)

        assert client.tags(path).names == TAGS

        assert len(faulty.asked("GET", "^/token")) == 2
        assert len(faulty.asked("GET", "/tags/list$")) == 2  # refused, page 1
        assert len(faulty.asked("GET", PAGE_2)) == 2  # refused, page 2
        assert len(faulty.asked("GET", "last=v4")) == 1


@pytest.mark.tools
def test_a_token_that_is_always_refused_is_renewed_once(
    registry: RegistryServer, connect: Connect, path: str
) -> None:
    with FaultyRegistry(registry.url, page_size=2) as faulty:
        faulty.demand_tokens()
        challenge = f'Bearer realm="{faulty.url}/token",service="registry of the tests"'
        faulty.on("GET", PAGE_2, faults.failing(401, WWW_Authenticate=challenge))

        said = refusal(lambda: connect(faulty.url).tags(path))

        assert said.startswith("registry tests: HTTP 401 Unauthorized without credentials")
        assert len(faulty.asked("GET", PAGE_2)) == 2


@pytest.mark.tools
def test_an_identity_token_is_posted(faulty: FaultyRegistry, connect: Connect, path: str) -> None:
    faulty.demand_tokens((IDENTITY_USER, PASSWORD))
    client = connect(faulty.url, Credential(IDENTITY_USER, PASSWORD))

    assert client.tags(path).names == TAGS

    # docs/content/spec/auth/oauth.md, "Getting a token"
    (asked,) = faulty.asked("POST", "^/token$")
    assert asked.fields == {
        "grant_type": "refresh_token",
        "service": "registry of the tests",
        "client_id": "argocd-image-cmp",
        "scope": f"repository:{path}:metadata_read,pull",
        "refresh_token": PASSWORD,
    }
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.authorization == ""


@pytest.mark.tools
def test_an_identity_token_that_is_refused(
    faulty: FaultyRegistry, connect: Connect, path: str
) -> None:
    faulty.demand_tokens((IDENTITY_USER, "another"))
    client = connect(faulty.url, Credential(IDENTITY_USER, PASSWORD))

    assert refusal(lambda: client.tags(path)) == (
        "registry tests: HTTP 401 Unauthorized with the credentials of env:TESTS; "
        f"check credentials in registries.conf ({faulty.url}/token)"
    )


@pytest.mark.tools
def test_an_identity_token_is_no_password(
    faulty: FaultyRegistry, connect: Connect, path: str
) -> None:
    faulty.demand_basic(IDENTITY_USER, PASSWORD)

    refusal(lambda: connect(faulty.url, Credential(IDENTITY_USER, PASSWORD)).tags(path))

    assert {request.authorization for request in faulty.requests} == {""}


@pytest.mark.tools
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_an_identity_token_does_not_follow_a_redirection(
    faulty: FaultyRegistry, registry: RegistryServer, connect: Connect, path: str, *, status: int
) -> None:
    faulty.demand_tokens((IDENTITY_USER, PASSWORD))
    with FaultyRegistry(registry.url) as other:
        faulty.on("POST", "^/token", faults.failing(status, Location=f"{other.url}/token"))

        said = refusal(lambda: connect(faulty.url, Credential(IDENTITY_USER, PASSWORD)).tags(path))

        assert said.startswith(f"registry tests: HTTP {status} ")
        assert other.requests == []


@pytest.mark.tools
def test_a_password_does_not_follow_a_redirection_of_the_token_endpoint(
    faulty: FaultyRegistry, registry: RegistryServer, connect: Connect, path: str
) -> None:
    faulty.demand_tokens((USER, PASSWORD))
    with FaultyRegistry(registry.url) as other:
        faulty.on("GET", "^/token", faults.leading(f"{other.url}/token"))

        refusal(lambda: connect(faulty.url, NEW).tags(path))

        assert [request.authorization for request in other.requests] == [""]


# Credentials.


@pytest.mark.tools
@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_a_credential_that_was_changed_is_fetched_again(
    faulty: FaultyRegistry, client: Open, path: str, kind: str
) -> None:
    source = Source(OLD, NEW)
    asked = client(faulty.url, source)
    if kind == "basic":
        faulty.demand_basic(NEW.username, NEW.password)
    else:
        faulty.demand_tokens((NEW.username, NEW.password))

    assert [asked.tags(path).names for _ in range(3)] == [TAGS] * 3

    assert source.asked == [path] * 2
    sent = [r.authorization for r in faulty.requests if r.authorization.startswith("Basic ")]
    old, new = (basic(one.username, one.password) for one in (OLD, NEW))
    assert sent == [old, *[new] * (3 if kind == "basic" else 1)]


@pytest.mark.tools
@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_a_credential_that_is_changed_while_it_is_in_use(
    faulty: FaultyRegistry, client: Open, path: str, kind: str
) -> None:
    source = Source(OLD)
    asked = client(faulty.url, source)
    for credential in (OLD, NEW):
        source.says = [credential]
        if kind == "basic":
            faulty.demand_basic(credential.username, credential.password)
        else:
            faulty.demand_tokens((credential.username, credential.password))

        assert asked.tags(path).names == TAGS

    assert len(source.asked) == 2


@pytest.mark.tools
def test_a_403_fetches_a_credential_again(faulty: FaultyRegistry, client: Open, path: str) -> None:
    faulty.demand_basic(OLD.username, OLD.password)
    source = Source(OLD, NEW)
    asked = client(faulty.url, source)
    asked.tags(path)

    def forbid(answer: faults.Answer) -> faults.Answer:
        faulty.demand_basic(NEW.username, NEW.password)
        return faults.failing(403)(answer)

    left = [forbid]
    faulty.on("GET", "/tags/list", lambda answer: left.pop()(answer) if left else answer)

    assert asked.tags(path).names == TAGS
    assert source.asked == [path] * 2


@pytest.mark.tools
@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    "second",
    [pytest.param(OLD, id="the-same"), pytest.param(NEW, id="another-that-is-wrong-too")],
)
def test_a_refusal_that_stays_is_told_after_one_renewal(
    faulty: FaultyRegistry, client: Open, path: str, *, status: int, second: Credential
) -> None:
    challenge = {"WWW_Authenticate": 'Basic realm="x"'}
    faulty.demand_basic(OLD.username, OLD.password)
    source = Source(OLD, second)
    asked = client(faulty.url, source)
    asked.tags(path)
    before = len(faulty.requests)
    faulty.on("GET", "/tags/list", faults.failing(status, **challenge))

    said = refusal(lambda: asked.tags(path))

    assert said.startswith(f"registry tests: HTTP {status} ")
    assert "with the credentials of env:TESTS; check credentials in registries.conf" in said
    assert OLD.password not in said
    assert len(source.asked) == 2
    assert len(faulty.requests) - before == (1 if second == OLD else 2)


@pytest.mark.tools
def test_a_renewal_that_fails_after_a_refusal_keeps_what_others_are_served_with(
    faulty: FaultyRegistry, client: Open, path: str
) -> None:
    faulty.demand_basic(OLD.username, OLD.password)
    source = Source(OLD, unreachable())
    asked = client(faulty.url, source)
    asked.tags(path)
    forbid = faults.failing(403)
    faulty.on("GET", "/secret/", lambda a: a if a.status == 401 else forbid(a))

    assert "HTTP 403 Forbidden" in refusal(lambda: asked.tags("secret/app"))
    assert asked.tags(path).names == TAGS


@pytest.mark.parametrize(
    ("valid_s", "kept_s"),
    [
        pytest.param(100, 80, id="said"),
        pytest.param(43_200, 34_560, id="twelve-hours"),
        pytest.param(None, float("inf"), id="until-refused"),
    ],
)
def test_a_credential_is_used_for_most_of_its_life(
    clock: Clock, valid_s: float | None, kept_s: float
) -> None:
    source = Source(OLD, NEW, valid_s=valid_s)
    keychain = Keychain(source, "env:TESTS")

    assert keychain.credential("a") == OLD
    clock.now_s += min(kept_s, 1e9) - 1
    assert keychain.credential("b") == OLD
    clock.now_s += 1.1
    assert keychain.credential("c") == (NEW if valid_s else OLD)
    assert len(source.asked) == (2 if valid_s else 1)


def test_no_credential_is_kept_too(clock: Clock) -> None:
    asked: list[str] = []
    keychain = Keychain(asked.append, "this pod's identity")

    assert [keychain.credential("a"), keychain.credential("b")] == [None, None]
    assert asked == ["a"]
    clock.now_s += 241
    assert keychain.credential("c") is None
    assert asked == ["a", "c"]


@pytest.mark.parametrize(("by_path", "asked"), [(False, ["a"]), (True, ["a", "b"])])
def test_each_repository_may_have_its_own(*, by_path: bool, asked: list[str]) -> None:
    source = Source(OLD)
    keychain = Keychain(source, "pullsecret:x/y", by_path=by_path)

    assert [keychain.credential(path) for path in ("a", "b", "a")] == [OLD] * 3
    assert source.asked == asked


def test_renewing_one_repositorys_credential_leaves_the_others() -> None:
    source = Source(OLD)
    keychain = Keychain(source, "pullsecret:x/y", by_path=True)
    for path in ("a", "b"):
        keychain.credential(path)

    source.says = [NEW]

    assert keychain.renewed("a", OLD) == NEW
    assert keychain.credential("b") == OLD


def test_who_was_refused_what_is_no_longer_used_takes_what_is() -> None:
    source = Source(OLD, NEW, Credential("third", "x"))
    keychain = Keychain(source, "env:TESTS")
    keychain.credential("a")

    assert [keychain.renewed("a", OLD), keychain.renewed("b", OLD)] == [NEW, NEW]
    assert len(source.asked) == 2


def test_a_credential_that_cannot_be_renewed_is_used_on(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    source = Source(OLD, valid_s=100)
    keychain = Keychain(source, "ext:/x", "registry tests: credentials")
    keychain.credential("a")
    source.says = [unreachable()]
    clock.now_s += 81

    assert keychain.credential("a") == OLD
    (record,) = caplog.records
    assert record.getMessage() == "credential not renewed"
    assert str(record.__dict__["reason"]) == "the vault is closed"
    assert record.__dict__["source"] == "ext:/x"

    assert keychain.credential("a") == OLD
    assert len(source.asked) == 2  # nobody is asked again at once
    source.says = [NEW]
    clock.now_s += 241
    assert keychain.credential("a") == NEW


@pytest.mark.parametrize(
    "error", [unreachable(), InvalidInput("no such Secret")], ids=["edge", "input"]
)
def test_a_credential_that_cannot_be_had_is_told_where_it_is_written(error: CmpError) -> None:
    keychain = Keychain(Source(error), "ext:/x", "registry tests: credentials")

    with pytest.raises(type(error)) as caught:
        keychain.credential("a")

    assert str(caught.value) == f"registry tests: credentials: {error.message}"


def test_a_credential_that_was_taken_away_is_used_no_more(clock: Clock) -> None:
    keychain = Keychain(Source(OLD, InvalidInput("no such Secret"), valid_s=100), "secret:x/y#z")
    keychain.credential("a")
    clock.now_s += 81

    with pytest.raises(InvalidInput):
        keychain.credential("a")


# Where they are written.


def docker_config(**by_place: str) -> bytes:
    auths = {
        place: {"auth": base64.b64encode(pair.encode()).decode()}
        for place, pair in by_place.items()
    }
    return json.dumps({"auths": auths}).encode()


class Cluster:
    """Secrets by namespace and name, as a cluster gives them."""

    def __init__(self, data: Mapping[str, bytes], labels: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.asked = 0
        self._labels = labels or {}

    def __call__(self, namespace: str, name: str) -> Secret:
        self.asked += 1
        if (namespace, name) != ("team", "reg"):
            raise InvalidInput("there is none", where=f"Secret {namespace}/{name}")
        return Secret(self.data, self._labels)


def wanted(
    text: str, *, host: str = "reg.test", api_url: str = "https://reg.test", **keys: object
) -> Wanted:
    return Wanted(
        parse(text),
        host,
        api_url,
        valid_s=keys.get("valid_s"),  # type: ignore[arg-type] # a float
        where="registry tests: credentials",
        annotated=bool(keys.get("annotated")),
    )


IMAGE_PULL = {".dockerconfigjson": docker_config(**{"reg.test": "u:p", "reg.test/own": "own:p"})}


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        pytest.param("env:REG", "a", Credential("u", "p:q"), id="env"),
        pytest.param("secret:team/reg#creds", "a", Credential("u", "p"), id="secret"),
        pytest.param("pullsecret:team/reg", "a", Credential("u", "p"), id="pullsecret"),
        pytest.param("pullsecret:team/reg", "own", Credential("own", "p"), id="pullsecret-path"),
    ],
)
def test_where_credentials_are_written(text: str, path: str, expected: Credential) -> None:
    cluster = Cluster({"creds": b"u:p\n", **IMAGE_PULL})
    keychain = wanted(text).keychain(Keyring({"REG": "u:p:q"}, cluster))

    assert keychain.credential(path) == expected
    assert keychain.source == text
    assert keychain.is_written


def test_a_pull_secret_may_name_the_host_of_the_api() -> None:
    cluster = Cluster({".dockerconfigjson": docker_config(**{"api.test": "u:p"})})
    asked = wanted("pullsecret:team/reg", api_url="https://api.test/x")

    assert asked.keychain(Keyring({}, cluster)).credential("a") == Credential("u", "p")


@pytest.mark.parametrize(
    ("text", "reads_after_s"),
    [
        pytest.param("secret:team/reg#creds", 240, id="secret"),
        pytest.param("pullsecret:team/reg", 240, id="pullsecret"),
    ],
)
def test_a_secret_is_read_again_after_a_while(
    clock: Clock, text: str, reads_after_s: float
) -> None:
    cluster = Cluster({"creds": b"u:p", **IMAGE_PULL})
    keychain = wanted(text).keychain(Keyring({}, cluster))
    keychain.credential("a")
    cluster.data = {
        "creds": b"u:new",
        ".dockerconfigjson": docker_config(**{"reg.test": "u:new"}),
    }

    clock.now_s += reads_after_s - 1
    assert keychain.credential("a") == Credential("u", "p")
    clock.now_s += 1.1
    assert keychain.credential("a") == Credential("u", "new")
    assert cluster.asked == 2


def test_a_program_is_run_again_when_its_owner_says(tmp_path: Path, clock: Clock) -> None:
    program = tmp_path / "credential"
    count = tmp_path / "count"
    program.write_text(f'#!/bin/sh\necho x >> {count}\necho "u:$(wc -l < {count})"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    keyring = Keyring({"PATH": "/usr/bin:/bin"})
    keychain = wanted(f"ext:{program}", valid_s=100.0).keychain(keyring)
    unlimited = wanted(f"ext:{program}").keychain(keyring)

    assert keychain.credential("a") == Credential("u", "1")
    assert unlimited.credential("a") == Credential("u", "2")
    clock.now_s += 81
    assert keychain.credential("b") == Credential("u", "3")
    assert unlimited.credential("b") == Credential("u", "2")
    assert unlimited.renewed("b", Credential("u", "2")) == Credential("u", "4")


@pytest.mark.parametrize(
    ("text", "keys", "complaint"),
    [
        pytest.param(
            "env:NONE", {}, "could not fetch credentials: env 'NONE' is not set", id="env"
        ),
        pytest.param("env:BAD", {}, "env 'BAD' does not hold user:password", id="env-shape"),
        pytest.param("secret:team/reg#x", {}, "it has no field 'x'; its fields are", id="field"),
        pytest.param("secret:team/other#x", {}, "Secret team/other: there is none", id="secret"),
        pytest.param(
            "pullsecret:team/reg",
            {"host": "x.test", "api_url": "https://x.test"},
            "x.test",
            id="pull",
        ),
        pytest.param(
            "secret:team/reg#creds", {"annotated": True}, "it is Argo CD's own", id="argo-cds-own"
        ),
    ],
)
def test_what_cannot_be_used_is_told(text: str, keys: dict[str, str], complaint: str) -> None:
    labels = {"argocd.argoproj.io/secret-type": "repository"}
    cluster = Cluster({"creds": b"u:s3cret", **IMAGE_PULL}, labels)
    keychain = wanted(text, **keys).keychain(Keyring({"BAD": "s3cret"}, cluster))

    with pytest.raises(InvalidInput) as caught:
        keychain.credential("a")

    assert str(caught.value).startswith("registry tests: credentials: ")
    assert complaint in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_there_are_no_secrets_without_a_cluster() -> None:
    with pytest.raises(InvalidInput) as caught:
        wanted("secret:a/b#c").keychain(Keyring({})).credential("a")

    assert "secret: is read from a cluster, and there is none here" in str(caught.value)


def test_without_a_reference_no_registry_is_shown_anything() -> None:
    keychain = Wanted(None, "reg.test", "https://reg.test").keychain(Keyring({}))

    assert keychain.credential("a") is None
    assert not keychain.is_written
