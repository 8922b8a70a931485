"""Where a table of the code stands in a document: between two comments that name it.

<!-- table: metrics -->
…
<!-- end -->
"""

import re
from pathlib import Path

from docs.tables import TABLES

PROJECT = Path(__file__).resolve().parent.parent
DOCUMENTS = (
    PROJECT / "README.md",
    PROJECT / "CONTRIBUTING.md",
    *sorted((PROJECT / "docs").glob("*.md")),
    *sorted(PROJECT.glob("*/README.md")),
)
_PLACE = re.compile(r"(?<=<!-- table: )([\w-]+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)


def name_of(document: Path) -> str:
    """Return how a document is called here: its path, for those of ``docs`` from there."""
    return str(document.relative_to(PROJECT)).removeprefix("docs/")


def rewritten(text: str) -> str:
    """Return a document's text with each of its tables as the code has it."""
    return _PLACE.sub(lambda found: f"{found[1]}{found[2]}{TABLES[found[1]]()}\n", text)


def tables_in(text: str) -> list[str]:
    """Return the names of the tables that a document has."""
    return [found[1] for found in _PLACE.finditer(text)]
