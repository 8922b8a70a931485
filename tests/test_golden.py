"""What render prints, to the byte: a folder of tests/cases/render is a case, and an example.

``application.yaml`` is the Application, ``source/`` its repository, ``index.yaml`` what the index
holds (tests/support/described.py). ``expected.yaml`` is what is printed, ``expected.notes`` what a
person is told beside it; or ``expected.error`` is the error. ``make golden`` writes them anew.
"""

import os
import shutil
from pathlib import Path

import pytest
import yaml

from cmp.core.application import parse_application
from cmp.settings import environment
from tests.support.cli import PROJECT, cmp
from tests.support.described import write_index

pytestmark = pytest.mark.tools

_CASES = PROJECT / "tests" / "cases" / "render"
_IS_TO_WRITE = environment().get("CMP_GOLDEN") == "write"


def _rendered(case: Path, folder: Path) -> dict[str, str]:
    """Return the files that should be in the case, with their texts."""
    application = parse_application(yaml.safe_load((case / "application.yaml").read_text()))
    described = yaml.safe_load((case / "index.yaml").read_text())
    write_index(folder / "index", described, application)
    repository = folder / "repository"
    shutil.copytree(case / "source", repository)
    arguments = ("--application", str(case / "application.yaml"), "--index", "file://../index")

    done = cmp("render", *arguments, cwd=repository)

    if done.returncode:
        assert done.stdout == ""
        return {"expected.error": f"status {done.returncode}\n{done.stderr}"}
    notes = {"expected.notes": done.stderr} if done.stderr else {}
    return {"expected.yaml": done.stdout, **notes}


@pytest.mark.parametrize("name", sorted(os.listdir(_CASES)))
def test_a_case_is_rendered_as_expected(
    name: str, tmp_path: Path, helm: Path, kustomize: Path
) -> None:
    case = _CASES / name
    rendered = _rendered(case, tmp_path)
    if _IS_TO_WRITE:
        assert environment().get("CI") != "true", (
            "what is expected is written by a person, not by CI"
        )
        for file in case.glob("expected.*"):
            file.unlink()
        for file_name, text in rendered.items():
            (case / file_name).write_text(text)

    assert {file.name: file.read_text() for file in case.glob("expected.*")} == rendered
