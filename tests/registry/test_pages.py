"""Tag lists in pages: complete, or an error."""

import pytest

from tests.registry.conftest import NOWHERE, TAGS, Connect, refusal
from tests.support import faults
from tests.support.faults import FaultyRegistry
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.tools

PAGE_2 = r"/tags/list\?.*last=v2"
PAGE_1 = "/tags/list$"


@pytest.mark.parametrize("absolute", [pytest.param(a, id=f"absolute-{a}") for a in (False, True)])
@pytest.mark.parametrize("size", [1, 2, 4, 5, 6])
def test_reads_every_page(
    registry: RegistryServer, connect: Connect, path: str, size: int, *, absolute: bool
) -> None:
    with FaultyRegistry(registry.url, page_size=size, absolute_links=absolute) as faulty:
        assert connect(faulty.url).tags(path).names == TAGS
        assert len(faulty.requests) == -(-len(TAGS) // size)


@pytest.mark.parametrize(
    ("where", "fault", "reason"),
    [
        pytest.param(PAGE_2, faults.failing(500), "HTTP 500 Internal Server Error", id="500"),
        pytest.param(PAGE_2, faults.failing(404), "HTTP 404 Not Found; check the", id="404"),
        pytest.param(PAGE_2, faults.failing(429), "HTTP 429 Too Many Requests", id="429"),
        pytest.param(PAGE_2, faults.failing(403), "HTTP 403 Forbidden without", id="403"),
        pytest.param(PAGE_2, faults.cut, "no answer: ProtocolError: Incomplete", id="cut"),
        pytest.param(PAGE_2, faults.saying(b"<html>"), "the answer is not JSON", id="html"),
        pytest.param(PAGE_2, faults.saying(b""), "the answer is not JSON", id="empty"),
        pytest.param(PAGE_2, faults.saying(b'"\xff"'), "the answer is not JSON", id="utf-8"),
        pytest.param(PAGE_1, faults.saying(b"[" * 99999), "the answer is not JSON", id="deep"),
        pytest.param(PAGE_2, faults.saying(b"[]"), "the answer is not a JSON object", id="list"),
        pytest.param(PAGE_2, faults.saying(b"{}"), "it lists None, not", id="no-name"),
        pytest.param(PAGE_2, faults.stating(name="x/y"), "it lists 'x/y', not", id="name"),
        pytest.param(PAGE_2, faults.stating(tags="v1"), "tags is not a list of names", id="tags"),
        pytest.param(PAGE_2, faults.stating(tags=[1]), "tags is not a list of names", id="tag"),
        pytest.param(
            r"last=v4",
            faults.linking('<?n=2&last=v2>; rel="next"'),
            "its pages lead round in a circle",
            id="loop",
        ),
        pytest.param(
            "last=v4",
            faults.linking('<>; rel="next"'),
            "its pages lead round in a circle",
            id="link-empty",
        ),
        pytest.param(
            PAGE_2,
            faults.linking(f"<{NOWHERE}/v2/x/tags/list>; rel=next"),
            "its next page is on another host: 127.0.0.1:1",
            id="other-host",
        ),
        pytest.param(
            PAGE_2,
            faults.linking("<//registry.test/v2/x/tags/list>; rel=next"),
            "its next page is on another host: registry.test",
            id="other-host-relative",
        ),
        pytest.param(
            PAGE_2,
            faults.linking('<http://[/>; rel="next"'),
            "the link to its next page cannot be read",
            id="link-no-url",
        ),
        pytest.param(
            PAGE_2,
            faults.linking('</v2/x?last=v4>; title="a=b"; rel="next"'),
            "the link to its next page cannot be read",
            id="link-parameters",
        ),
    ],
)
def test_a_listing_is_complete_or_an_error(
    registry: RegistryServer,
    connect: Connect,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    where: str,
    fault: faults.Fault,
    reason: str,
) -> None:
    monkeypatch.setattr("cmp.registry.transport._DEADLINE_S", 4.0)
    with FaultyRegistry(registry.url, page_size=2) as faulty:
        faulty.on("GET", where, fault)
        client = connect(faulty.url)

        said = refusal(lambda: client.tags(path))
        faulty.mend()

        assert said.startswith(f"registry tests: {reason}")
        assert f"{faulty.url}/v2/{path}/tags/list" in said
        assert client.tags(path).names == TAGS


def test_another_link_is_no_next_page(faulty: FaultyRegistry, connect: Connect, path: str) -> None:
    faulty.on("GET", "/tags/list", faults.linking('<?n=2>; rel="first"'))

    assert connect(faulty.url).tags(path).names == TAGS


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        pytest.param(None, (), id="null"),
        pytest.param([], (), id="none"),
        pytest.param(["v1", "v1"], ("v1",), id="twice"),
        pytest.param(["v1,image.name=evil", "../x", "a b", "", "é", "v2"], ("v2",), id="no-tags"),
    ],
)
def test_what_may_stand_in_a_list(
    faulty: FaultyRegistry, connect: Connect, path: str, tags: object, expected: tuple[str, ...]
) -> None:
    faulty.on("GET", "/tags/list", faults.stating(tags=tags))

    assert connect(faulty.url).tags(path).names == expected
