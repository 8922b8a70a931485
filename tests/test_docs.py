"""docs/: each example of docs/policy.md does what stands below it, and the tables are complete.

In docs/policy.md a ``console`` block is run as a process. A ``yaml`` block holds policy keys, and
in one section a lock file; the ``text`` block after it, if there is one, says what comes of them:
an error, a note, or what the section's scene shows.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from cmp.core.application import parse_application
from cmp.core.decide import Decision, decide
from cmp.core.groups import Member, agree
from cmp.core.image_list import ManagedImage, read_image_list
from cmp.core.injection import Choice, helm_parameters, kustomize_image
from cmp.core.keys import (
    GIT_BRANCH,
    GIT_REPOSITORY,
    KEYS,
    PREFIX,
    PULL_REQUEST,
    PULL_REQUEST_LABELS,
    WRITE_BACK_TARGET,
    lock_file_name,
)
from cmp.core.order import TYPES, Order
from cmp.core.policy import is_true
from cmp.core.selection import Selection
from cmp.core.snapshot import Tag
from cmp.core.strategies import STRATEGIES
from cmp.core.update_window import is_open
from cmp.core.verdicts import verdicts
from cmp.core.write_back import requires_auto_sync
from cmp.errors import InvalidPolicy
from cmp.lock_file import read_lock_file
from cmp.renderers.images import placed, with_images
from tests.core.test_cases import _EXCEPTIONS
from tests.documents.blocks import is_as_written
from tests.renderers.test_helm_cases import _EXCEPTIONS as _HELM_CASES
from tests.renderers.test_kustomize_cases import NOT_OURS
from tests.support.cli import PROJECT, cmp
from tests.support.values import DIGEST, OTHER_DIGEST, built, day, recorded, snapshot

_POLICY = (PROJECT / "docs" / "policy.md").read_text()
_COMPATIBILITY = (PROJECT / "docs" / "compatibility.md").read_text()
_LOCK_FILE = "Images that Git gives: the lock file"
_IMAGE_LIST = "app=registry.test/team/app"


def _has_failed(output: str) -> bool:
    return any(line.startswith(("error: ", "note: ")) for line in output.splitlines())


Keys = Mapping[str, str]


class Block(NamedTuple):
    """A fenced block of docs/policy.md."""

    section: str
    """The key it is about, or ``strategy`` and which."""
    kind: str
    text: str


class Example(NamedTuple):
    """Policy keys, and what the document says comes of them."""

    section: str
    keys: Keys
    outcome: str


class Command(NamedTuple):
    """A command line, and what the document says it prints."""

    section: str
    line: str
    output: str


# --- reading the document


def _blocks() -> Iterator[Block]:
    section = ""
    for found in re.finditer(
        r"^(#+) ([^\n]*)$|^```(\w+)\n(.*?)^```$", _POLICY, re.MULTILINE | re.DOTALL
    ):
        level, heading, kind, text = found.groups()
        if kind:
            yield Block(section, kind, text)
        else:
            name = heading.strip("`")
            section = f"strategy {name}" if level == "####" else name


def _examples() -> list[Example]:
    blocks = [*_blocks(), Block("", "", "")]
    return [
        Example(
            block.section,
            yaml.safe_load(block.text),
            after.text if after.kind == "text" else "",
        )
        for block, after in pairwise(blocks)
        if block.kind == "yaml" and block.section != _LOCK_FILE
    ]


def _commands() -> list[Command]:
    return [
        Command(block.section, *(part.partition("\n")[::2]))
        for block in _blocks()
        if block.kind == "console"
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    ]


def _ids(entries: list[Any]) -> list[Any]:
    """Name each entry by its section and its number there."""
    counts: dict[str, int] = {}
    named = []
    for entry in entries:
        counts[entry.section] = counts.get(entry.section, 0) + 1
        named.append(pytest.param(entry, id=f"{entry.section}-{counts[entry.section]}"))
    return named


# --- what comes of policy keys


def _images(keys: Keys) -> tuple[ManagedImage, ...]:
    return read_image_list({"image-list": _IMAGE_LIST, **keys}).images


def _complaints(keys: Keys) -> list[str]:
    """Read keys as render and refresh do, all that is compiled later too."""
    try:
        image_list = read_image_list({"image-list": _IMAGE_LIST, **keys})
        is_true(keys, "allow-empty")
        requires_auto_sync(keys)
        for image in image_list.images:
            Selection.of(image.policy)
            if image.window:
                is_open(image.window, day(1))
        _sources(keys)
    except InvalidPolicy as error:
        return [f"error: {error.explained()}"]
    return [f"note: {note}" for note in image_list.notes]


def _decided(keys: Keys, tags: tuple[Tag, ...], previous: str = "") -> Decision:
    (image,) = _images(keys)
    before = recorded(previous, image.policy) if previous else None
    return decide(image.policy, image.repository, snapshot(*tags), before)


def _becomes(*tags: Tag | str, previous: str = "") -> Callable[[Keys], list[str]]:
    """Return a scene: what becomes of each of these tags."""
    known = tuple(tag if isinstance(tag, Tag) else Tag(tag, first_seen=day(1)) for tag in tags)

    def scene(keys: Keys) -> list[str]:
        decision = _decided(keys, known, previous)
        suffix = f"@{decision.digest}" if decision.digest else ""
        return [
            f"{v.tag}{suffix if v.tag == decision.tag else ''} {v.verdict}: {v.reason}"
            for v in verdicts(decision)
        ]

    return scene


def _reference(keys: Keys) -> list[str]:
    (image,) = _images(keys)
    decision = _decided(keys, (Tag("1.2.0", day(1), DIGEST), Tag("1.1.0", day(1), OTHER_DIGEST)))
    argument = kustomize_image(Choice(image, decision.tag or "", decision.digest or ""))
    return [argument.replace("registry.test/team/app=*", image.repository.written)]


def _windows(keys: Keys) -> list[str]:
    (image,) = _images(keys)
    moments = [
        datetime(2026, 1, date, hour, 30, tzinfo=UTC)
        for date, hour in ((5, 20), (5, 21), (6, 0), (6, 1), (11, 6))
    ]
    return [f"{m.isoformat()} {'open' if is_open(image.window, m) else 'closed'}" for m in moments]


def _group(keys: Keys) -> list[str]:
    offered = {"web": ("1.1.0", "1.2.0"), "worker": ("1.2.0", "1.3.0")}
    members = {}
    for image in _images(keys):
        now = snapshot(*offered[image.alias], repository=image.repository)
        decision = decide(image.policy, image.repository, now)
        members[image.alias] = Member(image.policy, now, None, decision)
    agreed = agree(keys["group"], members)
    gits = "Git's"
    return [f"{a}: {d.tag or gits}: {d.why}" for a, d in agreed.items() if d is not None]


def _sources(keys: Keys) -> list[str]:
    sources = [
        {"repoURL": "https://git.test/shop", "path": path, "plugin": {"name": "image-cmp"}}
        for path in ("shop", "batch")
    ]
    annotations = {PREFIX + key: value for key, value in keys.items()}
    manifest = {"metadata": {"name": "x", "annotations": annotations}, "spec": {"sources": sources}}
    application = parse_application(manifest)
    return [
        f"source {source.id.path}: {image.alias}"
        for source in application.sources
        for image in read_image_list(application.policy(source)).images
    ]


def _helm(keys: Keys) -> list[str]:
    (image,) = _images(keys)
    return [f"{name}={value}" for name, value in helm_parameters(Choice(image, "1.2.0"))]


def _kustomize(keys: Keys) -> list[str]:
    (image,) = _images(keys)
    return [kustomize_image(Choice(image, "1.2.0"))]


_WIDGET = b"""apiVersion: example.com/v1
kind: Widget
spec:
  runner: {image: registry.test/team/app:1.0}  # the comment stays
  sidecars:
    - image: "registry.test/team/app"
    - image: registry.test/team/other:1.0
"""


def _widget(keys: Keys) -> list[str]:
    (image,) = _images(keys)
    output, notes = with_images(_WIDGET, placed("helm", [Choice(image, "1.2.0")]))
    return [*output.decode().splitlines(), *notes]


_SCENES: Mapping[str, Callable[[Keys], list[str]]] = {
    "strategy newest-build": _becomes(
        built("main-4", {"linux/amd64": 20}),
        built("main-9", {"linux/amd64": 10}),
        Tag(
            "stable",
            day(1),
            created={"linux/amd64": datetime(1970, 1, 1, tzinfo=UTC)},
            kind="image",
        ),
    ),
    "strategy first-seen": _becomes(Tag("build-a", day(20)), Tag("build-b", day(10))),
    "strategy digest": _becomes(Tag("edge", day(1), DIGEST), "1.2.0"),
    "digest": _reference,
    "platforms": _becomes(built("1.0", {"linux/amd64": 1}), built("1.1", {"linux/arm64": 2})),
    "min-age": _becomes(Tag("1.2.0", day(28)), Tag("1.3.0", day(30))),
    "follow": _becomes("1.9", Tag("1.10", day(1), DIGEST), "edge"),
    "tag-match": _becomes("1.9", "2.0"),
    "hold": _becomes("1.2.0", "1.3.0", previous="1.2.0"),
    "allow-downgrade": _becomes("1.2.0", previous="1.3.0"),
    "update-window": _windows,
    "group": _group,
    "source": _sources,
    "helm.image-name": _helm,
    "helm.image-tag": _helm,
    "helm.image-spec": _helm,
    "kustomize.image-name": _kustomize,
    "manifest-path": _widget,
}


@pytest.mark.parametrize("example", _ids(_examples()))
def test_an_example_does_what_stands_below_it(example: Example) -> None:
    assert all(isinstance(value, str) for value in example.keys.values())
    complaints = _complaints(example.keys)

    if _has_failed(example.outcome):
        assert is_as_written(example.outcome, "\n".join(complaints)), complaints
    else:
        assert complaints == []
        if example.outcome:
            shown = "\n".join(_SCENES[example.section](example.keys))
            assert is_as_written(example.outcome, shown), shown


@pytest.mark.parametrize("command", _ids(_commands()))
def test_a_command_prints_what_stands_below_it(command: Command, tmp_path: Path) -> None:
    words = shlex.split(command.line)
    stdin = ""
    if words[0] == "printf":
        assert words[2] == "|"
        stdin, words = words[1].replace(r"\n", "\n"), words[3:]
    assert words[:4] == ["python", "-I", "-m", "cmp"]

    done = cmp(*words[4:], cwd=tmp_path, stdin=stdin)

    printed = done.stdout + done.stderr
    assert is_as_written(command.output, printed), printed
    assert (done.returncode == 0) is (not _has_failed(command.output))


def test_the_lock_file_can_be_read(tmp_path: Path) -> None:
    (block,) = (block for block in _blocks() if block.section == _LOCK_FILE)
    (tmp_path / lock_file_name("shop")).write_text(block.text)

    locked = read_lock_file(str(tmp_path), str(tmp_path), "shop").images

    assert all(f"{alias}: {tag}" in block.text for alias, (tag, _) in locked.items())


# --- that nothing is missing


def test_no_block_stands_where_no_test_looks() -> None:
    blocks = list(_blocks())

    assert {block.kind for block in blocks} == {"yaml", "text", "console"}
    assert all(a.kind == "yaml" for a, b in pairwise(blocks) if b.kind == "text")


# Read by what writes to Git alone: docs/write-back.md, tests/refresh/test_git_plan.py.
_WRITING = (WRITE_BACK_TARGET, GIT_BRANCH, GIT_REPOSITORY, PULL_REQUEST, PULL_REQUEST_LABELS)


def _choosing() -> list[str]:
    return [key.name for key in KEYS if key.name not in _WRITING]


@pytest.mark.parametrize("name", [*_choosing(), *(f"strategy {s}" for s in STRATEGIES)])
def test_each_key_and_strategy_has_an_example_and_a_bad_value(name: str) -> None:
    outcomes = [
        *(example.outcome for example in _examples() if example.section == name),
        *(command.output for command in _commands() if command.section == name),
    ]
    assert any(not _has_failed(outcome) for outcome in outcomes), "no example"
    assert any(_has_failed(outcome) for outcome in outcomes), "no bad value"


@pytest.mark.parametrize("name", _choosing())
def test_an_example_of_a_key_is_about_that_key(name: str) -> None:
    ends = {key.rpartition(".")[2] for e in _examples() if e.section == name for key in e.keys}

    assert name.rpartition(".")[2] in ends


@pytest.mark.parametrize("scene", _SCENES)
def test_no_scene_is_without_an_example(scene: str) -> None:
    assert any(e.section == scene and e.outcome and not _has_failed(e.outcome) for e in _examples())


def _rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the table below ``heading``, without its first two lines."""
    table = text.partition(f"{heading}\n")[2].partition("\n| ")[2].partition("\n\n")[0]
    return [row.strip("| ").split(" | ") for row in table.splitlines()[2:]]


@pytest.mark.parametrize(
    "row", [pytest.param(r, id=r[0].strip("`")) for r in _rows(_POLICY, "### `order`")]
)
def test_the_types_of_order_compare_as_their_table_says(row: list[str]) -> None:
    kind, _, example = row
    form = re.search(r"`(date\(%.*?\))`", example)
    lower, higher = re.findall(r"`([^`]*)` before `([^`]*)`", example)[0]
    order = Order.of("^(?P<x>.*)$", f"x:{form[1] if form else kind.strip('`')}", ())

    ranks = [order.rank(lower), order.rank(higher)]

    assert all(isinstance(rank, tuple) for rank in ranks)
    assert ranks[0] < ranks[1]  # type: ignore[operator] # tuples both


def test_the_table_of_types_is_complete() -> None:
    assert {row[0].strip("`") for row in _rows(_POLICY, "### `order`")} == {
        *TYPES,
        "date(<strptime>)",
    }


# --- docs/compatibility.md


def test_the_cases_that_differ_are_those_of_the_tests() -> None:
    rows = _rows(_COMPATIBILITY, "## Cases that are not run, or differ")

    assert {row[0].strip("`"): row[1] for row in rows} == dict(_EXCEPTIONS)
    assert len(rows) == len(_EXCEPTIONS)


def test_the_cases_that_a_plugin_cannot_see_are_those_of_the_tests() -> None:
    rows = _rows(_COMPATIBILITY, "## Facts of Argo CD's that a plugin cannot see")

    assert [(row[0].strip("`"), row[1]) for row in rows] == [
        *_HELM_CASES.items(),
        *NOT_OURS.items(),
    ]


def test_each_deviation_has_a_reason() -> None:
    rows = _rows(_COMPATIBILITY, "## Where we differ")

    assert all(len(row) == 4 for row in rows)
    assert all(row[3].startswith(("its bug", "our addition", "our choice")) for row in rows)


@pytest.mark.parametrize(
    "case", [case for case, why in _EXCEPTIONS.items() if why.startswith("differs")]
)
def test_each_case_that_differs_stands_among_the_deviations(case: str) -> None:
    assert f"`{case}`" in _COMPATIBILITY.partition("## Cases")[0]
