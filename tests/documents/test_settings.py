"""docs/settings.py has a row for each variable that the program reads, and no other."""

import ast
import re

from docs.settings import NOT_SETTINGS, SETTINGS
from docs.tables import actions, flags
from tests.support.cli import PROJECT

_VARIABLE = re.compile(r"CMP_[A-Z_]*[A-Z]")


def _read() -> set[str]:
    """Return the variables that are named in the code, as texts of their own."""
    names = set()
    for file in (PROJECT / "cmp").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and _VARIABLE.fullmatch(str(node.value)):
                names.add(str(node.value))
    return names


def test_each_variable_has_a_row() -> None:
    rows = [setting.variable for group in SETTINGS.values() for setting in group]

    assert len(rows) == len(set(rows))
    assert {*rows, *NOT_SETTINGS} == _read()


def test_a_secret_has_no_flag() -> None:
    settings = [setting for group in SETTINGS.values() for setting in group]

    for setting in settings:
        if "only a variable" in setting.meaning:
            assert setting.flag not in flags()


def test_each_default_of_a_flag_is_the_documented_one() -> None:
    """What ``--help`` says of a default stands in the table too."""
    rows = {setting.flag: setting.default for group in SETTINGS.values() for setting in group}
    for command in ("refresh", "mirror", "render"):
        for action in actions(command):
            said = re.search(r"default: ([^\s)]+)\)?$", action.help or "")
            for flag in action.option_strings:
                if said and flag in rows:
                    assert said[1].rstrip(")") in rows[flag], flag
