import pytest

from cmp.core.filters import malformed_globs, tag_filter
from cmp.core.policy import Policy
from cmp.errors import InvalidPolicy

_TAGS = ["1.2.3", "v1.2.3", "1.2.3-rc.1", "latest", "sha-0a1b2c3"]


@pytest.mark.parametrize(
    ("policy", "admitted"),
    [
        pytest.param(Policy(), _TAGS, id="none"),
        pytest.param(Policy(allow_tags="ANY"), _TAGS, id="any-in-capitals"),
        pytest.param(Policy(allow_tags="regexp:"), _TAGS, id="empty-expression"),
        pytest.param(
            Policy(allow_tags=r"regexp:^\d+\.\d+\.\d+$"), ["1.2.3"], id="anchored-expression"
        ),
        pytest.param(Policy(allow_tags="RegExp:rc"), ["1.2.3-rc.1"], id="searched-not-anchored"),
        pytest.param(Policy(allow_tags="regexp:(?i)^LATEST$"), ["latest"], id="flags"),
        pytest.param(Policy(allow_tags="regexp:^a:b$"), [], id="colon-in-expression"),
        pytest.param(
            Policy(ignore_tags=("*-rc*", "latest")),
            ["1.2.3", "v1.2.3", "sha-0a1b2c3"],
            id="ignored",
        ),
        pytest.param(Policy(ignore_tags=("LATEST", "rc", "[")), _TAGS, id="nothing-ignored"),
        pytest.param(
            Policy(allow_tags="regexp:^v?1", ignore_tags=("[", "*-rc*")),
            ["1.2.3", "v1.2.3"],
            id="allowed-and-ignored-and-malformed",
        ),
    ],
)
def test_admits(policy: Policy, admitted: list[str]) -> None:
    why_not = tag_filter(policy)

    assert [name for name in _TAGS if not why_not(name)] == admitted


@pytest.mark.parametrize(
    ("policy", "name", "reason"),
    [
        pytest.param(
            Policy(allow_tags="regexp:^v"), "1.0", "not matched by allow-tags ^v", id="not-allowed"
        ),
        pytest.param(
            Policy(ignore_tags=("a*", "b*")), "b1", "ignored by b*", id="second-of-two-globs"
        ),
        pytest.param(
            Policy(allow_tags="regexp:1", ignore_tags=("[", "a*", "b*")),
            "b1",
            "ignored by b*",
            id="after-a-malformed-glob",
        ),
        pytest.param(
            Policy(allow_tags="regexp:2", ignore_tags=("b*",)),
            "b1",
            "not matched by allow-tags 2",
            id="not-allowed-comes-first",
        ),
    ],
)
def test_says_why_not(policy: Policy, name: str, reason: str) -> None:
    assert tag_filter(policy)(name) == reason


@pytest.mark.parametrize(
    ("allow_tags", "complaint"),
    [
        pytest.param("^v", "not a tag filter: '^v'", id="no-function"),
        pytest.param("glob:v*", "not a tag filter: 'glob:v*'", id="unknown-function"),
        pytest.param("", "not a tag filter: ''", id="empty"),
        pytest.param("regexp:(", "not an RE2 expression: '('", id="open"),
        pytest.param("regexp:^(?!dev)", "RE2 has no lookaround", id="lookahead"),
        pytest.param(r"regexp:(a)\1", "RE2 has no lookaround", id="back-reference"),
        pytest.param("regexp:a{1001}", "not an RE2 expression: 'a{1001}'", id="too-many"),
        pytest.param(r"regexp:\pL{999}", "pattern too large", id="too-large"),
        pytest.param(r"regexp:(.{200}|\pL{200})", "too large together", id="too-large-as-a-set"),
    ],
)
def test_refuses(allow_tags: str, complaint: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        tag_filter(Policy(allow_tags=allow_tags))

    assert complaint in caught.value.message
    assert caught.value.where.startswith("allow-tags")


def test_every_malformed_glob_is_told() -> None:
    policy = Policy(ignore_tags=("v*", "[", "a\\"))

    assert malformed_globs(policy) == (
        "ignore-tags: '[' is not a valid pattern, so it matches no tag",
        "ignore-tags: 'a\\\\' is not a valid pattern, so it matches no tag",
    )


def test_a_hostile_expression_takes_no_longer() -> None:
    """With backtracking, either would take longer than the universe has."""
    why_not = tag_filter(Policy(allow_tags="regexp:^(a|a|aa)+$", ignore_tags=("*a" * 40 + "*b",)))

    assert why_not("a" * 100) == ""
    assert why_not("a" * 100 + "c") == "not matched by allow-tags ^(a|a|aa)+$"
