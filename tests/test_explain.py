"""``explain``: what a person is told of an Application's images."""

import json
from pathlib import Path

import pytest

from tests.support.cli import cmp
from tests.support.guestbook import Guestbook
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.tools


@pytest.fixture
def guestbook(tmp_path: Path, registry: RegistryServer) -> Guestbook:
    guestbook = Guestbook.create(tmp_path, registry)
    guestbook.push("v1", "v2", "edge")
    guestbook.push("6.0.9", repository="redis")
    guestbook.application(
        {
            "image-list": f"guestbook={guestbook.image}, redis={guestbook.redis}",
            "gestbook.allow-tags": "any",
        }
    )
    guestbook.refresh()
    guestbook.push("v4")
    guestbook.refresh()
    return guestbook


def explain(guestbook: Guestbook, *arguments: str) -> str:
    done = cmp("explain", *arguments, "--index", guestbook.index_url, cwd=guestbook.root)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_says_what_since_when_why_and_what_was_before(guestbook: Guestbook) -> None:
    text = explain(guestbook, "guestbook", "--alias", "guestbook")

    assert "application argocd/guestbook\n" in text
    assert f"guestbook: {guestbook.image}\n" in text
    assert "chosen  v4 since " in text
    assert "newest of 3 allowed tags" in text
    assert "> v4    chosen   newest of 3 allowed tags\n" in text
    assert "  v2    kept     ranks below v4\n" in text
    assert "  edge  dropped  not a semantic version (update-strategy)\n" in text
    assert "before  v2 since " in text
    assert "redis:" not in text


def test_says_which_key_nothing_answers_to(guestbook: Guestbook) -> None:
    assert "answers to 'gestbook'; did you mean 'guestbook'?" in explain(guestbook, "guestbook")


def test_json_holds_the_same(guestbook: Guestbook) -> None:
    report = json.loads(explain(guestbook, "argocd/guestbook", "-o", "json"))

    (source,) = report["sources"]
    app, redis = source["images"]
    assert [app["chosen"]["tag"], redis["chosen"]["tag"]] == ["v4", "6.0.9"]
    assert [decision["tag"] for decision in app["history"]] == ["v4", "v2"]
    assert app["history"][0]["id"] == app["chosen"]["id"]
    assert {c["tag"]: c["verdict"] for c in app["candidates"]} == {
        "v4": "chosen",
        "v2": "kept",
        "v1": "kept",
        "edge": "dropped",
    }


def test_shows_what_tells_unless_asked_for_all(guestbook: Guestbook) -> None:
    guestbook.push(*(f"v0.{number}" for number in range(20)))
    guestbook.refresh()

    few = explain(guestbook, "guestbook", "--alias", "guestbook")
    everything = explain(guestbook, "guestbook", "--alias", "guestbook", "--all")

    assert "23 of 24 tags qualify\n" in few
    assert "  … 19 more rank below\n" in few
    assert "- update-strategy  dropped 1: edge: not a semantic version\n" in few
    assert "v0.3 " not in few
    assert "  v0.3   kept     ranks below v4\n" in everything


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        pytest.param(["guestbok"], 2, "did you mean 'guestbook'?", id="application"),
        pytest.param(["guestbook", "--alias", "redsi"], 2, "did you mean 'redis'?", id="alias"),
    ],
)
def test_an_unknown_name_gets_the_nearest(
    guestbook: Guestbook, arguments: list[str], status: int, complaint: str
) -> None:
    done = cmp("explain", *arguments, "--index", guestbook.index_url, cwd=guestbook.root)

    assert (done.returncode, done.stdout) == (status, "")
    assert complaint in done.stderr


def test_says_what_people_said_and_with_which_id_to_go_back(guestbook: Guestbook) -> None:
    before = json.loads(explain(guestbook, "guestbook", "-o", "json"))
    (source,) = before["sources"]
    first = source["images"][0]["history"][1]
    words = ["rollback", "guestbook", first["id"], "--reason", "it leaks"]
    done = cmp(*words, "--store", guestbook.index_url, cwd=guestbook.root)
    assert (done.returncode, done.stderr) == (0, "")
    guestbook.refresh()

    text = explain(guestbook, "guestbook", "--alias", "guestbook")

    assert "  chosen  v2 since " in text
    assert "  told    rolled back from v4 by " in text
    assert ": it leaks (said 20" in text
    assert "> v2    chosen " in text
    assert f"before  v2 since {first['since']} ({first['id']}): newest of 2 allowed tags" in text
