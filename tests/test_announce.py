"""What Argo CD's Parameters tab is told: always something it can show, whatever is wrong."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.choose import choose
from cmp.core.announcement import Announcement, announce
from cmp.core.application import parse_application
from cmp.core.keys import KEYS, PREFIX
from cmp.index.file import FileIndex
from cmp.settings import RenderRequest
from tests.support.cli import PROJECT, announce_command, run
from tests.support.described import LISTED, write_index
from tests.support.values import DIGEST

_KEYS = {
    "image-list": "web=r.test/web, redis=r.test/redis:6.x, new=r.test/new",
    "web.helm.image-tag": "web.tag",
    "update-strategy": "alphabetical",
    "redis.update-strategy": "semver",
}
_DESCRIBED: Mapping[str, Any] = {
    "images": {"r.test/web": ["v1", "v2"], "r.test/redis": ["6.0.8", "6.0.9"]},
    "decisions": {
        "web": {"tag": "v2", "digest": DIGEST, "why": "last of 2 allowed tags"},
        "redis": {"tag": "6.0.9", "held": "on hold: a freeze"},
    },
}
# Each row says when it was true: Argo CD keeps what it is told for a commit.
_AS_OF = re.compile(r" \(as of 20\d\d-\d\d-\d\d \d\d:\d\d UTC\)")
_SOURCE = {"repoURL": "https://git.test/a.git", "path": "a", "targetRevision": "main"}


def _index(
    root: Path, keys: Mapping[str, str] = _KEYS, described: Mapping[str, Any] = _DESCRIBED
) -> FileIndex:
    annotations = {PREFIX + key: value for key, value in keys.items()}
    source = {**_SOURCE, "plugin": {"name": "image-cmp"}}
    metadata = {"name": "shop", "annotations": annotations}
    application = parse_application({"metadata": metadata, "spec": {"source": source}})
    return write_index(root, described, application)


def _env(root: Path, *parameters: dict[str, Any], **more: str) -> dict[str, str]:
    """Return what Argo CD sets for an announcement (reference/argocd.md §1.5)."""
    return {
        "CMP_INDEX": f"file://{root}",
        "ARGOCD_APP_NAME": "shop",
        "ARGOCD_APP_SOURCE_REPO_URL": _SOURCE["repoURL"],
        "ARGOCD_APP_SOURCE_PATH": _SOURCE["path"],
        "ARGOCD_APP_SOURCE_TARGET_REVISION": _SOURCE["targetRevision"],
        "ARGOCD_APP_PARAMETERS": json.dumps(list(parameters)),
        **more,
    }


def _announced(done: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, Any]]:
    """Return what Argo CD reads, by name; its fields are of repository.proto."""
    assert done.returncode == 0, done.stderr
    rows = json.loads(_AS_OF.sub("", done.stdout))
    assert isinstance(rows, list)
    for row in rows:
        assert row.keys() == {"name", "title", "tooltip", "collectionType", "string"}
        assert all(isinstance(value, str) for value in row.values())
        assert row["collectionType"] == "string"
    assert len({row["title"] for row in rows}) == len(rows), "React needs titles to differ"
    return {row["name"]: row for row in rows}


@pytest.fixture
def index(tmp_path: Path) -> Path:
    _index(tmp_path / "index")
    return tmp_path / "index"


def test_a_person_sees_the_images_and_the_policy(index: Path, tmp_path: Path) -> None:
    rows = _announced(run(announce_command(), tmp_path, _env(index)))

    assert [(name, row["string"]) for name, row in rows.items()] == [
        ("image-list", _KEYS["image-list"]),
        ("web.pin", f"v2@{DIGEST}"),
        ("web.update-strategy", "alphabetical"),
        ("web.allow-tags", "any"),
        ("web.helm.image-tag", "web.tag"),
        ("redis.pin", "6.0.9"),
        ("redis.update-strategy", "semver"),
        ("redis.allow-tags", "any"),
        ("new.pin", ""),
        ("new.update-strategy", "alphabetical"),
        ("new.allow-tags", "any"),
        ("update-strategy", "alphabetical"),
    ]
    way = "Not pinned; write a tag to pin it"
    assert [row["title"] for name, row in rows.items() if name.endswith(".pin")] == [
        f"web.pin: v2 since 2026-01-10 12:00 UTC, last of 2 allowed tags. {way}",
        f"redis.pin: 6.0.9 is held: on hold: a freeze. {way}",
        f"new.pin: r.test/new is not in the index yet; it is Git's. {way}",
    ]


def test_the_example_of_the_document_is_what_is_printed(tmp_path: Path) -> None:
    document = (PROJECT / "docs" / "parameters.md").read_text()
    (example,) = re.findall(r"^```json\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)
    decision = {"tag": "1.2.0", "why": "newest of 4 allowed tags"}
    keys = {"image-list": "app=registry.test/team/app:^1"}
    _index(tmp_path / "index", keys, {"decisions": {"app": decision}})

    done = run(announce_command(), tmp_path, _env(tmp_path / "index"))

    assert _AS_OF.sub("", done.stdout) == _AS_OF.sub("", example)
    assert _AS_OF.search(done.stdout)


@pytest.mark.parametrize(
    ("parameter", "lock_file", "title", "value"),
    [
        pytest.param(
            {"name": "web.pin", "string": "v1"}, "", "web.pin: v1, pinned", "v1", id="pin"
        ),
        pytest.param(
            {"name": "image-lock", "map": {"web": "v1"}},
            "",
            "web.pin: v1, as image-lock says",
            "v1",
            id="image-lock",
        ),
        pytest.param(
            {"name": "allow-tags", "string": "any"},
            "web: v1",
            "web.pin: v1, as .image-lock-shop.yaml says. Not pinned; write a tag to pin it",
            "v1",
            id="lock-file",
        ),
        pytest.param(
            {"name": "allow-tags", "string": "any"},
            f"web: '@{DIGEST}'",
            f"web.pin: {DIGEST}, as .image-lock-shop.yaml says. Not pinned; write a tag to pin it",
            "",
            id="lock-file-digest",
        ),
        pytest.param(
            {"name": "allow-tags", "string": "any"},
            "redis: v1",
            "web.pin: as in Git, as .image-lock-shop.yaml says. Not pinned; write a tag to pin it",
            "",
            id="not-in-the-lock-file",
        ),
    ],
)
def test_what_a_person_gave_is_told(
    index: Path,
    tmp_path: Path,
    *,
    parameter: dict[str, Any],
    lock_file: str,
    title: str,
    value: str,
) -> None:
    if lock_file:
        content = f"schema: 1\nimages: {{{lock_file}}}\n"
        (tmp_path / ".image-lock-shop.yaml").write_text(content)

    rows = _announced(run(announce_command(), tmp_path, _env(index, parameter)))

    assert rows["web.pin"]["title"] == title
    assert rows["web.pin"]["string"] == value
    assert "image-lock" not in rows


def test_saving_what_is_announced_changes_no_image(tmp_path: Path) -> None:
    """Although nobody means to: not one by one, and not all at once."""
    index = _index(tmp_path / "index")

    def chosen(*parameters: dict[str, str]) -> tuple[tuple[str, str], ...]:
        request = RenderRequest.from_environment(_env(tmp_path, *parameters))
        choices = choose(request, str(tmp_path), index, LISTED).choices
        return tuple((choice.tag, choice.digest) for choice in choices)

    rows = _announced(run(announce_command(), tmp_path, _env(tmp_path / "index")))
    saved = [{"name": name, "string": row["string"]} for name, row in rows.items()]

    assert chosen() == (("v2", DIGEST), ("6.0.9", ""))
    assert all(chosen(parameter) == chosen() for parameter in saved)
    assert chosen(*saved) == chosen()


def _break_manifest(root: Path) -> None:
    (root / "manifest.json").write_text("{")


def _break_record(root: Path) -> None:
    (root / "applications" / "shop.json").write_text('{"schema": 1, "instance": "shop"}')


def _hide_record(root: Path) -> None:
    (root / "applications" / "shop.json").unlink()
    (root / "applications" / "shop.json").mkdir()


def _move_source(root: Path) -> None:
    file = root / "applications" / "shop.json"
    file.write_text(file.read_text().replace("https://git.test/a.git", "https://secret.test/b"))


def _remove(root: Path) -> None:
    for folder, _, names in os.walk(root):
        for name in names:
            (Path(folder) / name).unlink()


_LOG = "image-list: which images it has cannot be told now; the log of the plugin's sidecar says"


@pytest.mark.parametrize(
    ("wrong", "env", "title", "log"),
    [
        pytest.param(_remove, {}, _LOG, "nothing was ever published there", id="no-index"),
        pytest.param(_break_manifest, {}, _LOG, "manifest.json: not a whole", id="torn-manifest"),
        pytest.param(_break_record, {}, _LOG, "shop.json: not a whole", id="torn-record"),
        pytest.param(_hide_record, {}, _LOG, "cannot be read: Is a directory", id="unreadable"),
        pytest.param(_move_source, {}, _LOG, "is recorded with https://secret.test", id="source"),
        pytest.param(
            None,
            {"CMP_INDEX": "redis"},
            "image-list: redis: not the URL of an index; it starts with one of: file://",
            "error: redis: not the URL",
            id="url",
        ),
        pytest.param(
            None,
            {"ARGOCD_APP_NAME": "other"},
            "image-list: no image of it is known yet; write alias=image:constraint",
            "",
            id="unknown-application",
        ),
        pytest.param(
            None,
            {"ARGOCD_APP_NAME": ""},
            "image-list: no image of it is known yet",
            "",
            id="application-being-created",
        ),
        pytest.param(
            None,
            {"ARGOCD_APP_PARAMETERS": "{"},
            "image-list: ARGOCD_APP_PARAMETERS: not JSON",
            "error: ARGOCD_APP_PARAMETERS",
            id="parameters",
        ),
        pytest.param(
            None,
            {"ARGOCD_APP_PARAMETERS": '[{"name": "web.allow-tags", "string": "regexp:("}]'},
            "image-list: image web: allow-tags: not an RE2 expression",
            "error: image web: allow-tags",
            id="policy",
        ),
        pytest.param(
            None,
            {"ARGOCD_APP_PARAMETERS": '[{"name": "web.update-strategi", "string": "x"}]'},
            "image-list: parameters: no parameter 'web.update-strategi'",
            "error: parameters: no parameter",
            id="unknown-parameter",
        ),
    ],
)
def test_whatever_is_wrong_the_tab_opens_and_says_so(
    index: Path,
    tmp_path: Path,
    *,
    wrong: Callable[[Path], None] | None,
    env: dict[str, str],
    title: str,
    log: str,
) -> None:
    if wrong:
        wrong(index)

    done = run(announce_command(), tmp_path, _env(index, **env))

    rows = _announced(done)
    assert rows["image-list"]["title"].startswith(title)
    assert log in done.stderr
    assert bool(done.stderr) is bool(log)
    assert "secret.test" not in done.stdout


def test_a_lock_file_that_cannot_be_read_is_told(index: Path, tmp_path: Path) -> None:
    (tmp_path / ".image-lock-shop.yaml").write_text("schema: 7\n")

    rows = _announced(run(announce_command(), tmp_path, _env(index)))

    assert rows["image-list"]["title"].startswith("image-list: .image-lock-shop.yaml: its schema")


def test_a_folder_that_is_gone_is_told(index: Path, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    script = 'cd gone && rmdir ../gone && exec "$@"'

    done = run(["/bin/sh", "-c", script, "sh", *announce_command()], tmp_path, _env(index))

    assert _announced(done)["image-list"]["title"].startswith(_LOG)
    assert "FileNotFoundError" in done.stderr


def test_without_argo_cd_it_says_so(tmp_path: Path) -> None:
    rows = _announced(run(announce_command(), tmp_path))

    assert "not started by Argo CD" in rows["image-list"]["title"]


def test_a_parameter_of_a_broken_policy_can_still_be_edited(index: Path, tmp_path: Path) -> None:
    bad = {"name": "web.allow-tags", "string": "regexp:("}

    rows = _announced(run(announce_command(), tmp_path, _env(index, bad)))

    assert rows["web.allow-tags"]["string"] == "regexp:("


def test_nothing_is_printed_where_nothing_can_be(index: Path, tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            announce_command(), cwd=tmp_path, env=_env(index), stdout=full, check=False
        )

    assert done.returncode == 1


@given(
    st.dictionaries(
        st.sampled_from([f"{alias}{k.name}" for k in KEYS for alias in ("", "a.", "a.b.")])
        | st.text(max_size=8),
        st.text(max_size=400),
        max_size=6,
    ),
    st.text(max_size=400),
)
def test_names_are_told_once_and_titles_are_one_short_line(
    keys: dict[str, str], problem: str
) -> None:
    rows: list[Announcement] = announce(keys, (), problem)

    assert rows[0].name == "image-list"
    assert len({row.name for row in rows}) == len(rows)
    assert {row.name for row in rows} >= {name for name, value in keys.items() if value.strip()}
    assert all(len(row.title) <= 300 and "\n" not in row.title for row in rows)
