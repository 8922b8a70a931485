"""A pass as two tables for a person: what became of the images, and how the registries did."""

from collections.abc import Iterator, Mapping

from cmp.core.aligned import aligned
from cmp.refresh.passes import Summary
from cmp.refresh.traffic import Counts

_IMAGES = ("APPLICATION", "IMAGE", "BEFORE", "NOW", "")
_REGISTRIES = ("REGISTRY", "REQUESTS", "UNCHANGED", "REFUSED", "UNANSWERED", "SLOWEST")


def table(summary: Summary, traffic: Mapping[str, Counts]) -> Iterator[str]:
    """Yield the lines."""
    if summary.rows:
        yield from aligned([_IMAGES, *summary.rows])
    if traffic:
        yield ""
        yield from aligned([_REGISTRIES, *(_row(name, c) for name, c in traffic.items())])
    if summary.problems:
        yield ""
        yield from (f"problem: {problem}" for problem in summary.problems)


def _row(name: str, counts: Counts) -> tuple[str, ...]:
    numbers = (counts.requests, counts.unchanged, counts.refused, counts.unanswered)
    return (name, *map(str, numbers), f"{counts.slowest_s * 1000:.0f} ms")
