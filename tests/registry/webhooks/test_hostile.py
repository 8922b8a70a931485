"""Whatever arrives: an answer, or `InvalidInput`, in a line that can be logged."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cmp.core.image import Image, Repository, is_tag
from cmp.errors import CmpError, InvalidInput
from cmp.registry.webhooks import SENDERS, Delivery, pushed
from tests.registry.webhooks.deliveries import KNOWN, NAMES, document, headers, sender, written

MIB = 1 << 20
QUICK_S = 5.0  # a MiB takes less than one; the machine may be busy

_TEXT = st.text(st.characters(), max_size=8) | st.sampled_from(
    ["", "\ud800", "\n", "a" * 5000, "../..", "host/x", "a.b/c:d@e", "sha256:0", "\x1b[31m", "%00"]
)
_SCALAR = st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | _TEXT
_JSON = st.recursive(
    _SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)
_HEADER = st.sampled_from(
    [
        "Content-Type",
        "X-GitHub-Event",
        "X-Gitea-Event",
        "X-Registry-Type",
        "ce-specversion",
        "ce-type",
        "ce-source",
        "ce-subject",
    ]
)
_HEADERS = st.dictionaries(
    _HEADER,
    _TEXT
    | st.sampled_from(
        [
            "package",
            "registry_package",
            "1.0",
            "x.image.pushed",
            "harbor.artifact.pushed",
            "com.amazon.ecr.image.push",
            "%E2%82%AC%C0",
            "application/cloudevents+json",
            "application/vnd.docker.distribution.events.v2+json",
            *SENDERS,
        ]
    ),
    max_size=3,
)
_QUERY = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from([*SENDERS, "other"]) | _TEXT,
        "registry_url": _TEXT | st.just("https://registry.example.com/"),
    },
)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all values in a document, its own among them."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(document, dict):
        inner = list(document.items())
    if isinstance(document, list):
        inner = list(enumerate(document))
    return [path, *(p for key, value in inner for p in places(value, (*path, key)))]


def mutated(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    within = document
    for key in path[:-1]:
        within = within[key]
    within[path[-1]] = value
    return document


def read(content: bytes, given: dict[str, str], query: dict[str, str]) -> None:
    """Read a delivery, and look at all that came of it."""
    try:
        told = pushed(Delivery.parse(content, given, query))
    except InvalidInput as error:
        lines = [str(error)]
    else:
        assert told.sender in SENDERS
        assert bool(told.images) != bool(told.why)
        assert len(set(told.images)) == len(told.images)
        for repository, tag in told.images:
            assert Repository.parse(str(repository)) == repository
            assert not tag or is_tag(tag)
        assert all(Image.parse(image) for image in written(told))
        lines = [told.why, *told.complaints]
    for line in lines:
        assert line.isprintable()
        assert len(line) < 6000  # what is wrong is said, not repeated


@settings(max_examples=500)
@given(said=_JSON, given=_HEADERS, query=_QUERY)
@example(said={"action": "x" * 2000}, given={}, query={"type": "acr"})
def test_any_json(said: Any, given: dict[str, str], query: dict[str, str]) -> None:
    read(json.dumps(said).encode(), given, query)


@settings(max_examples=500)
@given(content=st.binary(max_size=60), given=_HEADERS, query=_QUERY)
def test_any_bytes(content: bytes, given: dict[str, str], query: dict[str, str]) -> None:
    read(content, given, query)


@settings(max_examples=600)
@given(name=st.sampled_from(NAMES), data=st.data(), asked=st.sampled_from([(), ("type",)]))
def test_an_example_with_some_values_changed(
    name: str, data: st.DataObject, asked: tuple[str, ...]
) -> None:
    said = document(name)
    for _ in range(data.draw(st.integers(1, 3))):
        said = mutated(said, data.draw(st.sampled_from(places(said))), data.draw(_JSON))
    given = {**headers(name), **data.draw(_HEADERS)}

    read(json.dumps(said).encode(), given, dict.fromkeys(asked, sender(name)))


@pytest.mark.parametrize("name", KNOWN)
def test_an_example_with_each_value_of_each_wrong_type(name: str) -> None:
    wrong: tuple[Any, ...] = (
        None,
        True,
        0,
        10**400,
        1.5,
        "",
        "\ud800",
        "A B",
        [],
        [[]],
        {},
        {"a": {}},
    )
    for path in places(document(name)):
        for value in wrong:
            said = json.dumps(mutated(document(name), path, value)).encode()
            for query in ({}, {"type": sender(name)}):
                read(said, dict(headers(name)), query)


@pytest.mark.parametrize("name", KNOWN)
def test_a_changed_example_is_never_read_as_anothers(name: str) -> None:
    for path in places(document(name)):
        wrong: tuple[Any, ...] = (None, 0, "", "x.example.com/y", [], {})
        for value in wrong:
            said = json.dumps(mutated(document(name), path, value)).encode()
            try:
                told = pushed(Delivery.parse(said, headers(name), {}))
            except CmpError:
                continue
            assert told.sender == sender(name)


@pytest.mark.parametrize(
    ("who", "said"),
    [
        pytest.param("distribution", {"events": [{}] * (MIB // 4)}, id="events"),
        pytest.param(
            "quay.io",
            {"repository": "a/b", "updated_tags": [f"v{n}" for n in range(MIB // 10)]},
            id="tags",
        ),
        pytest.param("docker.io", {"repository": {"repo_name": "a-" * (MIB // 2)}}, id="name"),
        pytest.param(
            "docker.io",
            {"repository": {"repo_name": "a" + "-" * 1000 + "!"}, "push_data": {"tag": "a" * MIB}},
            id="dashes",
        ),
        pytest.param("artifact-registry", {"message": {"data": "W1tb" * (MIB // 4)}}, id="nested"),
        pytest.param(
            "cloudevents",
            {"specversion": "1.0", "type": "pull" * 250 + "image", "source": "urn:" * 250},
            id="type",
        ),
    ],
)
def test_a_mebibyte_is_quick(who: str, said: Any) -> None:
    content = json.dumps(said).encode()
    before = time.perf_counter()

    with suppress(InvalidInput):
        pushed(Delivery.parse(content, {}, {"type": who}))

    assert time.perf_counter() - before < QUICK_S
