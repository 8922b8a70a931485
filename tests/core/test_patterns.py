"""RE2 expressions, and that none of them takes longer than a tag is long."""

from collections.abc import Mapping

import pytest

from cmp.core.decide import decide
from cmp.core.patterns import Expression
from cmp.core.policy import Policy
from cmp.errors import InvalidPolicy
from tests.support.values import REPOSITORY, snapshot


@pytest.mark.parametrize(
    ("text", "name", "groups"),
    [
        pytest.param(r"(?P<a>\d+)", "v12", {"a": "12"}, id="searched-not-anchored"),
        pytest.param(r"^(?P<a>\d+)$", "v12", None, id="anchored"),
        pytest.param(
            r"(?P<b>\d)(?P<a>\w)", "1x", {"b": "1", "a": "x"}, id="in-the-order-they-stand"
        ),
        pytest.param(r"(?P<a>\d)(?P<b>x)?", "1", {"a": "1", "b": ""}, id="no-part-is-empty"),
        pytest.param(r"(\d)(?P<a>x)", "1x", {"a": "x"}, id="unnamed-groups-are-none"),
        pytest.param(r"(?i)(?P<a>RC)", "1-rc", {"a": "rc"}, id="flags"),
        pytest.param(r"\d", "1", {}, id="no-groups"),
    ],
)
def test_the_groups_of_a_tag(text: str, name: str, groups: Mapping[str, str] | None) -> None:
    expression = Expression.compile(text, where="version")

    found = expression.groups_of(name)

    assert found == (None if groups is None else tuple(groups.values()))
    assert expression.matches(name) == (groups is not None)
    assert groups is None or expression.groups == tuple(groups)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        pytest.param("^(?!dev)", "(?!", id="look-ahead"),
        pytest.param("(?<=v)1", "(?<=", id="look-behind"),
        pytest.param(r"(a)\1", r"\1", id="back-reference"),
        pytest.param("v(?P<a>", "v(?P<a>", id="open-group"),
        pytest.param("v[a-", "[a-", id="open-class"),
        pytest.param("v*+**", "*+", id="repeated-repetition"),
        pytest.param("a{1001}", "{1001}", id="too-often"),
    ],
)
def test_refuses_what_re2_does_and_points_at_it(text: str, marked: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        Expression.compile(text, where="version")

    assert caught.value.message.startswith(f"not an RE2 expression: '{text}': ")
    assert caught.value.message.endswith("RE2 has no lookaround and no back-references")
    assert caught.value.where == "version"
    assert caught.value.mark is not None
    whole, start, end = caught.value.mark
    assert (whole, whole[start:end]) == (text, marked)


_HOSTILE = ("(a*)*$", "(a|a)*$", "(a|aa)+$", "(.*)(.*)(.*)(.*)[^a]$", "^(([a-z])+.)+[A-Z]([a-z])+$")


@pytest.mark.parametrize(
    "policy",
    [
        *(pytest.param(Policy("alphabetical", allow_tags=f"regexp:{t}"), id=t) for t in _HOSTILE),
        *(
            pytest.param(Policy("alphabetical", deny_tags=f"regexp:{t}"), id=f"deny-{t}")
            for t in _HOSTILE
        ),
        *(
            pytest.param(Policy("alphabetical", version=f"(?P<version>{t})"), id=f"version-{t}")
            for t in _HOSTILE
        ),
        *(
            pytest.param(Policy("digest", follow=t, digest="off"), id=f"follow-{t}")
            for t in _HOSTILE
        ),
        pytest.param(Policy("alphabetical", ignore_tags=("*a" * 60 + "*b",)), id="glob"),
        pytest.param(Policy("alphabetical", deny_tags="*a" * 60 + "*b"), id="deny-glob"),
    ],
)
def test_no_pattern_is_slow_on_ten_thousand_long_tags(policy: Policy) -> None:
    """With backtracking a single one of these tags would outlast the universe."""
    tags = [f"{'a' * 122}!{number:05}" for number in range(10_000)]

    decision = decide(policy, REPOSITORY, snapshot(*tags))

    assert {*decision.kept, *decision.dropped} == set(tags)


@pytest.mark.parametrize("kind", ["semver", "numeric", "calver", "integer", "text", "date(%Y%j%f)"])
def test_no_type_is_slow_on_ten_thousand_long_tags(kind: str) -> None:
    tags = [f"{'1.' * 61}1{number:05}" for number in range(10_000)]
    policy = Policy("alphabetical", version="^(?P<version>.*)$", order=f"version:{kind}")

    decision = decide(policy, REPOSITORY, snapshot(*tags))

    assert {*decision.kept, *decision.dropped} == set(tags)
