"""Measuring: the metrics of a refresher, told by whoever knows, read by Prometheus."""

from collections import Counter as Counts
from collections.abc import Iterable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from cmp import __version__
from cmp.index import Manifest
from cmp.refresh.metrics import COUNTER, GAUGE, METRICS, PREFIX
from cmp.refresh.passes import Summary
from cmp.registry.exchange import Exchange

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_OUTCOMES = {304: "unchanged", 401: "denied", 403: "denied", 404: "missing", 0: "unanswered"}


class Meter:
    """All metrics of one refresher, in a registry of their own; threads may tell it at once."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        disable_created_metrics()  # one more of each, that says when we were started
        self._registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        ProcessCollector(registry=self._registry)
        for metric in METRICS:
            name, labels = f"{PREFIX}{metric.name}", metric.labels
            said = metric.meaning.replace("`", "")
            if metric.kind == COUNTER:
                self._counters[metric.name] = Counter(name, said, labels, registry=self._registry)
            elif metric.kind == GAUGE:
                self._gauges[metric.name] = Gauge(name, said, labels, registry=self._registry)
            else:
                self._histograms[metric.name] = Histogram(
                    name, said, labels, buckets=metric.buckets, registry=self._registry
                )
        self.show("build_info", 1, version=__version__)

    def text(self) -> bytes:
        """Return all, as Prometheus reads it."""
        return generate_latest(self._registry)

    def count(self, name: str, times: float = 1, **labels: str) -> None:
        """Count something that happened."""
        counter = self._counters[name]
        (counter.labels(**labels) if labels else counter).inc(times)

    def show(self, name: str, value: float, **labels: str) -> None:
        """Say what something is now."""
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Say how long something took."""
        histogram = self._histograms[name]
        (histogram.labels(**labels) if labels else histogram).observe(value)

    def heard(self, exchange: Exchange) -> None:
        """Take in what a registry answered."""
        outcome = _OUTCOMES.get(exchange.status, "failed" if exchange.status >= 400 else "ok")  # noqa: PLR2004 - an error
        outcome = "refused" if exchange.is_refusal else outcome
        self.count("registry_requests_total", registry=exchange.registry, outcome=outcome)
        if exchange.status:
            self.observe(
                "registry_request_duration_seconds", exchange.time_s, registry=exchange.registry
            )

    def listed(self, causes: Iterable[str]) -> None:
        """Take in why repositories were listed."""
        for cause, times in Counts(causes).items():
            self.count("listings_total", times, cause=cause)

    def passed(self, summary: Summary, manifest: Manifest | None, kind: str, time_s: float) -> None:
        """Take in a pass that was done, and the manifest that it published."""
        self.count("passes_total", result="done")
        self.observe("pass_duration_seconds", time_s, kind=kind)
        self.count("changes_total", summary.changed)
        self.show("applications", summary.applications)
        self.show("repositories", summary.repositories)
        for outcome, images in summary.outcomes.items():
            self.show("images", images, outcome=outcome)
        if manifest:
            self.show("index_generation", manifest.generation)
            self.show("index_timestamp_seconds", manifest.time.timestamp())

    def mirrored(self, lags: Mapping[str, int]) -> None:
        """Take in how far each mirror that lives is behind; those that are gone are forgotten."""
        self.show("mirrors", len(lags))
        self._gauges["mirror_lag_generations"].clear()
        for pod, lag in lags.items():
            self.show("mirror_lag_generations", lag, pod=pod)
