"""What is measured, for Prometheus: one table, from which docs/metrics.md is written.

No label has as many values as there are Applications or tags.
"""

from typing import NamedTuple

PREFIX = "image_cmp_"
COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"
_LONG = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_LAG = (1, 2, 3, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_SHORT = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metric(NamedTuple):
    """One row: all that is ever said of a metric."""

    name: str
    """Without the prefix."""
    kind: str
    labels: tuple[str, ...]
    meaning: str
    buckets: tuple[float, ...] = ()


METRICS = (
    Metric("build_info", GAUGE, ("version",), "1, with the version that runs"),
    Metric("leader", GAUGE, (), "1 for the refresher that works, 0 for one that stands by"),
    Metric("applications", GAUGE, (), "Applications watched that have a policy"),
    Metric("repositories", GAUGE, (), "repositories that their policies name"),
    Metric(
        "images",
        GAUGE,
        ("outcome",),
        "images by what the last pass came to: `changed`, `kept`, `held`, `none` (no candidate), "
        "`undecided` (something did not answer), `invalid` (a policy that cannot be read)",
    ),
    Metric("changes_total", COUNTER, (), "decisions that chose another image than before"),
    Metric("passes_total", COUNTER, ("result",), "passes: `done`, `failed` (store or API server)"),
    Metric(
        "pass_duration_seconds",
        HISTOGRAM,
        ("kind",),
        "how long a pass took that was done: `whole`, or `part`, of what changed or was pushed",
        _LONG,
    ),
    Metric(
        "listings_total",
        COUNTER,
        ("cause",),
        "listings of a repository: on the `interval`, for a `change` of an Application, "
        "for a `push`",
    ),
    Metric(
        "registry_requests_total",
        COUNTER,
        ("registry", "outcome"),
        "requests to a registry of registries.conf: `ok`, `unchanged` (304), `missing` (404), "
        "`denied` (401, 403; a challenge too), `refused` (429, 503), `failed`, "
        "`unanswered`",
    ),
    Metric(
        "registry_request_duration_seconds",
        HISTOGRAM,
        ("registry",),
        "how long a registry took to answer",
        _SHORT,
    ),
    Metric("index_generation", GAUGE, (), "of the index that was published last"),
    Metric(
        "index_timestamp_seconds",
        GAUGE,
        (),
        "when the index was published last; its age is `time()` less this",
    ),
    Metric(
        "store_errors_total",
        COUNTER,
        ("store",),
        "times that the `index` or the `state` (ConfigMaps) could not be read or written",
    ),
    Metric("mirrors", GAUGE, (), "mirrors that live, when they were looked at last"),
    Metric(
        "mirror_lag_generations",
        GAUGE,
        ("pod",),
        "how many publications a mirror that lives was behind when we stopped waiting for it; "
        "more than 0 is late",
    ),
    Metric(
        "mirror_wait_seconds",
        HISTOGRAM,
        (),
        "how long the mirrors were waited for before Argo CD was told",
        _LONG,
    ),
    Metric(
        "steps_total",
        COUNTER,
        ("step", "result"),
        "what Argo CD was asked for: `hard_refresh`, `sync`, `refresh_and_sync`, `write_spec`; "
        "`done`, `conflict` (the Application was another by then), `failed`",
    ),
    Metric(
        "syncs_total",
        COUNTER,
        ("result",),
        "Applications of which a changed image was told to the end: `synced`, `unconfirmed` "
        "(Argo CD does not list the image), `failed`",
    ),
    Metric(
        "git_writes_total",
        COUNTER,
        ("result",),
        "Applications whose images were to be written to Git: `committed`, `unchanged` (they stood "
        "there), `changed_by_others` (a person put something else there, which stays), `failed` "
        "(tried again), `refused` (somebody has to change something)",
    ),
    Metric("git_waiting", GAUGE, (), "Applications that wait to be written to Git"),
    Metric("pending", GAUGE, (), "Applications that Argo CD is being told of, or that wait"),
    Metric(
        "lag_seconds",
        HISTOGRAM,
        ("since",),
        "until the sync was seen: since the `push` arrived, else since the `listing` began that "
        "found it; without those that waited for a person or a window",
        _LAG,
    ),
    Metric(
        "native_applications",
        GAUGE,
        ("state",),
        "Applications with an image-list that the plugin does not render: `current`, `pending` "
        "(another image is to be written, or would be), `left` (it is not updated: the log says "
        "why)",
    ),
    Metric(
        "native_updates_total",
        COUNTER,
        ("result",),
        "changes of their specs: `written`, `reported` (with `--native report`), `conflict` "
        "(tried again), `failed`",
    ),
    Metric(
        "webhook_deliveries_total",
        COUNTER,
        ("sender", "outcome"),
        "deliveries at /webhook by sender, `touch` for /touch: `accepted`, `nothing` (no push), "
        "`denied` (not the secret), `invalid`, `limited` (too many), `unavailable` (the store)",
    ),
)
