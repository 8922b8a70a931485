"""``WWW-Authenticate`` as registries send it, and as anybody might."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cmp.registry.challenge import parse_challenges

HUB = (
    'Bearer realm="https://auth.docker.test/token",service="registry.docker.test",'
    'scope="repository:library/nginx:pull"'
)
LINE = 65536  # bytes; http.client reads no longer header
QUICK_S = 10


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("Basic", [("basic", {})], id="scheme-alone"),
        pytest.param('Basic realm="x"', [("basic", {"realm": "x"})], id="basic"),
        pytest.param("BASIC Realm=x", [("basic", {"realm": "x"})], id="case-of-names"),
        pytest.param('Basic realm="X y"', [("basic", {"realm": "X y"})], id="case-of-values"),
        pytest.param(
            HUB,
            [
                (
                    "bearer",
                    {
                        "realm": "https://auth.docker.test/token",
                        "service": "registry.docker.test",
                        "scope": "repository:library/nginx:pull",
                    },
                )
            ],
            id="docker-hub",
        ),
        pytest.param(
            'Bearer scope="repository:a/b:pull,push"',
            [("bearer", {"scope": "repository:a/b:pull,push"})],
            id="comma-in-quotes",
        ),
        pytest.param(
            'Basic realm = "x" ,  charset="UTF-8"',
            [("basic", {"realm": "x", "charset": "UTF-8"})],
            id="blanks",
        ),
        pytest.param(
            r'Basic realm="a \"b\" \\ c"', [("basic", {"realm": r'a "b" \ c'})], id="escapes"
        ),
        pytest.param(
            'Basic realm="x", Bearer realm="y",service="z"',
            [("basic", {"realm": "x"}), ("bearer", {"realm": "y", "service": "z"})],
            id="two",
        ),
        pytest.param(
            'Negotiate, Basic realm="x"',
            [("negotiate", {}), ("basic", {"realm": "x"})],
            id="two-first-without-parameters",
        ),
        pytest.param(
            'Basic realm="x", Negotiate',
            [("basic", {"realm": "x"}), ("negotiate", {})],
            id="two-last-without-parameters",
        ),
        pytest.param(
            ', ,Basic realm="x",, Bearer realm="y"',
            [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})],
            id="empty-elements",
        ),
        pytest.param('Basic realm="x', [("basic", {})], id="quotes-left-open"),
        pytest.param('realm="x"', [], id="no-scheme"),
        pytest.param("=,=;", [], id="garbage"),
    ],
)
def test_reads(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    found = [(c.scheme, dict(c.parameters)) for c in parse_challenges(header)]

    assert found == expected


@given(st.text(alphabet='aA=",\\ \t;:/-_%é\n', max_size=200))
def test_never_raises(header: str) -> None:
    for challenge in parse_challenges(header):
        assert challenge.scheme == challenge.scheme.lower() != ""


@given(
    st.sampled_from(["Bearer ", "Bearer a=b", 'Bearer a="', ""]), st.text(' ,="\\aé', min_size=1)
)
@example("Bearer a=b", " ")
@example("Bearer a=b", ",")
@example("Bearer ", "a")
@example("", "a ")
@example("", "a,")
@example("", 'a="')
@example('Bearer a="', "\\")
def test_is_quick_however_long(head: str, repeated: str) -> None:
    header = (head + repeated * (LINE // len(repeated.encode())))[: LINE - 1] + "!"
    before = time.perf_counter()

    parse_challenges(header)

    assert time.perf_counter() - before < QUICK_S
