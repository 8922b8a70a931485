"""docs/troubleshooting.md: each message in it is one that the program prints."""

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from cmp.diagnosis import CHECKS
from tests.documents.blocks import is_as_written
from tests.support.cli import PROJECT, cmp
from tests.support.guestbook import Guestbook
from tests.support.registry import RegistryServer

_DOCUMENT = (PROJECT / "docs" / "troubleshooting.md").read_text()
_HOLE = "\N{REPLACEMENT CHARACTER}"
_OF_HTTP = {"HTTP 401 …"}
"""Put together of a number and the server's own words."""


def _messages() -> list[str]:
    """Return the code in the first column of each row."""
    rows = re.findall(r"^\| `([^`]+)` \|", _DOCUMENT, re.MULTILINE)
    return [row for row in rows if row not in _OF_HTTP]


@cache
def _templates() -> tuple[str, ...]:
    """Return all texts in the code, with a hole for each value."""
    return tuple(
        text
        for file in (PROJECT / "cmp").rglob("*.py")
        for text in _texts(ast.parse(file.read_text()))
    )


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else _HOLE for part in node.values
            )


def _may_print(template: str, message: str) -> bool:
    """Tell whether a template has all the words of a message, in their order."""
    at = 0
    for part in message.split("…"):
        at = template.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


# --- those that are printed here


def _without_index(book: Guestbook) -> str:
    return book.generate(CMP_INDEX=f"file://{book.root}/none").stderr


def _unknown_parameter(book: Guestbook) -> str:
    return book.generate(parameters=[{"name": "helm.valuesFiles", "string": "x"}]).stderr


def _bad_constraint(book: Guestbook) -> str:
    return book.generate(parameters=[{"name": "image-list", "string": "app=r.test/a:^^1"}]).stderr


def _bad_filter(book: Guestbook) -> str:
    keys = {"image-list": "app=r.test/a", "app.allow-tags": "^v"}
    return book.generate(
        parameters=[{"name": name, "string": value} for name, value in keys.items()]
    ).stderr


def _no_truth(book: Guestbook) -> str:
    return book.generate(parameters=[{"name": "helm.skipCrds", "string": "yes"}]).stderr


def _outside(book: Guestbook) -> str:
    return book.generate(parameters=[{"name": "helm.valueFiles", "array": ["../../x.yaml"]}]).stderr


def _nothing_there(book: Guestbook) -> str:
    (book.repository / "empty").mkdir(exist_ok=True)
    return book.generate(path="empty", name="another").stderr


def _another_source(book: Guestbook) -> str:
    return book.generate(path="kustomize", ARGOCD_APP_SOURCE_REPO_URL="https://git.test/x").stderr


def _incomplete(book: Guestbook) -> str:
    manifest = book.index / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"complete": true', '"complete": false'))
    return book.generate().stderr


def _explained(book: Guestbook) -> str:
    return cmp("explain", "guestbook", "--index", book.index_url, cwd=book.root).stdout


def _pinned(book: Guestbook) -> str:
    pin = ("pin", "guestbook", "guestbook", "v1", "--store", book.index_url)
    assert cmp(*pin, cwd=book.root).returncode == 0
    book.refresh()
    return _explained(book)


def _torn(book: Guestbook) -> str:
    (book.index / "manifest.json").write_text("{")
    return book.generate().stderr


def _no_tool(book: Guestbook) -> str:
    return book.generate(PATH="/nowhere").stderr


def _too_slow(book: Guestbook) -> str:
    return book.generate(CMP_RENDER_DEADLINE="1ms").stderr


def _a_person(book: Guestbook) -> str:
    return cmp("render", cwd=book.root).stderr


_PRINTED: dict[str, Callable[[Guestbook], str]] = {
    "cannot be used: nothing was ever published there": _without_index,
    "cannot be used: it is not complete": _incomplete,
    "newest of … allowed …": _explained,
    "pinned by …": _pinned,
    "no parameter …": _unknown_parameter,
    "not a version constraint: …": _bad_constraint,
    "not a tag filter: …; write regexp:<RE2 expression> or any": _bad_filter,
    "… is neither true nor false": _no_truth,
    "… leads out of the repository": _outside,
    "no chart, no kustomization and no manifest in …": _nothing_there,
    "application … is recorded with …, and not with … yet; wait for the refresher, …": (
        _another_source
    ),
    "not a whole document of ours (…); run …": _torn,
    "… is not on PATH; install it, or in the sidecar copy it from the Argo CD image": _no_tool,
    "not done within … s: …": _too_slow,
    "not started by Argo CD (ARGOCD_APP_NAME is not set); …": _a_person,
}


@pytest.fixture(scope="module")
def book(
    registry: RegistryServer,
    helm: Path,
    kustomize: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Guestbook:
    made = Guestbook.create(tmp_path_factory.mktemp("guestbook"), registry)
    made.push("v1")
    made.application({"image-list": f"guestbook={made.image}"})
    made.refresh()
    return made


@pytest.mark.tools
@pytest.mark.parametrize("message", _PRINTED)
def test_it_is_printed(book: Guestbook, tmp_path: Path, message: str) -> None:
    own = Path(shutil.copytree(book.index, tmp_path / "index"))

    said = _PRINTED[message](replace(book, store=own))

    assert message in _messages()
    assert is_as_written(f"…{message}…", said), said


# --- the others, as the code has them


@pytest.mark.parametrize("message", [one for one in _messages() if one not in _PRINTED])
def test_a_message_is_one_of_ours(message: str) -> None:
    assert any(_may_print(template, message) for template in _templates())


def test_a_message_that_is_not_ours_is_found() -> None:
    assert not any(_may_print(template, "the index is lost: …") for template in _templates())


def test_the_checks_of_doctor_are_those_of_the_code() -> None:
    table = _DOCUMENT.partition("| check | what is looked at |\n")[2].partition("\n\n")[0]
    first = [re.findall(r"`([^`]+)`", row.split(" | ")[0]) for row in table.splitlines()]

    assert [name for row in first for name in row] == list(dict.fromkeys(c.name for c in CHECKS))
