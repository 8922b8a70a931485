"""What Prometheus would read, by its own parser."""

from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


def samples(text: bytes | str) -> Iterator[Sample]:
    """Yield all samples of an answer."""
    written = text.decode() if isinstance(text, bytes) else text
    for family in text_string_to_metric_families(written):
        yield from family.samples


def sample(text: bytes | str, name: str, **labels: str) -> float:
    """Return the sum of a metric's values with these labels, whatever others they have."""
    return sum(
        one.value
        for one in samples(text)
        if one.name == name and labels.items() <= one.labels.items()
    )
