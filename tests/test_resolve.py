"""``resolve`` as a process: the facts of select.json, statuses, and its forms of output."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import PROJECT, cmp
from tests.support.guestbook import Guestbook
from tests.support.registry import RegistryServer

CASES = json.loads((PROJECT / "tests" / "cases" / "select.json").read_text())["cases"]
CHUNK = 100


def _options(case: dict[str, Any]) -> list[str]:
    options = ["--update-strategy", case["strategy"]]
    if "allow_tags" in case:
        options += ["--allow-tags", case["allow_tags"]]
    if "ignore_tags" in case:
        options += ["--ignore-tags", ",".join(case["ignore_tags"])]
    return options


def _answer(case: dict[str, Any], cwd: Path) -> object:
    """Return the tag, None, or the error, each with the exit status it must come with."""
    image = f"registry.test/team/app:{case['constraint']}" if case["constraint"] else "team/app"
    arguments = ["resolve", image, *_options(case), "--tags", "-", "-o", "json"]
    done = cmp(*arguments, cwd=cwd, stdin="\n".join(case["tags"]) + "\n", measured=False)
    if done.returncode == 2:
        assert done.stdout == ""
        return {"error": "invalid constraint" if "constraint" in done.stderr else done.stderr}
    tag = json.loads(done.stdout)["tag"]
    assert done.returncode == (3 if tag is None else 0)
    return tag


@pytest.mark.parametrize("start", range(0, len(CASES), CHUNK))
def test_answers_every_case_in_a_process_each(start: int, tmp_path: Path) -> None:
    cases = CASES[start : start + CHUNK]

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda case: _answer(case, tmp_path), cases))

    assert {c["id"]: a for c, a in zip(cases, answers, strict=True)} == {
        c["id"]: c["expect"] for c in cases
    }


def test_text_is_the_tag_alone(tmp_path: Path) -> None:
    done = cmp("resolve", "app:^1", "--tags", "-", cwd=tmp_path, stdin="1.0\n1.2\n2.0\n")

    assert (done.returncode, done.stdout, done.stderr) == (0, "1.2\n", "")


def test_json_says_what_became_of_every_tag(tmp_path: Path) -> None:
    tags = tmp_path / "tags.txt"
    tags.write_text("1.0\n1.2\n2.0\nlatest\n1.3-rc1\nskip-1\n")
    options = ["--allow-tags", "regexp:^[a-z0-9.-]+$", "--ignore-tags", "skip-*"]

    done = cmp("resolve", "app:^1", *options, "--tags", str(tags), "-o", "json", cwd=tmp_path)

    report = json.loads(done.stdout)
    assert report["image"] == "docker.io/library/app"
    assert (report["tag"], report["digest"]) == ("1.2", None)
    assert (report["strategy"], report["constraint"]) == ("semver", "^1")
    assert [list(candidate.values()) for candidate in report["candidates"]] == [
        ["1.2", "chosen", "newest of 2 allowed tags", ""],
        ["1.0", "kept", "ranks below 1.2", ""],
        ["2.0", "dropped", "outside ^1", "constraint"],
        ["latest", "dropped", "not a semantic version", "update-strategy"],
        ["1.3-rc1", "dropped", "outside ^1", "constraint"],
        ["skip-1", "dropped", "ignored by skip-*", "ignore-tags"],
    ]
    assert list(report["candidates"][0]) == ["tag", "verdict", "reason", "rule"]


def test_says_what_has_no_effect(tmp_path: Path) -> None:
    options = ["--ignore-tags", "[rc", "--order", "version:numeric"]

    done = cmp("resolve", "app", *options, "--tags", "-", cwd=tmp_path, stdin="1.0\n")

    assert (done.returncode, done.stdout) == (0, "1.0\n")
    assert done.stderr == (
        "note: ignore-tags: '[rc' is not a valid pattern, so it matches no tag\n"
        "note: order has no effect: it is about the groups of version, and there is none\n"
    )


def test_no_candidate_is_status_3_and_a_sentence(tmp_path: Path) -> None:
    done = cmp("resolve", "app:^9", "--tags", "-", cwd=tmp_path, stdin="1.0\n")

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "  1.0  dropped  outside ^9 (constraint)\n"
        "error: docker.io/library/app: none of 1 tags qualifies\n"
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param(["app:^^1"], "constraint: not a version constraint: '^^1'", id="constraint"),
        pytest.param(["app:latest"], "not a version constraint: 'latest'", id="constraint-word"),
        pytest.param(["App"], "not a repository path: 'App'", id="image"),
        pytest.param(["app", "--update-strategy", "newest"], "no strategy 'newest'", id="strategy"),
        pytest.param(["app", "--allow-tags", "regexp:("], "not an RE2 expression: '('", id="re"),
        pytest.param(["app", "--allow-tags", "^v"], "not a tag filter: '^v'", id="filter"),
        pytest.param(["app", "--update-strategy", "digest"], "none is given", id="digest"),
        pytest.param(["app", "--platforms", "linux"], "not a platform: 'linux'", id="platform"),
        pytest.param(["app", "--tags", "nowhere.txt"], "nowhere.txt: cannot be read", id="file"),
        pytest.param(["app", "--index", "s3://x"], "it starts with one of: file://", id="index"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(
    arguments: list[str], complaint: str, tmp_path: Path
) -> None:
    given = [] if {"--tags", "--index"} & set(arguments) else ["--tags", "-"]

    done = cmp("resolve", *arguments, *given, cwd=tmp_path, stdin="1.0\n")

    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    sentence, *marks = done.stderr.splitlines()
    assert sentence.startswith("error: ")
    assert all(mark.startswith("    ") for mark in marks)  # the text, and what points at it


@pytest.mark.tools
def test_an_indexed_repository_needs_no_list(tmp_path: Path, registry: RegistryServer) -> None:
    guestbook = Guestbook.create(tmp_path, registry)
    guestbook.push("v1", "v4")
    guestbook.application({"image-list": guestbook.image})
    guestbook.refresh()
    index = ["--index", guestbook.index_url]

    chosen = cmp("resolve", f"{guestbook.image}:^v1", *index, cwd=tmp_path)
    missing = cmp("resolve", "nobody/asked", *index, cwd=tmp_path)

    assert chosen.stdout == "v1\n"
    assert missing.returncode == 1
    assert "docker.io/nobody/asked is not in it" in missing.stderr
