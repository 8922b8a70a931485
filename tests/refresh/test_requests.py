"""How often a registry is asked, counted at its door: no more than is needed."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from cmp.core.keys import PREFIX
from tests.refresh.site import Site
from tests.support import cli
from tests.support.faults import Answer, FaultyRegistry
from tests.support.images import put_image, put_index
from tests.support.registry import RegistryServer
from tests.support.storage import Storage, fill, quick_folder

pytestmark = pytest.mark.tools

LISTING, HEAD, MANIFEST, BLOB = "GET tags", "HEAD manifests", "GET manifests", "GET blobs"
REPOSITORIES, TAGS, APPLICATIONS = 100, 500, 1000
BUILDERS, BUILDS = 10, 300
AMD64, ARM64 = "linux/amd64", "linux/arm64"


@pytest.fixture(scope="module")
def large_registry(registry_binary: Path) -> Iterator[RegistryServer]:
    with (
        quick_folder() as folder,
        RegistryServer(binary=registry_binary, root=folder / "registry") as server,
    ):
        yield server


@contextmanager
def site_before(registry: RegistryServer, **options: object) -> Iterator[Site]:
    with quick_folder() as folder, FaultyRegistry(registry.url, **options) as faulty:  # type: ignore[arg-type] # as it takes them
        site = Site(folder, registry, faulty)
        # Passes in a process of their own read the clock: these are near them.
        site.now = datetime.now(UTC) - timedelta(hours=5)  # noqa: TID251 - as other processes do
        yield site


@pytest.fixture
def large(large_registry: RegistryServer) -> Iterator[Site]:
    """Return a place whose registry gives whole listings, without entity tags."""
    with site_before(large_registry) as site:
        yield site


def asked(site: Site) -> Counter[str]:
    """Return what was asked since the last time, by kind."""
    kinds = Counter(f"{r.method} {r.path.split('/')[-2]}" for r in site.faulty.requests)
    site.faulty.requests.clear()
    return kinds


def passed(site: Site, *, anew: bool = False) -> Counter[str]:
    """Make a pass, with ``anew`` in a new process, and return what was asked."""
    if anew:
        made = cli.cmp("refresh", *site.arguments(), cwd=site.root)
        assert made.returncode == 0, made.stderr
    else:
        assert site.refresh() == 0
    return asked(site)


def many_applications(registry: RegistryServer, site: Site, count: int) -> None:
    """Have so many Applications in one file, and 500 tags in each of 100 repositories."""
    tags = [f"v{number // 100}.{number % 100}.0" for number in range(TAGS)]
    for number in range(REPOSITORIES):
        fill(registry, site.path(f"r{number}"), tags)
    applications(site, [f"r{number % REPOSITORIES}" for number in range(count)])


def applications(site: Site, repositories: list[str], **keys: str) -> None:
    """Write an Application ``a<number>`` for each repository, all in one file."""
    policy = {f"{PREFIX}app.{key.replace('_', '-')}": value for key, value in keys.items()}
    (site.applications / "all.yaml").write_text(
        yaml.dump_all(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": {
                    "name": f"a{number}",
                    "annotations": {**policy, f"{PREFIX}image-list": f"app={site.image(name)}"},
                },
                "spec": {"source": {"repoURL": "https://git.test/x.git", "path": "chart"}},
            }
            for number, name in enumerate(repositories)
        )
    )


def noted(site: Site) -> list[int]:
    """Return a list to which the status of each listing is added from now on."""
    statuses: list[int] = []

    def note(answer: Answer) -> Answer:
        statuses.append(answer.status)
        return answer

    site.faulty.on("GET", "/tags/list", note)
    return statuses


def test_a_thousand_applications(large: Site, large_registry: RegistryServer) -> None:
    many_applications(large_registry, large, APPLICATIONS)

    # An OCI manifest may be a chart's: that of a choice is read once.
    first = {LISTING: REPOSITORIES, HEAD: REPOSITORIES, MANIFEST: REPOSITORIES}
    assert passed(large) == first
    assert passed(large) == {LISTING: REPOSITORIES}
    assert passed(large, anew=True) == {LISTING: REPOSITORIES}

    put_image(Storage(large_registry, large.path("r7")), "v9.0.0", salt="new")
    assert passed(large) == {LISTING: REPOSITORIES, HEAD: 1, MANIFEST: 1}
    assert (large.tag("a7"), large.tag("a907"), large.tag("a8")) == ("v9.0.0", "v9.0.0", "v4.99.0")


@pytest.mark.parametrize(
    ("page_size", "pages"), [pytest.param(0, 1, id="whole"), pytest.param(100, 5, id="paged")]
)
def test_listings_that_have_not_changed(
    page_size: int, pages: int, large_registry: RegistryServer
) -> None:
    with site_before(large_registry, page_size=page_size, etags=True) as site:
        many_applications(large_registry, site, REPOSITORIES)
        statuses = noted(site)
        assert passed(site)[LISTING] == pages * REPOSITORIES
        assert statuses == [200] * pages * REPOSITORIES

        for anew in (False, True):
            statuses.clear()
            assert passed(site, anew=anew) == {LISTING: pages * REPOSITORIES}
            assert statuses == [304] * pages * REPOSITORIES


@pytest.mark.parametrize(
    ("page_size", "old", "new", "requests"),
    [
        pytest.param(0, "12345", "9", 1, id="whole"),
        pytest.param(2, "23456", "1", 1 + 3, id="first-page"),
        pytest.param(2, "12345", "9", 3 + 3, id="last-page"),
        pytest.param(2, "123456", "9", 3 + 4, id="page-after-the-last"),
        pytest.param(6, "123456", "9", 1 + 2, id="page-after-the-only-one"),
    ],
)
def test_a_listing_that_has_changed(
    page_size: int, old: str, new: str, requests: int, large_registry: RegistryServer
) -> None:
    """Of several pages one that has changed leads to all of them."""
    with site_before(large_registry, page_size=page_size, etags=True) as site:
        repository = fill(large_registry, site.path(), [f"{n}.0.0" for n in old])
        site.application()
        passed(site)

        put_image(repository, f"{new}.0.0", salt="new")
        assert passed(site)[LISTING] == requests
        assert site.tag() == f"{max(old + new)}.0.0"

        statuses = noted(site)
        passed(site)
        assert set(statuses) == {304}


@pytest.mark.slow
def test_builds_are_read_once(large: Site, large_registry: RegistryServer) -> None:
    for number in range(BUILDERS):
        repository = Storage(large_registry, large.path(f"r{number}"))
        for build in range(BUILDS):
            put_image(repository, f"b{build}", created=built(build))
    names = [f"r{number}" for number in range(BUILDERS)]
    applications(large, names, update_strategy="newest-build")
    builds = BUILDERS * BUILDS

    assert passed(large) == {LISTING: BUILDERS, HEAD: BUILDERS, MANIFEST: builds, BLOB: builds}
    # What is chosen may have been pushed again: it is looked at each time.
    unchanged = {LISTING: BUILDERS, HEAD: BUILDERS}
    assert passed(large) == unchanged
    assert passed(large, anew=True) == unchanged

    put_image(Storage(large_registry, large.path("r3")), "older", created=built(-1))
    assert passed(large) == {**unchanged, MANIFEST: 1, BLOB: 1}
    put_image(Storage(large_registry, large.path("r4")), "newer", created=built(BUILDS))
    assert passed(large) == {**unchanged, HEAD: BUILDERS + 1, MANIFEST: 1, BLOB: 1}
    assert (large.tag("a3"), large.tag("a4")) == (f"b{BUILDS - 1}", "newer")


def built(number: int) -> str:
    """Return a time, the later the higher ``number`` is."""
    return (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)).isoformat()


@pytest.mark.parametrize(
    ("platforms", "children"), [pytest.param("", 2, id="any"), pytest.param(ARM64, 1, id="one")]
)
def test_builds_for_several_platforms(
    platforms: str, children: int, large: Site, large_registry: RegistryServer
) -> None:
    repository = Storage(large_registry, large.path())
    for number in range(3):
        times = {AMD64: built(number), ARM64: built(-number)}
        put_index(repository, f"b{number}", times, salt=str(number))
    large.application(update_strategy="newest-build", platforms=platforms)

    assert passed(large) == {LISTING: 1, HEAD: 1, MANIFEST: 3 + 3 * children, BLOB: 3 * children}
    assert passed(large) == {LISTING: 1, HEAD: 1}


@pytest.mark.parametrize(
    "salts",
    [pytest.param("aaa", id="one-manifest"), pytest.param("aab", id="one-manifest-twice")],
)
def test_one_configuration_of_several_tags_is_read_once(
    salts: str, large: Site, large_registry: RegistryServer
) -> None:
    repository = Storage(large_registry, large.path())
    for number, salt in enumerate(salts):
        put_image(repository, f"t{number}", salt=salt)
    large.application(update_strategy="newest-build")

    assert passed(large) == {LISTING: 1, HEAD: 1, MANIFEST: len(salts), BLOB: len(set(salts))}


def test_digests(large: Site, large_registry: RegistryServer) -> None:
    """The digest of a tag is asked for each image once, however many Applications have it."""
    for name in ("one", "two"):
        fill(large_registry, large.path(name), ["latest", "other"])
    applications(large, ["one:latest", "two:latest", "two:latest"], update_strategy="digest")

    assert passed(large) == {LISTING: 2, HEAD: 2, MANIFEST: 2}
    assert passed(large) == {LISTING: 2, HEAD: 2}
    put_image(Storage(large_registry, large.path("one")), "latest", salt="new")
    # One more HEAD for what is about to be chosen: that it can be pulled.
    assert passed(large, anew=True) == {LISTING: 2, HEAD: 3, MANIFEST: 1}
