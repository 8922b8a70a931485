"""docs/refresher.md has each Event that the refresher writes, and no other."""

import ast
import re

from tests.support.cli import PROJECT

_REASON = re.compile(r"Images?(?:[A-Z][a-z]+)+")


def test_each_event_has_a_row() -> None:
    document = (PROJECT / "docs" / "refresher.md").read_text()
    written = {
        node.value
        for file in (PROJECT / "cmp" / "refresh").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _REASON.fullmatch(node.value)
    }

    rows = re.findall(r"^\| (`Image.*?) \|", document, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == written
