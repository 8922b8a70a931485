"""A stream of YAML as texts that are, one after another, the stream to the byte."""

from __future__ import annotations

import re
from itertools import pairwise

_SEPARATOR = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)


def split(text: str) -> list[str]:
    """Return the documents, each with the line that begins it; a byte order mark stands alone."""
    mark = ["\ufeff"] if text.startswith("\ufeff") else []
    body = text.removeprefix("\ufeff")
    starts = [found.start() for found in _SEPARATOR.finditer(body)]
    bounds = [0, *(start for start in starts if start), len(body)]
    return mark + [body[start:end] for start, end in pairwise(bounds)]
