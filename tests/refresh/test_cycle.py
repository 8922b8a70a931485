"""Passes of the refresher over a real registry, while all is well."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from cmp.errors import CmpError, InvalidApplication
from cmp.index import open_index
from tests.refresh.site import HOUR, Site
from tests.support import faults
from tests.support.cli import cmp

pytestmark = pytest.mark.tools


def test_a_first_pass(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.push("v1", "v2", "v3")
    site.application()

    assert site.refresh() == 0

    manifest = site.manifest
    assert (manifest.generation, manifest.time, manifest.complete) == (1, site.now, True)
    snapshot = site.snapshot()
    assert (snapshot.listed_at, snapshot.generation) == (site.now, 1)
    assert {name: tag.first_seen for name, tag in snapshot.tags.items()} == dict.fromkeys(
        ("v1", "v2", "v3"), site.now
    )
    decision = site.decision()
    assert (decision.tag, decision.since, decision.why, decision.held) == (
        "v3",
        site.now,
        "newest of 3 allowed tags",
        "",
    )
    assert site.history() == {"app": (decision,)}
    log = capsys.readouterr().err
    assert f'msg="image chosen" application=guestbook alias=app image={site.image()}' in log
    assert (
        "level=info msg=refreshed applications=1 images=1 repositories=1 changed=1 "
        "unanswered=0 invalid=0\n"
    ) in log


def test_a_second_pass_changes_nothing_but_the_time(site: Site) -> None:
    site.push("v1", "v2", "v3")
    site.application()
    site.refresh()
    before, manifest, seen = site.contents(), site.manifest, site.snapshot().tags

    assert site.refresh() == 0

    after = site.contents()
    assert site.manifest == manifest._replace(time=manifest.time + HOUR)
    assert site.snapshot().tags == seen
    assert (site.snapshot().listed_at, site.snapshot().generation) == (site.now, 1)
    unchanged = {n for n, data in before.items() if after[n] == data}
    assert {name.partition("/")[0] for name in unchanged} == {".lock", "applications", "state"}
    assert set(after) == set(before)


def test_a_new_tag_moves_the_decision(site: Site) -> None:
    site.push("v1", "v2")
    site.application()
    site.refresh()
    before, epoch = site.decision(), site.manifest.epoch
    site.push("v3")

    assert site.refresh() == 0

    assert (site.tag(), site.decision().since) == ("v3", site.now)
    assert (site.manifest.epoch, site.manifest.generation) == (epoch, 2)
    seen = {name: tag.first_seen for name, tag in site.snapshot().tags.items()}
    assert seen == {"v1": site.now - HOUR, "v2": site.now - HOUR, "v3": site.now}
    assert site.history() == {"app": (site.decision(), before)}


def test_a_new_tag_that_is_not_allowed_does_not(site: Site) -> None:
    site.push("1.0.0")
    site.application(f"app={site.image()}:^1")
    site.refresh()
    before = site.decision()
    site.push("2.0.0", "1.1.0-rc1", "latest")

    assert site.refresh() == 0

    assert site.decision() == before
    assert site.manifest.generation == 2


def test_two_applications_share_a_listing_but_not_a_choice(site: Site) -> None:
    site.push("1.0.0", "1.5.0", "2.0.0")
    site.application(name="one")
    site.application(f"app={site.image()}:^1", name="two")
    site.application(f"a={site.image()},b={site.image()}:~1.0", name="three")

    assert site.refresh() == 0

    assert len(site.faulty.asked("GET", "/tags/list")) == 2  # pages
    assert (site.tag("one"), site.tag("two")) == ("2.0.0", "1.5.0")
    assert {a: found.tag for a, found in site.decisions("three").items()} == {
        "a": "2.0.0",
        "b": "1.0.0",
    }


def test_a_winner_is_asked_for_once_and_only_when_it_is_new(site: Site) -> None:
    site.push("v1", "v2")
    for name in ("one", "two"):
        site.application(name=name)

    site.refresh()
    site.refresh()

    assert [r.path for r in site.faulty.asked("HEAD", "")] == [f"/v2/{site.path()}/manifests/v2"]


def test_a_registry_is_logged_in_to_once(site: Site) -> None:
    class SlowEnvironment(dict[str, str]):
        """Takes its time, so that all threads ask before the first has its answer."""

        read = 0

        def __getitem__(self, name: str) -> str:
            self.read += 1
            time.sleep(0.05)
            return super().__getitem__(name)

    names = [f"app{number}" for number in range(8)]
    site.push("v1", to=names[0])
    for name in names:
        site.application(f"app={site.image(name)}", name=name)
    site.configure(credentials="env:REGISTRY")
    env = SlowEnvironment(REGISTRY="robot:x")

    site.call(site.arguments(), env)

    assert env.read == 1
    assert len(site.faulty.asked("GET", "/tags/list")) == len(names)


def test_images_of_several_repositories(site: Site) -> None:
    site.push("v1", to="web")
    site.push("6.0.9", to="deep/er/redis")
    site.application(f"{site.image('web')},cache={site.image('deep/er/redis')}")

    assert site.refresh() == 0

    assert {alias: found.tag for alias, found in site.decisions().items()} == {
        "web": "v1",
        "cache": "6.0.9",
    }


def test_an_alias_that_is_taken_away_and_comes_back_finds_its_floor(site: Site) -> None:
    site.push("v1", "v2")
    site.application(f"app={site.image()},other={site.image()}:v1")
    site.refresh()
    before = site.decision()
    site.application(f"other={site.image()}:v1")
    site.refresh()
    assert set(site.decisions()) == {"other"}
    site.delete("v2")
    site.application(f"app={site.image()}")

    assert site.refresh() == 0

    assert (site.tag(), site.decision().id) == ("v2", before.id)
    assert "v2 is no longer in the registry" in site.decision().held


def test_what_has_no_policy_any_more_has_no_record(site: Site) -> None:
    site.push("v1")
    file = site.application()
    site.refresh()
    file.write_text(file.read_text().replace("image-list", "no-list"))

    assert site.refresh() == 0

    record = open_index(site.store_url).application("guestbook")
    assert record is not None
    assert (record.sources, record.generation) == ((), 2)
    assert set(site.history()) == {"app"}


def test_instances_outside_the_control_plane(site: Site) -> None:
    site.push("v1")
    site.application(name="one", namespace="argocd")
    site.application(name="one", namespace="team")

    assert site.refresh(CMP_ARGOCD_NAMESPACE="argocd") == 0

    assert open_index(site.store_url).instances() == ("one", "team_one")


@pytest.mark.parametrize("namespaces", [("", ""), ("a", "b")])
def test_two_applications_of_one_name_change_nothing(
    site: Site, namespaces: tuple[str, str]
) -> None:
    one = site.application(namespace=namespaces[0])
    (site.applications / "copy.yaml").write_text(
        one.read_text().replace(f"namespace: {namespaces[0]}", f"namespace: {namespaces[1]}")
    )

    with pytest.raises(InvalidApplication):
        site.refresh()

    assert not site.store.exists()


def test_a_dry_run_writes_nothing(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.push("v1")
    site.application()

    assert site.refresh("--dry-run") == 0

    assert not site.store.exists()
    assert "image chosen" in capsys.readouterr().err


def test_a_dry_run_beside_a_writer(site: Site) -> None:
    site.push("v1")
    site.application()
    site.refresh()
    site.push("v2")
    before = site.contents()

    with open_index(site.store_url).writing():
        assert site.refresh("--dry-run") == 0

    assert site.contents() == before


def test_two_writers_at_once(site: Site) -> None:
    site.push("v1")
    site.application()
    second_is_done = threading.Event()
    site.faulty.on("GET", "/tags/list", faults.waiting(second_is_done))
    with ThreadPoolExecutor(1) as other:
        first = other.submit(cmp, "refresh", *site.arguments(), cwd=site.root)
        while not site.faulty.requests and not first.done():
            time.sleep(0.01)

        second = cmp("refresh", *site.arguments(), cwd=site.root)
        second_is_done.set()

    assert second.returncode == 1
    assert second.stderr == (
        f"error: {site.store}: another refresher is writing here; wait for it or stop it\n"
    )
    assert first.result().returncode == 0
    assert len(site.faulty.requests) == 3  # a list and a winner, and that it is an image
    assert site.tag() == "v1"


def test_as_a_process(site: Site) -> None:
    site.push("v1")
    site.application()
    site.configure()

    done = cmp("refresh", *site.arguments(), cwd=site.root)

    assert done.returncode == 0
    images, registries = done.stdout.split("\n\n")
    assert [line.split() for line in images.splitlines()] == [
        ["APPLICATION", "IMAGE", "BEFORE", "NOW"],
        ["guestbook", "app", "-", "v1", "newest", "of", "1", "allowed", "tag"],
    ]
    # A list, a winner, and that it is an image.
    assert registries.splitlines()[1].split()[:5] == ["tests", "3", "0", "0", "0"]
    assert [line.split(" ", 2)[1] for line in done.stderr.splitlines()] == [
        'msg="image',
        "msg=refreshed",
    ]
    assert site.tag() == "v1"
    assert abs(site.manifest.time - site.snapshot().listed_at) < timedelta(minutes=1)


def test_settings_are_variables_too(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.push("v1")
    site.application(namespace="argocd")
    site.configure()
    env = {
        "CMP_APPLICATIONS": str(site.applications),
        "CMP_STORE": site.store_url,
        "CMP_REGISTRIES": str(site.registries),
        "CMP_ARGOCD_NAMESPACE": "argocd",
        "CMP_LOG_LEVEL": "warning",
    }

    assert site.call(["--once"], env) == 0

    assert site.tag() == "v1"
    assert capsys.readouterr().err == ""
    assert site.call(["--once", "--log-level", "info"], env) == 0
    assert "refreshed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "env", "complaint"),
    [
        pytest.param(["--once"], {}, "no cluster to watch: ", id="no-applications"),
        pytest.param(["--applications", "."], {}, "files are not watched", id="not-once"),
        pytest.param(
            ["--once", "--applications", "."],
            {"CMP_LOG_LEVEL": "loud"},
            "CMP_LOG_LEVEL: not 'loud'; use one of: debug, info, warning, error",
            id="log-level",
        ),
        pytest.param(
            ["--once", "--applications", "nowhere"], {}, "nowhere: cannot be read", id="nowhere"
        ),
    ],
)
def test_arguments_that_lead_nowhere(
    site: Site, arguments: list[str], env: dict[str, str], complaint: str
) -> None:
    with pytest.raises(CmpError) as caught:
        site.call(arguments, env)

    assert caught.value.exit_status == 2
    assert complaint in str(caught.value)
