"""Rows as lines whose columns stand below each other."""

from collections.abc import Iterable, Iterator, Sequence


def aligned(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines; ``-`` stands for an empty cell, but for one in the last column."""
    lines = [
        [cell or "-" if n < len(row) - 1 else cell for n, cell in enumerate(row)] for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(f"{cell:<{w}}" for cell, w in zip(line, widths, strict=True)).rstrip()
