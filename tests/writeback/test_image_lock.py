"""The lock file of a plugin Application: the contract's text, and a person's own."""

from pathlib import Path

import pytest

from cmp.core.lock import Locked
from cmp.errors import InvalidInput
from cmp.lock_file import read_lock_file
from tests.support.targets import choice, written
from tests.support.values import DIGEST

CHOICES = [
    choice("guestbook", tag="v4"),
    choice("redis-master", "redis", tag="6.0.9", digest=DIGEST),
]
NEW = f"""\
# Written by argocd-image-cmp. The images of application guestbook; edit or revert to change them.
schema: 1
images:
  guestbook: v4
  redis-master: 6.0.9@{DIGEST}
"""


def test_a_new_file_is_that_of_the_contract(tmp_path: Path) -> None:
    found = written(None, CHOICES, source="plugin")

    assert found == NEW
    (tmp_path / ".image-lock-guestbook.yaml").write_text(found)
    assert read_lock_file(str(tmp_path), str(tmp_path), "guestbook").images == {
        "guestbook": Locked("v4", ""),
        "redis-master": Locked("6.0.9", DIGEST),
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(NEW, NEW, id="same"),
        pytest.param(NEW.replace("v4", "v3 # held"), NEW.replace("v4", "v4 # held"), id="tag"),
        pytest.param(
            "images:\n  redis-master: '5'\n  # mine\n  old: v1\n\n# end\nschema: 1\n",
            f"images:\n  redis-master: '6.0.9@{DIGEST}'\n  # mine\n  old: v1\n  guestbook: v4\n\n"
            "# end\nschema: 1\n",
            id="order-and-comments",
        ),
        pytest.param("# mine\n", f"# mine\n{NEW.partition(chr(10))[2]}", id="comment"),
        pytest.param("schema: 1\nimages: {}\n", None, id="braces"),
        pytest.param("schema: 1\nimages:\n", NEW.partition("\n")[2], id="no-images"),
    ],
)
def test_an_existing_file(before: str, after: str | None) -> None:
    braces = f'schema: 1\nimages: {{guestbook: v4, redis-master: "6.0.9@{DIGEST}"}}\n'

    assert written(before, CHOICES, source="plugin") == (after or braces)


def test_what_a_reader_would_take_for_something_else_is_quoted() -> None:
    found = written(
        None, [choice("1", tag="1.10"), choice("on", tag="", digest=DIGEST)], source="plugin"
    )

    assert found.endswith(f'images:\n  "1": "1.10"\n  "on": "@{DIGEST}"\n')


@pytest.mark.parametrize("schema", ["2", "[1]", "x"])
def test_another_schema_is_not_written_over(schema: str) -> None:
    with pytest.raises(InvalidInput, match="its schema"):
        written(f"schema: {schema}\nimages: {{}}\n", CHOICES, source="plugin")
