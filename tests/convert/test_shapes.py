"""`convert` on Applications and ApplicationSets as people have them, there and back, to the byte.

A folder of tests/cases/convert is a shape: ``native.yaml`` becomes ``plugin.yaml``, with the notes
in ``notes.txt``, and that becomes the former again, or ``back.yaml`` where bytes are lost on the
way. ``make golden`` writes all but the first anew.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cmp.__main__ import main
from cmp.settings import environment
from tests.support.cli import PROJECT

CASES = PROJECT / "tests" / "cases" / "convert"
SHAPES = sorted(os.listdir(CASES))
_IS_TO_WRITE = environment().get("CMP_GOLDEN") == "write"


Convert = Callable[[Path, str], tuple[bytes, str]]


@pytest.fixture
def convert(capfdbinary: pytest.CaptureFixture[bytes]) -> Convert:
    def converted(file: Path, to: str) -> tuple[bytes, str]:
        status = main(["convert", str(file), "--to", to])
        output, notes = capfdbinary.readouterr()
        assert status == 0, notes
        return output, notes.decode()

    return converted


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_becomes_the_plugins_and_native_again(name: str, convert: Convert) -> None:
    case = CASES / name
    native = (case / "native.yaml").read_bytes()
    plugin, notes = convert(CASES / name / "native.yaml", "plugin")
    if _IS_TO_WRITE:
        (case / "plugin.yaml").write_bytes(plugin)
    back, _ = convert(CASES / name / "plugin.yaml", "native")
    found = {"plugin.yaml": plugin}
    if notes:
        found["notes.txt"] = notes.encode()
    if back != native:
        found["back.yaml"] = back
    if _IS_TO_WRITE:
        for other in {"back.yaml", "notes.txt"} & {file.name for file in case.iterdir()}:
            (case / other).unlink()
        for file, content in found.items():
            (case / file).write_bytes(content)

    assert {f.name: f.read_bytes() for f in case.iterdir() if f.name != "native.yaml"} == found


@pytest.mark.parametrize("name", [n for n in SHAPES if (CASES / n / "back.yaml").exists()])
def test_what_comes_back_otherwise_is_the_same_for_the_plugin(name: str, convert: Convert) -> None:
    """So that nothing is lost by going to and fro."""
    plugin, _ = convert(CASES / name / "back.yaml", "plugin")
    back, _ = convert(CASES / name / "back.yaml", "native")

    assert plugin == (CASES / name / "plugin.yaml").read_bytes()
    assert back == (CASES / name / "back.yaml").read_bytes()


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_converted_is_not_converted_again(name: str, convert: Convert) -> None:
    again, _ = convert(CASES / name / "plugin.yaml", "plugin")

    assert again == (CASES / name / "plugin.yaml").read_bytes()


def test_there_are_as_many_shapes_as_the_issue_asks_for() -> None:
    assert len(SHAPES) >= 20
