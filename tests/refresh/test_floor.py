"""Nothing that happens to registry, store or names leads a decision back by itself."""

import json

import pytest
import yaml

from tests.refresh.site import Site
from tests.support import faults

pytestmark = pytest.mark.tools

JANUARY = "2026-01-01T00:00:00Z"
FEBRUARY = "2026-02-01T00:00:00Z"
MARCH = "2026-03-01T00:00:00Z"


@pytest.fixture
def held(site: Site) -> Site:
    """v4 was chosen, and then deleted from the registry: it is held."""
    site.push("v1", "v4")
    site.application()
    site.refresh()
    site.delete("v4")
    site.refresh()
    assert site.tag() == "v4"
    assert "v4 is no longer in the registry" in site.decision().held
    return site


def test_a_renamed_alias_is_the_same_image(held: Site) -> None:
    held.application(f"web={held.image()}")

    held.refresh()

    assert held.tag(alias="web") == "v4"


def test_a_changed_revision_is_the_same_source(held: Site) -> None:
    file = held.applications / "guestbook.yaml"
    manifest = yaml.safe_load(file.read_text())
    manifest["spec"]["source"]["targetRevision"] = "release-2"
    file.write_text(yaml.safe_dump(manifest))

    held.refresh()

    assert held.tag() == "v4"


def test_a_listing_that_shows_old_tags_again_does_not_make_them_new(site: Site) -> None:
    for tag, created in (("v1", JANUARY), ("v2", FEBRUARY), ("v3", MARCH)):
        site.push(tag, created=created)
    site.application(update_strategy="newest-build")
    site.refresh()
    site.delete("v1")
    site.delete("v2")
    site.refresh()
    site.delete("v3")
    site.push("v1", created=JANUARY)
    site.push("v2", created=FEBRUARY)

    site.refresh()

    assert site.tag() == "v3"


def test_a_rebuilt_tag_without_a_time_does_not_stop_newer_ones(site: Site) -> None:
    site.push("v1", created=JANUARY)
    site.application(update_strategy="newest-build")
    site.refresh()
    site.push("v1", created="")
    site.push("v2", created=FEBRUARY)

    site.refresh()

    assert site.tag() == "v2"


def test_another_strategy_waits_until_all_is_known(site: Site) -> None:
    site.push("v1", created=MARCH)
    site.push("v2", created=JANUARY)
    site.application()
    site.refresh()
    site.application(update_strategy="newest-build")
    site.faulty.on("GET", "/manifests/v1", faults.failing(500))

    assert site.refresh() == 1
    assert site.tag() == "v2"
    assert (
        "the build times of 1 of its tags are not known yet, as of v1; if one can never"
        in site.decision().held
    )

    site.faulty.mend()
    site.refresh()
    assert site.tag() == "v1"


def test_an_index_is_not_complete_before_every_image_has_an_answer(site: Site) -> None:
    site.push("v1")
    site.application()
    site.faulty.on("GET", "/tags/list", faults.failing(500))

    statuses = [site.refresh()]
    complete = [site.manifest.complete]
    site.faulty.mend()
    statuses.append(site.refresh())
    complete.append(site.manifest.complete)
    site.faulty.on("GET", "/tags/list", faults.failing(500))
    site.application(f"other={site.image('other')}", name="other")
    statuses.append(site.refresh())
    complete.append(site.manifest.complete)

    assert statuses == [1, 0, 1]
    assert complete == [False, True, True], "what was complete stays it"


def test_a_repository_that_does_not_exist_is_an_answer(site: Site) -> None:
    site.application(f"app={site.image('nowhere')}")

    assert site.refresh() == 1
    assert site.manifest.complete


@pytest.mark.parametrize("kind", ["applications", "state", "repositories"])
def test_a_store_of_a_newer_version_is_left_as_it_is(
    held: Site, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = held.file(kind)
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema": 3}))
    before = {path: path.read_bytes() for path in held.store.rglob("*.json")}

    with pytest.raises(Exception, match="update argocd-image-cmp"):
        held.refresh()

    assert {path: path.read_bytes() for path in held.store.rglob("*.json")} == before
    capsys.readouterr()


def test_without_record_and_history_nothing_is_decided(
    held: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    held.push("v7", to="other")
    held.application(f"other={held.image('other')}", name="other")
    for kind in ("applications", "state"):
        held.file(kind).write_bytes(b"{")

    assert held.refresh() == 1

    assert "nothing is decided for it: remove both" in capsys.readouterr().err
    assert held.tag("other", "other") == "v7"
    assert (held.store / "applications" / "guestbook.json").read_bytes() == b"{"


def test_a_number_is_not_used_for_two_publications(site: Site) -> None:
    """The refresher was killed after the documents and before the manifest."""
    site.push("v1")
    site.application()
    site.refresh()
    manifest = (site.store / "manifest.json").read_bytes()
    site.push("v2")
    site.refresh()
    killed = site.snapshot().generation
    (site.store / "manifest.json").write_bytes(manifest)
    site.push("v3")

    site.refresh()

    assert site.manifest.generation > killed
    assert site.snapshot().generation == site.manifest.generation


def test_one_broken_manifest_does_not_stop_the_others(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.push("v1")
    site.application()
    broken = site.application(name="broken")
    broken.write_text(broken.read_text().replace("spec:", "nothing:"))
    (site.applications / "torn.yaml").write_text("apiVersion: argoproj.io/v1alpha1\nkind: [")

    assert site.refresh() == 2

    assert site.tag() == "v1"
    log = capsys.readouterr().err
    assert "broken.yaml" in log
    assert "torn.yaml" in log


def test_a_long_name_has_a_document_too(site: Site) -> None:
    name = "/".join(["component"] * 24)
    site.push("v1", to=name)
    site.application(f"app={site.image(name)}")

    assert site.refresh() == 0
    assert site.tag() == "v1"
    assert site.snapshot(name).tags.keys() == {"v1"}


def test_no_secret_reaches_log_or_index(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.push("v1")
    file = site.application()
    file.write_text(file.read_text().replace("https://git.test", "https://bot:T0KEN@git.test"))

    assert site.refresh() == 0

    written = "".join(path.read_text() for path in site.store.rglob("*.json"))
    assert "T0KEN" not in written + capsys.readouterr().err
    assert '"repo_url": "https://git.test/x.git"' in written
