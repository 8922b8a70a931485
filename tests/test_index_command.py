"""``index`` as a process: what a person sees of an index, and takes elsewhere."""

import json
from pathlib import Path

import pytest

from cmp.index import Manifest, open_index
from tests.index.examples import NOW, REPOSITORY, decision, record, snapshot, told
from tests.support.cli import cmp
from tests.support.redis import RedisServer


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"file://{tmp_path}/index"
    store = open_index(url)
    store.put_snapshot(snapshot("v1", "v4"))
    store.put_application(record())
    store.put_history("guestbook", {"guestbook": (decision(),)})
    store.put_instructions("guestbook", {"guestbook": told()})
    store.put_manifest(Manifest("e", 7, NOW, complete=True))
    return url


def test_lists_applications_and_repositories(url: str, tmp_path: Path) -> None:
    done = cmp("index", "ls", "--store", url, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "generation 7, 2026-11-23T07:00:00Z, complete\n"
        "\n"
        "APPLICATION       IMAGES\n"
        "argocd/guestbook  guestbook:v4\n"
        "\n"
        "REPOSITORY              TAGS  LISTED\n"
        f"{REPOSITORY}  2     2026-11-23T07:00:00Z\n"
    )
    found = json.loads(cmp("index", "ls", "-o", "json", "--store", url, cwd=tmp_path).stdout)
    assert found["manifest"]["generation"] == 7
    assert found["applications"][0]["images"] == {"guestbook": ":v4"}
    assert found["repositories"][0]["tags"] == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("guestbook", "guestbook  :v4     2026-11-23T07:00:00Z  newest\n", id="name"),
        pytest.param("argocd/guestbook", "image-list: guestbook=registry.test", id="qualified"),
        pytest.param(str(REPOSITORY), "v1   2026-11-23T07:00:00Z", id="repository"),
    ],
)
def test_shows_one_document(url: str, tmp_path: Path, name: str, said: str) -> None:
    done = cmp("index", "show", name, cwd=tmp_path, env={"CMP_STORE": url})
    document = cmp("index", "show", name, "-o", "json", "--store", url, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert said in done.stdout
    assert json.loads(document.stdout)["schema"] == 1


def test_names_what_is_near_where_there_is_no_such_thing(url: str, tmp_path: Path) -> None:
    done = cmp("index", "show", "argocd/gestbook", "--store", url, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean 'argocd/guestbook'?" in done.stderr


def test_moves_an_index_from_a_directory_to_redis(
    url: str, tmp_path: Path, redis_server: RedisServer
) -> None:
    redis_server.flush()
    env = redis_server.environment()
    target = ("--store", redis_server.tls_url)

    exported = cmp("index", "export", "index.jsonl", "--store", url, cwd=tmp_path)
    piped = cmp("index", "export", "-", "--store", url, cwd=tmp_path)
    imported = cmp("index", "import", "index.jsonl", *target, cwd=tmp_path, env=env)
    again = cmp("index", "import", "index.jsonl", *target, cwd=tmp_path, env=env)

    file = tmp_path / "index.jsonl"
    assert exported.stdout == f"index.jsonl: 4 documents of {url}\n"
    assert piped.stdout == file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert (imported.returncode, imported.stderr) == (0, "")
    assert "published as generation 8; applications: 1, repositories: 1\n" in imported.stdout
    assert "guestbook: guestbook: on hold by alice: freeze; a refresher of" in imported.stdout
    assert (again.returncode, again.stdout) == (2, "")
    assert "write --replace" in again.stderr
    store = open_index(redis_server.tls_url, env)
    assert store.application("guestbook") == record()._replace(generation=8)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        pytest.param(("ls",), 1, "nothing was ever published there", id="no-index"),
        pytest.param(("export", "f"), 1, "nothing was ever published there", id="no-export"),
        pytest.param(("import", "none"), 1, "none: cannot be read: No such file", id="no-file"),
        pytest.param(("import", "notes"), 2, "notes: line 1: no line of an export", id="no-one"),
    ],
)
def test_says_what_is_wrong(
    tmp_path: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    (tmp_path / "notes").write_text("milk\n")

    done = cmp("index", *arguments, "--store", f"file://{tmp_path}/index", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert not (tmp_path / "f").exists()
