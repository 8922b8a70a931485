"""Passes over a real registry with TLS of a private authority, basic or token authentication.

Images are pushed through the registry of all tests, whose content the two private ones have too.
"""

import base64
import stat
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.refresh.site import Site
from tests.support.registry import RegistryServer, Tls
from tests.support.token_server import Asked, Authority, TokenServer

pytestmark = pytest.mark.tools

USER, PASSWORD = "robot", "s3cret-Pa55"
PAIR = f"{USER}:{PASSWORD}"
FORBIDDEN = "forbidden"
_ATTESTATION = "unknown/unknown"
_SIGNED = "0123456789abcdef" * 4


class Door(NamedTuple):
    """A private registry."""

    server: RegistryServer
    authority: Path
    tokens: TokenServer | None = None

    @property
    def secrets(self) -> list[str]:
        """What nobody may see."""
        issued = self.tokens.issued if self.tokens else []
        return [PASSWORD, base64.b64encode(PAIR.encode()).decode(), *issued]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", params=["basic", "token"])
def door(
    request: pytest.FixtureRequest,
    authority: Authority,
    registry: RegistryServer,
    registry_binary: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Door]:
    common: dict[str, Any] = {
        "binary": registry_binary,
        "root": tmp_path_factory.mktemp(request.param),
        "tls": Tls(authority.server(request.param), authority.file),
        "content": registry.content,
    }
    if request.param == "basic":
        with RegistryServer(**common, htpasswd=(USER, PASSWORD)) as server:
            yield Door(server, authority.file)
        return
    with (
        TokenServer(authority, {USER: PASSWORD}, may_pull=_may_pull) as tokens,
        RegistryServer(**common, token=tokens.for_registry) as server,
    ):
        yield Door(server, authority.file, tokens)


def _may_pull(_: str, path: str) -> bool:
    return not path.endswith(f"/{FORBIDDEN}")


class PrivateSite:
    """A `Site` whose images are at a private registry; each pass is searched for secrets."""

    def __init__(self, site: Site, door: Door, capsys: pytest.CaptureFixture[str]) -> None:
        self.site = site
        self.door = door
        self._capsys = capsys

    def image(self, name: str = "app") -> str:
        return f"{self.door.server.host}/{self.site.path(name)}"

    def configure(self, **keys: str) -> None:
        """Write registries.conf, where the authority is trusted unless ``ca_file`` is empty."""
        server = self.door.server
        entry = {
            "name": "private",
            "prefix": server.host,
            "api_url": server.url,
            "ca_file": str(self.door.authority),
            "credentials": "env:PRIVATE",
            **keys,
        }
        self.site.registries.write_text(yaml.safe_dump({"registries": [entry]}))

    def refresh(self, status: int = 0) -> str:
        """Make a pass and return all it said."""
        found = self.site.refresh("--log-level", "debug", PRIVATE=PAIR)
        told = "".join(self._capsys.readouterr())
        assert found == status, told
        kept = b"".join(self.site.contents().values()).decode()
        for secret in self.door.secrets:
            assert secret not in told
            assert secret not in kept
        return told

    def chosen(self) -> str:
        """Return tag and digest in force."""
        decision = self.site.decision()
        return f"{decision.tag}@{decision.digest}" if decision.digest else decision.tag


@pytest.fixture
def private(site: Site, door: Door, capsys: pytest.CaptureFixture[str]) -> PrivateSite:
    private = PrivateSite(site, door, capsys)
    private.configure()
    return private


def push_everything(site: Site) -> None:
    """Push what a busy repository holds, a chart with the highest version of all among it."""
    for tag, amd64, arm64 in (("1.0.0", "10", "30"), ("1.1.0", "20", "12")):
        builds = {
            "linux/amd64": f"2026-01-{amd64}T00:00:00Z",
            "linux/arm64": f"2026-01-{arm64}T00:00:00Z",
            _ATTESTATION: "2026-10-01T00:00:00Z",
        }
        site.push_index(tag, builds)
    site.push_index("nightly", {"linux/arm/v7": "2026-03-01T00:00:00Z"})
    site.push("2.0.0-rc1", created="2026-01-05T00:00:00Z")
    site.push("edge", created="2026-01-02T00:00:00Z")
    signatures = (f"sha256-{_SIGNED}", f"sha256-{_SIGNED}.sig", f"sha256-{_SIGNED}.att")
    site.push(*signatures, created="2026-11-01T00:00:00Z")
    site.push_chart("9.0.0")


@pytest.mark.parametrize(
    ("constraint", "keys", "tag"),
    [
        pytest.param("", {}, "1.1.0", id="semver"),
        pytest.param(":2.x-0", {}, "2.0.0-rc1", id="semver-prerelease"),
        pytest.param("", {"update_strategy": "newest-build"}, "nightly", id="newest-build"),
        pytest.param(
            "",
            {"update_strategy": "newest-build", "platforms": "linux/amd64"},
            "1.1.0",
            id="newest-build-amd64",
        ),
        pytest.param(
            "",
            {"update_strategy": "newest-build", "platforms": "linux/arm64"},
            "1.0.0",
            id="newest-build-arm64",
        ),
        pytest.param(
            "",
            {"update_strategy": "newest-build", "platforms": "linux/arm64, linux/arm"},
            "nightly",
            id="newest-build-arm-variant",
        ),
        pytest.param("", {"update_strategy": "alphabetical"}, "nightly", id="alphabetical"),
        pytest.param(
            "",
            {"update_strategy": "alphabetical", "allow_tags": "regexp:^[0-9]"},
            "2.0.0-rc1",
            id="alphabetical-not-the-chart",
        ),
        pytest.param(":~=1.0", {"update_strategy": "pep440"}, "1.1.0", id="pep440"),
        pytest.param("", {"update_strategy": "pep440"}, "1.1.0", id="pep440-not-the-chart"),
        pytest.param(
            ":>=2.0rc1", {"update_strategy": "pep440"}, "2.0.0-rc1", id="pep440-prerelease"
        ),
    ],
)
def test_a_strategy_chooses(
    private: PrivateSite, constraint: str, keys: Mapping[str, str], tag: str
) -> None:
    push_everything(private.site)
    private.site.application(f"app={private.image()}{constraint}", **keys)

    private.refresh()

    assert private.chosen() == tag


def test_digest_follows_a_tag_that_is_pushed_again(private: PrivateSite) -> None:
    push_everything(private.site)
    private.site.application(f"app={private.image()}:edge", update_strategy="digest")
    private.refresh()
    before = private.chosen()

    private.site.push("edge", created="2026-02-02T00:00:00Z")
    private.refresh()

    assert before.startswith("edge@sha256:")
    assert private.chosen().startswith("edge@sha256:")
    assert private.chosen() != before


def test_newest_build_sees_a_tag_that_is_pushed_again(private: PrivateSite) -> None:
    push_everything(private.site)
    private.site.application(
        f"app={private.image()}", update_strategy="newest-build", platforms="linux/amd64"
    )
    private.refresh()
    before = private.chosen()

    private.site.push_index("1.0.0", {"linux/amd64": "2026-04-01T00:00:00Z"})
    private.site.now += timedelta(days=2)
    private.refresh()

    assert [before, private.chosen()] == ["1.1.0", "1.0.0"]


def test_first_seen_takes_what_comes_last(private: PrivateSite) -> None:
    push_everything(private.site)
    private.site.application(f"app={private.image()}", update_strategy="first-seen")
    private.refresh()

    private.site.push("0.1.0", created="2020-01-01T00:00:00Z")
    private.site.push(f"sha256-{'a' * 64}.sig")
    private.refresh()

    assert private.chosen() == "0.1.0"


# --- trust and credentials


@pytest.mark.parametrize("kind", ["env", "ext"])
@pytest.mark.parametrize("ca", ["ca_file", "ca_data"])
def test_trust_and_credentials(private: PrivateSite, ca: str, kind: str) -> None:
    private.site.push("v1", "v2")
    private.site.application(f"app={private.image()}")
    keys = {}
    if ca == "ca_data":
        keys = {"ca_file": "", "ca_data": private.door.authority.read_text()}
    if kind == "ext":
        keys["credentials"] = f"ext:{_script(private.site.root, PAIR)}"
    private.configure(**keys)

    private.refresh()

    assert private.chosen() == "v2"


@pytest.mark.parametrize(
    ("keys", "status", "reason"),
    [
        pytest.param(
            {"ca_file": ""},
            1,
            "registry private: no answer: SSLError: [SSL: CERTIFICATE_VERIFY_FAILED]",
            id="no-authority",
        ),
        pytest.param(
            {"credentials": ""},
            1,
            "HTTP 401 Unauthorized without credentials",
            id="no-credentials",
        ),
        pytest.param(
            {"credentials": "env:OTHER"},
            2,
            "registry private: credentials: could not fetch credentials: env 'OTHER' is not set",
            id="no-variable",
        ),
    ],
)
def test_what_is_missing_is_named(
    private: PrivateSite, keys: Mapping[str, str], status: int, reason: str
) -> None:
    private.site.push("v1")
    private.site.application(f"app={private.image()}")
    private.configure(**keys)

    assert reason in private.refresh(status)


def test_a_wrong_password_is_refused(private: PrivateSite) -> None:
    private.site.push("v1")
    private.site.application(f"app={private.image()}")
    script = _script(private.site.root, f"{USER}:x{PASSWORD}")
    private.configure(credentials=f"ext:{script}")

    told = private.refresh(1)

    assert f"HTTP 401 Unauthorized with the credentials of ext:{script}" in told


@pytest.mark.parametrize("door", ["token"], indirect=True)
def test_a_token_is_for_one_repository(private: PrivateSite) -> None:
    for name in ("app", "web"):
        private.site.push("v1", "v2", to=name)
    private.site.application(f"app={private.image()}, web={private.image('web')}")

    private.refresh()

    assert private.door.tokens
    wanted = [f"repository:{private.site.path(name)}:pull" for name in ("app", "web")]
    found = [asked for asked in private.door.tokens.asked if asked.scope in wanted]
    assert sorted(found) == [Asked(USER, scope) for scope in wanted]


@pytest.mark.parametrize("door", ["token"], indirect=True)
def test_a_repository_that_the_user_may_not_pull_from(private: PrivateSite) -> None:
    private.site.push("v1", to=FORBIDDEN)
    private.site.push("v1")
    private.site.application(f"app={private.image()}, no={private.image(FORBIDDEN)}")

    told = private.refresh(1)

    assert private.site.tag() == "v1"
    assert "HTTP 401 Unauthorized with the credentials of env:PRIVATE" in told


def _script(folder: Path, prints: str) -> Path:
    file = folder / "credentials.sh"
    file.write_text(f"#!/bin/sh\necho '{prints}'\n")
    file.chmod(stat.S_IRWXU)
    return file
