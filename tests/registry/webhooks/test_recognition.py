"""Whose a delivery is: one sender's, the one that the URL says, or nobody's."""

from collections.abc import Mapping

import pytest

from cmp.errors import InvalidInput
from cmp.registry.webhooks import SENDERS, Delivery, pushed, sender_of
from tests.registry.webhooks.deliveries import (
    KNOWN,
    body,
    delivery,
    document,
    headers,
    posted,
    sender,
    written,
)
from tests.support.cli import PROJECT

ALL = (
    "acr, aliyun-acr, artifact-registry, cloudevents, distribution, docker.io, ecr, ghcr.io, "
    "harbor, quay.io"
)


def complaint(given: Delivery) -> str:
    with pytest.raises(InvalidInput) as caught:
        pushed(given)
    return str(caught.value)


@pytest.mark.parametrize("name", KNOWN)
def test_it_is_its_own_senders(name: str) -> None:
    assert sender_of(delivery(name)).name == sender(name)


@pytest.mark.parametrize("name", KNOWN)
def test_it_has_the_shape_or_the_headers_of_no_other(name: str) -> None:
    given = delivery(name)

    found = {
        other.name
        for other in SENDERS.values()
        if other.has_shape(given.document) or other.marks(given.headers)
    }

    assert found == {sender(name)}


@pytest.mark.parametrize("name", KNOWN)
def test_the_url_cannot_make_it_anothers(name: str) -> None:
    own = sender(name)

    for other in SENDERS.keys() - {own}:
        told = complaint(delivery(name, type=other))
        assert told == f"the webhook's URL says {other}, and this is of {own}"


@pytest.mark.parametrize("name", ["like-docker-hub", "like-ghcr"])
def test_what_only_looks_like_it_is_nobodys(name: str) -> None:
    assert complaint(delivery(name)) == (
        f"it is of no sender that is known; known are {ALL}: "
        "?type=<name> in the webhook's URL says which it should be"
    )


def test_giteas_package_is_not_githubs_even_if_the_url_says_so() -> None:
    assert complaint(delivery("like-ghcr", type="ghcr.io")) == (
        "ghcr.io: not sent by GitHub: it has no X-GitHub-Event, or another's as well"
    )


@pytest.mark.parametrize("name", ["X-Registry-Type", "x-registry-type", "X-REGISTRY-TYPE"])
def test_a_header_says_the_sender_too(name: str) -> None:
    said = {"repository": {"namespace": "team", "name": "app"}, "push_data": {"tag": "v1"}}

    assert written(pushed(posted(said, {name: "docker.io"}))) == ["docker.io/team/app:v1"]
    assert complaint(posted(said)).startswith("it is of no sender that is known")


def test_the_url_comes_before_the_header() -> None:
    given = posted(document("quay-push"), {"X-Registry-Type": "harbor"}, type="quay.io")

    assert sender_of(given).name == "quay.io"


@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title])
def test_names_of_headers_have_no_case(spelling: type[str]) -> None:
    given = {spelling(name): value for name, value in headers("ghcr-package").items()}

    assert written(pushed(Delivery.parse(body("ghcr-package"), given, {})))


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        pytest.param("quay", "; did you mean 'quay.io'?", id="near"),
        pytest.param("gitlab-ci", "", id="far"),
        pytest.param("\ud800\n", "", id="not-printable"),
    ],
)
def test_a_name_that_is_not_known(said: str, hint: str) -> None:
    told = complaint(delivery("quay-push", type=said))

    assert told == f"no sender is called {said!r}; use one of: {ALL}{hint}"


def test_what_could_be_of_two_is_of_none() -> None:
    both = {**document("docker-hub"), **document("acr-push")}

    assert complaint(posted(both)) == (
        "it could be of acr, docker.io; say which in the webhook's URL: ?type=<name>"
    )
    assert sender_of(posted(both, type="acr")).name == "acr"
    assert complaint(posted(both, type="harbor")) == (
        "the webhook's URL says harbor, and this is of acr or docker.io"
    )


@pytest.mark.parametrize(
    ("data", "given"),
    [
        pytest.param("acr-push", "acr", id="acr"),
        pytest.param("artifact-registry", "artifact-registry", id="pub-sub"),
    ],
)
def test_a_cloud_event_in_binary_mode_is_one_whatever_it_holds(data: str, given: str) -> None:
    marked = {"Ce-Specversion": "1.0", "Ce-Type": "x.image.pushed", "Ce-Source": "a.example.com"}

    assert sender_of(posted(document(data), marked)).name == "cloudevents"
    assert sender_of(posted(document(data), marked, type=given)).name == given


@pytest.mark.parametrize(
    ("content", "given", "expected"),
    [
        pytest.param(b"", {}, "the body is not JSON", id="empty"),
        pytest.param(b"\xff", {}, "the body is not JSON", id="not-unicode"),
        pytest.param(b"[" * (1 << 20), {}, "the body is not JSON", id="deep"),
        pytest.param(b"1" * 10_000, {}, "the body is not JSON", id="huge-number"),
        pytest.param(
            b"payload=%7B%7D",
            {"Content-Type": "application/x-www-form-urlencoded"},
            "the body is a form, not JSON; choose the content type application/json in the "
            "webhook's settings",
            id="form",
        ),
    ],
)
def test_what_is_no_json(content: bytes, given: Mapping[str, str], expected: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Delivery.parse(content, given, {})

    assert str(caught.value) == expected


def test_a_sender_is_a_file() -> None:
    files = {file.stem for file in (PROJECT / "cmp/registry/webhooks").glob("[!_]*.py")}
    modules = {sender.read.__module__.rpartition(".")[2] for sender in SENDERS.values()}

    assert files == modules | {"base", "fields", "images", "proofs"}
