"""Which of Argo CD's operations are rollbacks, and what they brought back."""

from typing import Any

import pytest

from cmp.refresh.observed import Observed, parse_observed
from cmp.refresh.rollbacks import describe_rollback, in_vain, rolled_back
from cmp.refresh.wanted import Wanted
from tests.refresh.manifests import APP, NOW, SOURCE, application, operation, wanted

LOCKED = {
    **SOURCE,
    "plugin": {"name": "image-cmp", "parameters": [{"name": "image-lock", "map": {"app": "v1"}}]},
}
OTHER = {**SOURCE, "plugin": {"name": "image-cmp", "parameters": [{"name": "x", "string": "y"}]}}
AFTER = "2026-11-24T13:00:00Z"
V4 = wanted(f"{APP}:v4")
"""Decided at `NOW`, which is before `AFTER`."""


def seen(
    source: Any = LOCKED,
    *,
    started: str = AFTER,
    by: Any = None,
    more: Any = None,
    history: Any = (OTHER, SOURCE, OTHER),
    entries: Any = (),
    **given: Any,
) -> Observed:
    manifest = application(**given)
    state = manifest["status"]["operationState"]
    state["startedAt"] = started
    manifest["status"]["history"] = entries or [{"source": entry} for entry in history]
    initiator = {"username": "admin"} if by is None else by
    state["operation"] = {
        "sync": {"source": source, "revision": "abc"},
        "initiatedBy": initiator,
        **(more or {}),
    }
    found = parse_observed(manifest)
    assert found is not None
    return found


def test_what_it_brought_back_is_said_for_whoever_did_it() -> None:
    (found,) = rolled_back(seen(), V4, NOW).values()

    assert (found.tag, found.by, found.rejected and found.rejected.tag) == ("v1", "admin", "v4")
    assert describe_rollback(V4.images[0], found) == (
        f"{APP}:v4 → {APP}:v1: rolled back from v4 by admin: rolled back in Argo CD; it stays "
        "until there is a candidate newer than v4, or `python -m cmp release`"
    )


@pytest.mark.parametrize(
    ("app", "tag"),
    [
        pytest.param(seen(OTHER, synced=[f"{APP}:v2"]), "v2", id="by-what-was-synced"),
        pytest.param(seen(synced=[f"{APP}:v2"]), "v1", id="by-the-lock-before-all"),
        pytest.param(seen(OTHER, synced=[f"{APP}:v2", f"{APP}:v1"]), "", id="two-of-a-repository"),
        pytest.param(seen(OTHER, synced=[f"{APP}:v4"]), "", id="nothing-came-back"),
        pytest.param(seen(OTHER, synced=[]), "", id="nothing-was-synced"),
        pytest.param(seen(SOURCE), "", id="the-specs-source"),
        pytest.param(
            seen(OTHER, synced=[f"{APP}:v2"], history=[SOURCE, OTHER]),
            "",
            id="what-the-spec-was-then-for-the-first-time",
        ),
        pytest.param(
            seen(OTHER, synced=[f"{APP}:v2"], history=[OTHER, OTHER]),
            "",
            id="what-the-spec-was-then-and-before",
        ),
        pytest.param(seen(history=[SOURCE]), "v1", id="history-was-cut-off"),
        pytest.param(seen(more={"sync": {"source": LOCKED, "dryRun": True}}), "", id="only-tried"),
        pytest.param(
            seen({**SOURCE, "targetRevision": "", "helm": {}}), "", id="the-same-with-empty-fields"
        ),
        pytest.param(seen(phase="Failed"), "", id="it-failed"),
        pytest.param(seen(phase="Running"), "", id="it-runs"),
        pytest.param(seen(by={"automated": True}), "", id="Argo-CD-itself"),
        pytest.param(seen(more=operation("d-1")), "", id="ours"),
        pytest.param(
            seen(started="2026-11-24T12:00:00Z"), "", id="the-decision-came-with-it-or-after"
        ),
    ],
)
def test_only_what_a_person_brought_back_is_held(app: Observed, tag: str) -> None:
    found = rolled_back(app, V4, NOW)

    assert [told.tag for told in found.values()] == ([tag] if tag else [])


def test_what_a_person_said_to_us_is_not_said_again() -> None:
    (image,) = V4.images
    pinned = image._replace(decision=image.decision._replace(by="person"))

    assert rolled_back(seen(), Wanted((pinned,), "", {}), NOW) == {}


@pytest.mark.parametrize(
    ("source", "sync", "said"),
    [
        pytest.param(SOURCE, {"syncStrategy": {"apply": {}}, "revision": "a"}, True, id="rollback"),
        pytest.param(SOURCE, {"revision": "a"}, False, id="a-sync-at-a-revision"),
        pytest.param(SOURCE, {"syncStrategy": {"apply": {}}}, False, id="a-sync-without-hooks"),
        pytest.param(
            LOCKED, {"syncStrategy": {"apply": {}}, "revision": "a"}, False, id="of-another-source"
        ),
    ],
)
def test_a_rollback_that_brings_nothing_back_is_told_of(
    source: Any, sync: Any, *, said: bool
) -> None:
    history = [{"source": SOURCE, "revision": revision} for revision in ("a", "b", "a")]
    app = seen(source, more={"sync": {"source": source, **sync}}, entries=history)

    note = in_vain(app, V4)

    assert bool(note) is said
    assert not said or note.endswith("to go back: python -m cmp rollback argocd/guestbook")
