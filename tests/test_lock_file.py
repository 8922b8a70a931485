"""Lock files: what can be in one, and what goes before it."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cmp.choose import Chosen, choose
from cmp.core.application import parse_application
from cmp.core.keys import PREFIX
from cmp.core.lock import Locked
from cmp.errors import InvalidInput
from cmp.lock_file import read_lock_file
from cmp.settings import RenderRequest
from tests.support.described import LISTED, write_index
from tests.support.values import DIGEST

_NAME = ".image-lock-guestbook.yaml"
_LOCK = st.one_of(
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True),
    st.just(f"v1@{DIGEST}"),
    st.just(f"@{DIGEST}"),
)


def _read(folder: Path, content: bytes) -> dict[str, Locked]:
    (folder / _NAME).write_bytes(content)
    return dict(read_lock_file(str(folder), str(folder), "guestbook").images)


@pytest.mark.parametrize(
    ("text", "locked"),
    [
        pytest.param("app: v4", Locked("v4", ""), id="tag"),
        pytest.param(f"app: 6.0.9@{DIGEST}", Locked("6.0.9", DIGEST), id="tag-and-digest"),
        pytest.param(f"app: '@{DIGEST}'", Locked("", DIGEST), id="digest"),
        pytest.param("app: 1.10", Locked("1.10", ""), id="looks-like-a-number"),
        pytest.param("app: 1e3", Locked("1e3", ""), id="looks-like-a-float"),
        pytest.param("app: on", Locked("on", ""), id="looks-like-a-truth-value"),
        pytest.param("app: 2026-01-31", Locked("2026-01-31", ""), id="looks-like-a-date"),
    ],
)
def test_reads_what_is_written(tmp_path: Path, text: str, locked: Locked) -> None:
    content = f"# Edit or revert.\nschema: 1\nimages:\n  {text}\n"

    assert _read(tmp_path, content.encode()) == {"app": locked}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param("", "not a mapping; write schema and images", id="empty"),
        pytest.param("- app: v4", "not a mapping; write schema and images", id="list"),
        pytest.param("images: {app: v4}", "its schema is 'not given'", id="no-schema"),
        pytest.param("schema: 2\nimages: {}", "its schema is '2', and this version", id="schema"),
        pytest.param("schema: 1", "images: not a mapping; write alias to tag", id="torn-early"),
        pytest.param("schema: 1\nimages:\n  app", "images: not a mapping", id="torn-late"),
        pytest.param("schema: 1\nimages:\n  app:", "app: not a tag: ''", id="torn-later"),
        pytest.param("schema: 1\nimage: {}", "no field 'image'; did you mean 'images'?", id="typo"),
        pytest.param("schema: 1\nimages: {a: [v4]}", "a: not text; write tag, tag@", id="kind"),
        pytest.param("schema: 1\nimages: {a: {b: c}}", "a: not text; write tag, tag@", id="deep"),
        pytest.param("schema: 1\nimages: {a: v 4}", "a: not a tag: 'v 4'", id="tag"),
        pytest.param("schema: 1\nimages: {a: v4@1}", "a: not a digest: '1'", id="digest"),
        pytest.param("schema: 1\nimages: {[a]: v4}", "not YAML: ", id="key-is-a-list"),
        pytest.param("schema: 1\nimages: {a: v1, a: v2}", "a is there twice", id="twice"),
        pytest.param("schema: 1\nimages: &a {b: *a}", "not YAML: ", id="of-itself"),
        pytest.param("a: [", "revert it, or write schema: 1 and images", id="yaml"),
        pytest.param("--- {}\n--- {}", "not YAML: ", id="two-documents"),
        pytest.param("schema: 1\nimages: {a: \udcff}", "not YAML: ", id="bytes"),
        pytest.param("[" * 50_000, "not YAML: ", id="brackets"),
        pytest.param("<<<<<<< HEAD\nschema: 1\n", "not YAML: ", id="conflict"),
        pytest.param(" " * 300_000, "longer than 256 KiB", id="long"),
    ],
)
def test_refuses_and_says_where(tmp_path: Path, content: str, complaint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        _read(tmp_path, content.encode(errors="surrogateescape"))

    assert str(caught.value).startswith(_NAME)
    assert complaint in str(caught.value)
    assert caught.value.exit_status == 2
    assert "\n" not in str(caught.value)


@settings(max_examples=200)
@given(st.dictionaries(st.text("abz.-_/09", min_size=1, max_size=8), _LOCK, max_size=5))
def test_reads_whatever_can_be_written(tmp_path_factory: Any, images: dict[str, str]) -> None:
    folder = tmp_path_factory.getbasetemp()
    content = yaml.safe_dump({"schema": 1, "images": images}).encode()

    assert {
        alias: f"{tag}@{digest}" if digest else tag
        for alias, (tag, digest) in _read(folder, content).items()
    } == images


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=60), st.text("schema: 1\nimges{}[]&*!|-", max_size=60)))
def test_gives_a_value_or_an_error_of_ours(tmp_path_factory: Any, content: bytes | str) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    try:
        _read(tmp_path_factory.getbasetemp(), data)
    except InvalidInput as error:
        assert str(error).startswith(_NAME)  # noqa: PT017 - most texts are errors, and some are not


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        pytest.param("../../outside.yaml", "leads out of the repository", id="outside"),
        pytest.param("nowhere.yaml", "not a file, or a link to nothing", id="nowhere"),
        pytest.param("folder", "not a file, or a link to nothing", id="folder"),
        pytest.param(_NAME, "not a file, or a link to nothing", id="itself"),
    ],
)
def test_a_link_that_leads_to_no_file_of_the_repository(
    tmp_path: Path, target: str, complaint: str
) -> None:
    folder = tmp_path / "repository" / "helm"
    (folder / "folder").mkdir(parents=True)
    (tmp_path / "outside.yaml").write_text("schema: 1\nimages: {guestbook: v9}\n")
    (folder / _NAME).symlink_to(target)

    with pytest.raises(InvalidInput, match=complaint):
        read_lock_file(str(tmp_path / "repository"), str(folder), "guestbook")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / _NAME)

    with pytest.raises(InvalidInput, match="not a file"):
        read_lock_file(str(tmp_path), str(tmp_path), "guestbook")


def _chosen(tmp_path: Path, **case: Any) -> Chosen:
    """Choose for an Application with one image, app, whose tags are v1 to v9."""
    keys = {"image-list": "app=r.test/app", "app.update-strategy": "alphabetical"}
    annotations = {f"{PREFIX}{k}": v for k, v in (keys | case.get("keys", {})).items()}
    parameters = case.get("parameters", [])
    manifest = {
        "metadata": {"name": "guestbook", "annotations": annotations},
        "spec": {
            "source": {
                "repoURL": "https://git.test/a.git",
                "path": "a",
                "plugin": {"name": "image-cmp", "parameters": parameters},
            }
        },
    }
    application = parse_application(manifest)
    tags = [f"v{n}" for n in range(1, 10)]
    decisions = {"app": case["decision"]} if "decision" in case else {}
    described = {"images": {"r.test/app": tags}, "decisions": decisions}
    index = write_index(tmp_path / "index", described, application)
    folder = tmp_path / "repository" / "a"
    folder.mkdir(parents=True)
    if "file" in case:
        (folder / _NAME).write_text(f"schema: 1\nimages: {case['file']}\n")
    source = application.policy_source
    assert source
    request = RenderRequest.from_application(application, source, {})
    return choose(request, str(folder), index, LISTED)


_PARAMETER = [{"name": "image-lock", "map": {"app": "v1"}}]
_PINNED = {"tag": "v2", "pinned": True}
_PIN = {"app.pin": "v3"}
_FILE = "{app: v5}"
_GIT = {"write-back-method": "git"}


@pytest.mark.parametrize(
    ("case", "tag"),
    [
        pytest.param({}, "v9", id="nothing-decides-here"),
        pytest.param({"decision": "v7"}, "v7", id="a-decision"),
        pytest.param({"decision": "v7", "file": _FILE}, "v5", id="file-before-decision"),
        pytest.param({"file": _FILE}, "v5", id="file-before-deciding-here"),
        pytest.param(
            {"decision": {"tag": "v7", "held": "it cannot be pulled"}, "file": _FILE},
            "v5",
            id="file-before-what-is-held",
        ),
        pytest.param(
            {"decision": "v7", "file": _FILE, "keys": {"app.hold": "a freeze"}},
            "v5",
            id="file-before-the-key-hold",
        ),
        pytest.param(
            {"decision": "v7", "file": _FILE, "keys": {"app.group": "web"}},
            "v5",
            id="file-before-a-group",
        ),
        pytest.param({"file": _FILE, "keys": _PIN}, "v3", id="pin-of-the-policy-before-file"),
        pytest.param(
            {"file": _FILE, "parameters": [{"name": "app.pin", "string": "v3"}]},
            "v3",
            id="pin-in-a-parameter-before-file",
        ),
        pytest.param(
            {"file": _FILE, "keys": {"app.pin": "v3 until 2026-02-01T00:00:00Z"}},
            "v3",
            id="pin-with-a-time-to-come-before-file",
        ),
        pytest.param(
            {"file": _FILE, "keys": {"app.pin": "v3 until 2026-01-30T00:00:00Z"}},
            "v5",
            id="file-before-pin-whose-time-is-over",
        ),
        pytest.param(
            {"decision": _PINNED, "file": _FILE}, "v2", id="a-pin-to-the-refresher-before-file"
        ),
        pytest.param(
            {"decision": {**_PINNED, "under": {"app.pin": "v2"}}, "file": _FILE},
            "v5",
            id="file-before-a-pin-that-was-taken-back",
        ),
        pytest.param(
            {"decision": _PINNED, "file": _FILE, "parameters": _PARAMETER},
            "v1",
            id="parameter-before-a-pin-to-the-refresher",
        ),
        pytest.param(
            {"file": _FILE, "keys": _PIN, "parameters": _PARAMETER}, "v1", id="parameter-before-all"
        ),
        pytest.param({"decision": "v7", "file": "{}"}, "", id="not-in-the-file-is-gits"),
        pytest.param({"file": "{}", "keys": _PIN}, "v3", id="not-in-the-file-but-pinned"),
        pytest.param({"file": "{}", "parameters": _PARAMETER}, "v1", id="not-in-it-but-given"),
        pytest.param({"decision": "v7", "keys": _GIT}, "v7", id="a-decision-that-git-lost"),
        pytest.param(
            {"decision": "v7", "keys": {**_GIT, "pull-request": "gitlab"}}, "", id="nobody-merged"
        ),
        pytest.param(
            {"decision": "v7", "keys": {**_GIT, "git-branch": "main:updates"}},
            "",
            id="nobody-merged-a-branch",
        ),
        pytest.param(
            {"decision": "v7", "file": _FILE, "keys": {**_GIT, "pull-request": "gitlab"}},
            "v5",
            id="what-was-merged",
        ),
    ],
)
def test_what_goes_before_what(tmp_path: Path, case: dict[str, Any], tag: str) -> None:
    chosen = _chosen(tmp_path, **case)

    assert "".join(choice.tag for choice in chosen.choices) == tag


@pytest.mark.parametrize(
    ("file", "notes"),
    [
        pytest.param("{app: v5}", [f"as {_NAME} says: app"], id="all"),
        pytest.param(
            "{}", [f"image app: {_NAME} does not have it; it is Git's"], id="one-is-missing"
        ),
        pytest.param(
            "{app: v5, ap: v6, redis: v1}",
            [
                f"{_NAME}: no image is called 'ap'; did you mean 'app'?",
                f"{_NAME}: no image is called 'redis'",
                f"as {_NAME} says: app",
            ],
            id="unknown",
        ),
        pytest.param(
            f"{{{', '.join(f'x{n}: v1' for n in range(9))}, app: v5}}",
            [
                *(f"{_NAME}: no image is called 'x{n}'" for n in range(5)),
                f"{_NAME}: and 4 more that no image has",
                f"as {_NAME} says: app",
            ],
            id="many-unknown",
        ),
    ],
)
def test_a_person_is_told_what_comes_from_the_file(
    tmp_path: Path, file: str, notes: list[str]
) -> None:
    assert list(_chosen(tmp_path, decision="v7", file=file).notes) == notes
