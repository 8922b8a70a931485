from datetime import timedelta
from typing import Any

import pytest

from cmp.refresh.events import event
from cmp.refresh.observed import parse_observed
from tests.refresh.manifests import NOW, application, observed


def made(reason: str = "ImageUpdated", message: str = "v1 → v2", **given: Any) -> dict[str, Any]:
    return event(observed(), reason, message, **{"key": "d-v2", "now": NOW, **given})


def test_an_event_is_of_the_application() -> None:
    found = made()

    assert found["metadata"]["namespace"] == "argocd"
    assert found["involvedObject"] == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "name": "guestbook",
        "namespace": "argocd",
        "uid": "u-1",
        "resourceVersion": "7",
    }
    assert (found["reason"], found["message"], found["count"]) == ("ImageUpdated", "v1 → v2", 1)
    assert found["firstTimestamp"] == found["lastTimestamp"] == "2026-11-24T12:00:00Z"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("ImageUpdated", "Normal"),
        ("ImageAvailable", "Normal"),
        ("ImageNotUpdated", "Warning"),
        ("ImageHeld", "Warning"),
    ],
)
def test_what_did_not_go_well_is_a_warning(reason: str, kind: str) -> None:
    assert made(reason)["type"] == kind


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        pytest.param(made(now=NOW + timedelta(hours=1)), True, id="later"),
        pytest.param(made(key="d-v3"), False, id="key"),
        pytest.param(made(message="v1 → v3"), False, id="message"),
        pytest.param(made("ImageAvailable"), False, id="reason"),
    ],
)
def test_its_name_follows_from_what_it_says(other: dict[str, Any], *, is_same: bool) -> None:
    name = made()["metadata"]["name"]

    assert name.startswith("guestbook.")
    assert (other["metadata"]["name"] == name) == is_same


def test_an_application_that_was_made_anew_has_events_of_its_own() -> None:
    manifest = application()
    manifest["metadata"]["uid"] = "u-2"
    app = parse_observed(manifest)
    assert app is not None

    other = event(app, "ImageUpdated", "v1 → v2", key="d-v2", now=NOW)

    assert other["metadata"]["name"] != made()["metadata"]["name"]


def test_the_longest_name_fits() -> None:
    manifest = application()
    manifest["metadata"]["name"] = "a" * 253
    app = parse_observed(manifest)
    assert app is not None

    found = event(app, "ImageUpdated", "", key="", now=NOW)

    assert len(found["metadata"]["name"]) == 247
    assert found["involvedObject"]["name"] == "a" * 253


@pytest.mark.parametrize(
    ("message", "cut"),
    [
        pytest.param("a" * 1000, "a" * 1000, id="fits"),
        pytest.param("a" * 1001, "a" * 1000, id="too-long"),
        pytest.param("a" + "→" * 400, "a" + "→" * 333, id="no-character-is-split"),
    ],
)
def test_a_message_has_as_many_bytes_as_are_taken(message: str, cut: str) -> None:
    assert made(message=message)["message"] == cut
