"""A store that a machine's death, or a hand, has left torn: reported, and written anew."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.refresh.site import Site

pytestmark = pytest.mark.tools

Spoil = Callable[[bytes], bytes]

KINDS = ("manifest", "repositories", "applications", "state")


def document(site: Site, kind: str) -> Path:
    return site.store / "manifest.json" if kind == "manifest" else site.file(kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: data[:-20], id="truncated"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b'{"schema": 1, "of": "others"}', id="foreign"),
    ],
)
def test_a_torn_document_is_reported_and_written_anew(
    site: Site, capsys: pytest.CaptureFixture[str], kind: str, spoil: Spoil
) -> None:
    site.push("v1", "v2")
    site.application()
    site.refresh()
    decision = site.decision()
    file = document(site, kind)
    file.write_bytes(spoil(file.read_bytes()))
    capsys.readouterr()

    assert site.refresh() == 1

    log = capsys.readouterr().err
    assert f'msg="not refreshed" reason="{file}: not a whole document of ours' in log
    assert "unanswered=1 invalid=0" in log
    assert site.refresh() == 0
    assert (site.manifest.time, site.manifest.complete) == (site.now, True)
    assert site.decision() == decision
    assert site.history() == {"app": (decision,)}
    assert set(site.snapshot().tags) == {"v1", "v2"}


@pytest.mark.parametrize("kind", ["repositories", "applications", "state"])
def test_a_torn_document_loses_no_floor(site: Site, kind: str) -> None:
    site.push("v1", "v2")
    site.application()
    site.refresh()
    site.delete("v2")
    document(site, kind).write_bytes(b"")

    assert site.refresh() == 1

    assert site.tag() == "v2"
    assert "v2 is no longer in the registry" in site.decision().held


def test_a_torn_manifest_begins_another_life_of_the_store(site: Site) -> None:
    site.push("v1")
    site.application()
    site.refresh()
    epoch = site.manifest.epoch
    document(site, "manifest").write_bytes(b"")

    site.refresh()

    assert site.manifest.epoch != epoch
    assert site.manifest.generation == 2


@pytest.mark.parametrize("kind", ["applications", "state"])
def test_a_torn_document_of_what_has_no_policy_any_more(site: Site, kind: str) -> None:
    site.push("v1")
    file = site.application()
    site.refresh()
    file.write_text(file.read_text().replace("image-list", "no-list"))
    document(site, kind).write_bytes(b"")

    assert site.refresh() == 1
    assert site.refresh() == 0


def test_a_dry_run_reports_it_and_leaves_it(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.push("v1")
    site.application()
    site.refresh()
    document(site, "manifest").write_bytes(b"")

    assert site.refresh("--dry-run") == 1

    assert document(site, "manifest").read_bytes() == b""
    assert "not a whole document" in capsys.readouterr().err


def test_a_torn_snapshot_of_what_cannot_be_listed_keeps_the_decision(site: Site) -> None:
    site.push("v1")
    site.application()
    site.refresh()
    document(site, "repositories").write_bytes(b"")
    site.configure(api_url="http://127.0.0.1:1")

    assert site.refresh() == 1

    assert (site.tag(), site.decision().held) == ("v1", "its repository could not be listed yet")
