"""That nobody's credential, cookie, error or time is another's: what a hostile review found."""

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from cmp.core.image import Repository
from cmp.core.snapshot import Tag
from cmp.errors import CmpError, EdgeFailed
from cmp.refresh import listing as listing_module
from cmp.refresh import place as place_module
from cmp.refresh.listing import RegistryAccess
from cmp.refresh.merged import snapshots
from cmp.refresh.traffic import Traffic
from cmp.registry.auth.keychain import Keyring, Secret
from cmp.registry.auth.reference import Reference, parse
from cmp.registry.client import Listing
from cmp.registry.configuration import Registries
from tests.support import faults, images, manners
from tests.support.faults import Answer, FaultyRegistry, Request
from tests.support.registry import RegistryServer
from tests.support.waiting import wait_for

pytestmark = pytest.mark.tools

USER, PASSWORD = "robot", "Pa55-of-the-robot"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
JANUARY = "2026-01-01T00:00:00Z"


@contextmanager
def asking(
    keyring: Keyring | None = None,
    registries: Registries | None = None,
    pull_secrets: Mapping[Repository, tuple[Reference, ...]] | None = None,
) -> Iterator[RegistryAccess]:
    with RegistryAccess(keyring or Keyring({}), lambda *_: lambda: None, Traffic().note) as access:
        access.begin(registries or Registries(), pull_secrets or {})
        yield access


@pytest.fixture
def faulty(registry: RegistryServer) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(registry.url) as server:
        yield server


@pytest.fixture
def other(registry: RegistryServer) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(registry.url) as server:
        yield server


@pytest.fixture
def path(registry: RegistryServer, request: pytest.FixtureRequest) -> str:
    path = f"t{abs(hash(request.node.name)) % 10**10}/app"
    images.push_image(registry.url, path, "v1", created=JANUARY)
    return path


def configured(*entries: Mapping[str, Any]) -> Registries:
    return Registries.parse({"registries": list(entries)}, read=lambda _: "")


def of(server: FaultyRegistry, path: str) -> Repository:
    return Repository.parse(f"{server.host}/{path}")


def test_a_configuration_that_one_registry_lacks_is_read_from_the_other(
    faulty: FaultyRegistry, other: FaultyRegistry, path: str
) -> None:
    asked = threading.Event()
    faulty.on("GET", "/blobs/", faults.failing(404))
    faulty.on("GET", "/blobs/", faults.waiting(asked))
    other.on("GET", "/manifests/", manners.doing(asked.set))
    wanted = {(of(server, path), "v1"): (Tag("v1"), ()) for server in (faulty, other)}
    with asking() as access:
        found = access.read_all(wanted, NOW)

    (lacking, whole) = (found[of(server, path), "v1"] for server in (faulty, other))
    assert isinstance(lacking, Tag)
    assert isinstance(whole, Tag)
    assert (lacking.kind, whole.kind) == ("missing", "image")
    assert len(whole.created) == 1


def test_a_cookie_is_not_kept(faulty: FaultyRegistry, path: str) -> None:
    faulty.on("GET", "/tags/list", faults.heading("Set-Cookie", "sid=alice; Path=/"))
    with asking() as access:
        for _ in range(2):
            access.list_all({of(faulty, path): None})

    assert all("Cookie" not in request.headers for request in faulty.requests)


def test_what_a_redirection_leads_to_is_told_no_password(
    faulty: FaultyRegistry, other: FaultyRegistry, path: str
) -> None:
    other.demand_tokens((USER, PASSWORD))
    faulty.on("GET", "/tags/list", faults.leading(f"{other.url}/v2/{path}/tags/list"))
    entry = {"name": "a", "prefix": faulty.host, "api_url": faulty.url, "credentials": "env:C"}
    with asking(Keyring({"C": f"{USER}:{PASSWORD}"}), configured(entry)) as access:
        (answer,) = access.list_all({of(faulty, path): None}).values()

    assert isinstance(answer, CmpError)
    assert [request.path for request in other.requests] == [f"/v2/{path}/tags/list"]
    assert all(not request.authorization for request in other.requests)


@pytest.mark.parametrize(
    ("written", "is_sent"),
    [
        pytest.param("secret:ns/s#f", False, id="for-the-name-of-the-image"),
        pytest.param("{host}=secret:ns/s#f", True, id="for-where-it-is-listed"),
    ],
)
def test_a_secret_of_a_mirror_stays_there(
    faulty: FaultyRegistry, path: str, written: str, *, is_sent: bool
) -> None:
    faulty.demand_basic(USER, PASSWORD)
    registries = configured(
        {"name": "mirror", "prefix": "mirror.test", "scan_as": faulty.host},
        {"name": "up", "prefix": faulty.host, "api_url": faulty.url},
    )
    repository = Repository.parse(f"mirror.test/{path}")
    keyring = Keyring({}, lambda *_: Secret({"f": f"{USER}:{PASSWORD}".encode()}, {}))
    named = {repository: (parse(written.format(host=faulty.host)),)}
    with asking(keyring, registries, named) as access:
        (answer,) = access.list_all({repository: None}).values()

    assert isinstance(answer, Listing) is is_sent
    assert any(request.authorization for request in faulty.requests) is is_sent


def test_a_secret_that_cannot_be_read_keeps_nobody_from_what_is_public(
    faulty: FaultyRegistry, path: str
) -> None:
    def refuse(namespace: str, name: str) -> Secret:
        raise EdgeFailed("HTTP 403", where=f"{namespace}/{name}")

    repository = of(faulty, path)
    with asking(Keyring({}, refuse), None, {repository: (parse("secret:ns/s#f"),)}) as access:
        (answer,) = access.list_all({repository: None}).values()

    assert isinstance(answer, Listing)
    assert answer.names == ("v1",)


def test_basic_credentials_are_asked_for_once(
    registry: RegistryServer, faulty: FaultyRegistry, path: str
) -> None:
    others = [f"{path}{number}" for number in range(5)]
    for one in others:
        images.push_image(registry.url, one, "v1", created=JANUARY)
    faulty.demand_basic(USER, PASSWORD)
    entry = {"name": "a", "prefix": faulty.host, "api_url": faulty.url, "credentials": "env:C"}
    with asking(Keyring({"C": f"{USER}:{PASSWORD}"}), configured(entry)) as access:
        access.list_all({of(faulty, path): None})
        access.list_all({of(faulty, one): None for one in others})

    assert len(faulty.requests) == 1 + 1 + len(others)


def test_a_pull_secret_is_read_once_for_all_its_repositories(
    registry: RegistryServer, faulty: FaultyRegistry, path: str
) -> None:
    reads = []

    def read(namespace: str, name: str) -> Secret:
        reads.append(f"{namespace}/{name}")
        auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        config = {"auths": {faulty.host: {"auth": auth}}}
        return Secret({".dockerconfigjson": json.dumps(config).encode()}, {})

    repositories = [of(faulty, f"{path}{number}") for number in range(10)]
    for repository in repositories:
        images.push_image(registry.url, repository.path, "v1", created=JANUARY)
    faulty.demand_basic(USER, PASSWORD)
    named = dict.fromkeys(repositories, (parse("pullsecret:ns/s"),))
    with asking(Keyring({}, read), None, named) as access:
        answers = access.list_all(dict.fromkeys(repositories))

    assert all(isinstance(answer, Listing) for answer in answers.values())
    assert reads == ["ns/s"]


def test_a_platform_that_a_mirror_lacks_is_left_out(
    registry: RegistryServer, faulty: FaultyRegistry, path: str
) -> None:
    platforms = {"linux/amd64": JANUARY, "linux/arm64": JANUARY}
    images.push_index(registry.url, path, "v2", platforms)
    index = json.loads(
        faulty.answer(Request("GET", f"/v2/{path}/manifests/v2", {"Accept": "*/*"})).body
    )
    lost = index["manifests"][1]["digest"]
    faulty.on("GET", f"/manifests/{lost}", faults.failing(404))
    with asking() as access:
        (tag,) = access.read_all({(of(faulty, path), "v2"): (Tag("v2"), ())}, NOW).values()

    assert isinstance(tag, Tag)
    assert (tag.kind, list(tag.created)) == ("image", ["linux/amd64"])


def test_every_page_is_read_now_and_then(
    registry: RegistryServer, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 304 need not say that a page that was the last one has a successor."""

    def without_link(answer: Answer) -> Answer:
        headers = {k: v for k, v in answer.headers.items() if answer.status != 304 or k != "Link"}
        return Answer(answer.status, headers, answer.body)

    with FaultyRegistry(registry.url, page_size=1, etags=True) as server:
        server.on("GET", "/tags/list", without_link)
        repository = of(server, path)
        with asking(pull_secrets={repository: ()}) as access:
            answer = access.list_all({repository: None})[repository]
            assert isinstance(answer, Listing)
            known = snapshots({repository: answer}, {}, NOW)[repository]
            images.retag(registry.url, path, "v1", "v2")

            same = access.list_all({repository: known})[repository]
            monkeypatch.setattr(listing_module, "_WHOLE_AFTER_S", 0.0)
            whole = access.list_all({repository: known})[repository]

    assert isinstance(same, Listing)
    assert isinstance(whole, Listing)
    assert (same.names, whole.names) == (None, ("v1", "v2"))


def test_a_registry_that_hangs_costs_one_wait_and_no_more(
    registry: RegistryServer,
    faulty: FaultyRegistry,
    other: FaultyRegistry,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(place_module, "_SILENCE_S", 1.0)
    end = threading.Event()
    faulty.on("GET", "/tags/list", faults.waiting(end))
    both = {of(faulty, path): None, of(other, path): None}
    try:
        with asking() as access:
            first = access.list_all(both)
            asked = len(faulty.requests)
            access.begin(Registries(), dict.fromkeys(both, ()))
            second = access.list_all(both)
    finally:
        end.set()

    for answers in (first, second):
        assert isinstance(answers[of(other, path)], Listing)
    assert "silent for" in str(first[of(faulty, path)])
    assert "still asked from the pass before" in str(second[of(faulty, path)])
    assert len(faulty.requests) == asked


def test_a_mistake_of_ours_is_one_repositorys_only(
    faulty: FaultyRegistry, other: FaultyRegistry, path: str
) -> None:
    wrong: Any = None  # no tag at all
    wanted = {
        (of(faulty, path), "v1"): (wrong, ()),
        (of(other, path), "v1"): (Tag("v1"), ("linux/amd64",)),
    }
    with asking() as access:
        answers = access.read_all(wanted, NOW)

    assert "a mistake of the refresher's" in str(answers[of(faulty, path), "v1"])
    assert isinstance(answers[of(other, path), "v1"], Tag)


def test_nothing_is_kept_of_registries_that_nobody_names(
    faulty: FaultyRegistry, other: FaultyRegistry, path: str
) -> None:
    def threads(server: FaultyRegistry) -> int:
        name = f"registry {server.host}"
        return sum(thread.name == name for thread in threading.enumerate())

    with asking(pull_secrets={of(faulty, path): ()}) as access:
        access.list_all({of(faulty, path): None})
        assert threads(faulty) == 1

        access.begin(Registries(), {of(other, path): ()})
        access.list_all({of(other, path): None})

        wait_for("its end", lambda: threads(faulty) == 0)
        assert threads(other) == 1
