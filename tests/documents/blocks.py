"""The fenced blocks of all documents, and what in them differs from run to run."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from docs.written import DOCUMENTS, name_of

_FENCE = re.compile(r"^(#+) ([^\n]*)$|^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """One block, and where it stands."""

    document: str
    section: str
    language: str
    text: str
    number: int
    """Among the blocks of its document."""

    def __str__(self) -> str:
        return f"{self.document}-{self.number}-{self.language or 'plain'}"


def blocks() -> list[Block]:
    """Return all blocks of all documents."""
    return [
        block for document in DOCUMENTS for block in _of(name_of(document), document.read_text())
    ]


def _of(document: str, text: str) -> Iterator[Block]:
    section, number = "", 0
    for found in _FENCE.finditer(text):
        _, heading, language, content = found.groups()
        if heading is not None:
            section = heading
        else:
            number += 1
            yield Block(document, section, language, content, number)


def session(block: Block) -> list[tuple[str, str]]:
    """Return the commands of a ``console`` block, each with what it prints."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    return [(line, printed) for line, _, printed in (part.partition("\n") for part in parts)]


def is_as_written(written: str, found: str) -> bool:
    """Compare what a command printed with the document; ``…`` stands for anything."""
    pattern = ".*".join(map(re.escape, written.strip("\n").split("…")))
    return re.fullmatch(pattern, found.strip("\n"), re.DOTALL) is not None
