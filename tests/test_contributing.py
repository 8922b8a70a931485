"""CONTRIBUTING.md leads to what there is, and no package is missing in it."""

import re

import pytest

from tests.support.cli import PROJECT

_TEXT = (PROJECT / "CONTRIBUTING.md").read_text()
_WORDS = re.findall(r"`([^`\n]+)`", _TEXT)
_TABLES = re.findall(r"`(\w+)` in `([\w./]+\.py)`", _TEXT)
_MAP = _TEXT.partition("## Map")[2].partition("## Add something")[0]


def _is_path(word: str) -> bool:
    return bool(re.fullmatch(r"\.?[\w.-]+(/[\w.-]*)+|[\w.-]+\.(?:md|py|toml|txt|yaml)", word))


def _packages() -> list[str]:
    folders = (file.parent for file in PROJECT.glob("cmp/*/**/__init__.py"))
    return sorted(str(folder.relative_to(PROJECT)) for folder in folders)


@pytest.mark.parametrize("path", sorted({word for word in _WORDS if _is_path(word)} - {"dist/"}))
def test_a_path_is_there(path: str) -> None:
    assert (PROJECT / path).exists() or (PROJECT / "cmp" / path).exists()


@pytest.mark.parametrize(("name", "file"), _TABLES, ids=[name for name, _ in _TABLES])
def test_a_table_is_where_it_is_said_to_be(name: str, file: str) -> None:
    assert re.search(rf"^{name}\b.*=", (PROJECT / file).read_text(), re.MULTILINE)


@pytest.mark.parametrize("package", _packages())
def test_the_map_has_each_package_in_a_line_of_its_own(package: str) -> None:
    rows = [row for row in _MAP.splitlines() if row.split("|")[2:3] == [f" `{package}/` "]]

    assert len(rows) == 1


def test_each_target_of_make_is_there() -> None:
    known = set(re.findall(r"^([a-z0-9-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    told = re.findall(r"(?:`|^)make ([a-z0-9 -]+?)(?:`|$| +#)", _TEXT, re.MULTILINE)

    assert {target for targets in told for target in targets.split()} <= known
