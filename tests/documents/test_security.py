"""docs/security.md: each test that it names is there."""

import re

import pytest

from tests.support.cli import PROJECT

_FOLDER = PROJECT / "docs"
_DOCUMENT = (_FOLDER / "security.md").read_text()
_TESTS = re.findall(r"\[`(\w+)`\]\((\.\./tests/[\w/]+\.py)\)", _DOCUMENT)


@pytest.mark.parametrize(("name", "file"), _TESTS, ids=[name for name, _ in _TESTS])
def test_a_test_that_is_named_is_there(name: str, file: str) -> None:
    assert f"def test_{name}(" in (_FOLDER / file).read_text()


def test_each_threat_has_a_test() -> None:
    threats = _DOCUMENT.partition("## What an Application's repository could do")[2]
    rows = [row.strip("| ").split(" | ") for row in re.findall(r"^\|.*\|$", threats, re.MULTILINE)]
    rows = [row for row in rows if row[0] not in {"threat", "---"}]

    assert rows
    assert [row[0] for row in rows if len(row) != 3 or "](../tests/" not in row[2]] == []
