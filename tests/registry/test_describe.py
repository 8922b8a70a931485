"""What a tag names: kind, platforms, and when each build was made."""

from datetime import UTC, datetime

import pytest

from cmp.errors import RegistryFailed
from cmp.registry.describe import Configurations, Description, describe
from tests.registry.conftest import Connect
from tests.support import faults, images
from tests.support.faults import FaultyRegistry
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.tools

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
BUILDS = {
    "linux/amd64": "2026-01-01T00:00:00Z",
    "linux/arm64/v8": "2026-02-01T00:00:00Z",
    "windows/amd64": "2026-03-01T00:00:00Z",
}
NO_DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize("wanted", [(), ("linux/amd64",), ("linux/s390x",)])
@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm/v7"])
def test_a_single_image(
    registry: RegistryServer,
    connect: Connect,
    new_path: str,
    *,
    platform: str,
    wanted: tuple[str, ...],
) -> None:
    digest = images.push_image(
        registry.url, new_path, "v1", platform=platform, created="2026-01-01T00:00:00Z"
    )

    found = describe(connect(registry.url), new_path, "v1", wanted, Configurations())

    assert found == Description(digest, "image", (platform,), {platform: JANUARY})


@pytest.mark.parametrize(
    ("wanted", "created"),
    [
        pytest.param(
            (),
            {"linux/amd64": JANUARY, "linux/arm64/v8": FEBRUARY, "windows/amd64": MARCH},
            id="any",
        ),
        pytest.param(("linux/amd64",), {"linux/amd64": JANUARY}, id="one"),
        pytest.param(("linux/arm64",), {"linux/arm64/v8": FEBRUARY}, id="without-variant"),
        pytest.param(("linux/arm64/v8",), {"linux/arm64/v8": FEBRUARY}, id="with-variant"),
        pytest.param(("linux/arm64/v9",), {}, id="other-variant"),
        pytest.param(
            ("windows/amd64", "linux/amd64"),
            {"linux/amd64": JANUARY, "windows/amd64": MARCH},
            id="two",
        ),
        pytest.param(("linux/s390x",), {}, id="none"),
    ],
)
def test_an_index_is_read_as_far_as_wanted(
    faulty: FaultyRegistry,
    registry: RegistryServer,
    connect: Connect,
    new_path: str,
    *,
    wanted: tuple[str, ...],
    created: dict[str, datetime],
) -> None:
    digest = images.push_index(registry.url, new_path, "v1", BUILDS)

    found = describe(connect(faulty.url), new_path, "v1", wanted, Configurations())

    unread = tuple(platform for platform in BUILDS if platform not in created)
    assert found == Description(digest, "image", tuple(BUILDS), created, unread)
    assert len(faulty.asked("GET", "/manifests/sha256:")) == len(created)
    assert len(faulty.asked("GET", "/blobs/")) == len(created)


@pytest.mark.parametrize("wanted", [(), ("linux/amd64",)])
def test_what_buildx_puts_beside_an_image_is_skipped(
    faulty: FaultyRegistry,
    registry: RegistryServer,
    connect: Connect,
    new_path: str,
    *,
    wanted: tuple[str, ...],
) -> None:
    digest = images.push_image(registry.url, new_path, "v1", created="2026-01-01T00:00:00Z")
    members = [
        {"digest": digest, "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": NO_DIGEST, "platform": {"os": "unknown", "architecture": "unknown"}},
    ]
    faulty.on("GET", "/manifests/v1", faults.stating(manifests=members))

    found = describe(connect(faulty.url), new_path, "v1", wanted, Configurations())

    assert (found.platforms, found.created) == (("linux/amd64",), {"linux/amd64": JANUARY})
    assert not faulty.asked("GET", NO_DIGEST)


@pytest.mark.parametrize(
    ("wanted", "platforms"),
    [pytest.param((), ("",), id="any"), pytest.param(("linux/amd64",), (), id="wanted")],
)
@pytest.mark.parametrize("member", [{}, {"platform": None}, {"platform": {}}])
def test_a_member_that_does_not_name_its_platform(
    faulty: FaultyRegistry,
    registry: RegistryServer,
    connect: Connect,
    new_path: str,
    *,
    member: dict[str, object],
    wanted: tuple[str, ...],
    platforms: tuple[str, ...],
) -> None:
    digest = images.push_image(registry.url, new_path, "v1", created="2026-01-01T00:00:00Z")
    faulty.on("GET", "/v1$", faults.stating(manifests=[{"digest": digest, **member}]))

    found = describe(connect(faulty.url), new_path, "v1", wanted, Configurations())

    assert (found.platforms, found.created) == (platforms, dict.fromkeys(platforms, JANUARY))


def test_a_chart_is_an_artefact(registry: RegistryServer, connect: Connect, new_path: str) -> None:
    digest = images.push_artifact(registry.url, new_path, "1.0.0")

    found = describe(connect(registry.url), new_path, "1.0.0", (), Configurations())

    assert found == Description(digest, "artifact", platforms=())


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("2026-01-01T00:00:00Z", JANUARY, id="utc"),
        pytest.param(
            "2026-01-01T00:00:00.123456789Z", JANUARY.replace(microsecond=123456), id="ns"
        ),
        pytest.param("2026-01-01T05:30:00+05:30", JANUARY, id="zone"),
        pytest.param("2026-01-01T00:00:00", JANUARY, id="no-zone"),
        pytest.param("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC), id="zero"),
        pytest.param("0001-01-01T00:00:00+05:00", None, id="before-the-year-1"),
        pytest.param("9999-12-31T23:59:59-05:00", None, id="after-the-year-9999"),
        pytest.param("yesterday", None, id="no-time"),
        pytest.param(None, None, id="missing"),
    ],
)
def test_when_it_was_created(
    registry: RegistryServer,
    connect: Connect,
    new_path: str,
    *,
    written: str | None,
    expected: datetime | None,
) -> None:
    images.push_image(registry.url, new_path, "v1", created=written)

    found = describe(connect(registry.url), new_path, "v1", (), Configurations())

    assert found.created == ({"linux/amd64": expected} if expected else {})
    assert all(time.tzinfo is UTC for time in found.created.values())


@pytest.mark.parametrize(
    "members",
    [
        pytest.param("v1", id="text"),
        pytest.param(["v1"], id="texts"),
        pytest.param([{}], id="no-digest"),
        pytest.param([{"digest": 1}], id="digest-number"),
        pytest.param([{"digest": NO_DIGEST, "platform": "linux/amd64"}], id="platform-text"),
    ],
)
def test_an_index_that_cannot_be_read(
    faulty: FaultyRegistry,
    registry: RegistryServer,
    connect: Connect,
    new_path: str,
    *,
    members: object,
) -> None:
    images.push_image(registry.url, new_path, "v1")
    faulty.on("GET", "/manifests/v1", faults.stating(manifests=members))

    with pytest.raises(RegistryFailed) as caught:
        describe(connect(faulty.url), new_path, "v1", (), Configurations())

    assert str(caught.value) == f"tests/{new_path}: an index whose manifests cannot be read"


@pytest.mark.parametrize("what", ["/manifests/sha256:", "/blobs/"])
def test_all_of_it_or_an_error(
    faulty: FaultyRegistry, registry: RegistryServer, connect: Connect, new_path: str, what: str
) -> None:
    images.push_index(registry.url, new_path, "v1", BUILDS)
    faulty.on("GET", what, faults.failing(403))

    with pytest.raises(RegistryFailed, match="HTTP 403 Forbidden"):
        describe(connect(faulty.url), new_path, "v1", (), Configurations())
