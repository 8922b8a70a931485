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
        pytest.param(
            Policy(deny_tags="*-rc*, sha-*"), ["1.2.3", "v1.2.3", "latest"], id="denied-by-globs"
        ),
        pytest.param(
            Policy(deny_tags="regexp:^v|rc"),
            ["1.2.3", "latest", "sha-0a1b2c3"],
            id="denied-by-an-expression",
        ),
        pytest.param(Policy(deny_tags="RegExp:a,b"), _TAGS, id="comma-in-the-expression"),
        pytest.param(
            Policy(allow_tags="regexp:^v?1", ignore_tags=("v*",), deny_tags="*-rc*"),
            ["1.2.3"],
            id="allowed-ignored-and-denied",
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
        pytest.param(Policy(deny_tags="a*,b*"), "b1", "denied by b*", id="denied-by-a-glob"),
        pytest.param(
            Policy(deny_tags="regexp:^b"), "b1", "denied by ^b", id="denied-by-an-expression"
        ),
        pytest.param(
            Policy(deny_tags="b*", ignore_tags=("b*",)),
            "b1",
            "denied by b*",
            id="denied-and-ignored",
        ),
        pytest.param(
            Policy(allow_tags="regexp:2", deny_tags="b*"),
            "b1",
            "not matched by allow-tags 2",
            id="neither-allowed-nor-denied",
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


@pytest.mark.parametrize(
    ("deny_tags", "complaint", "marked"),
    [
        pytest.param("regexp:(", "not an RE2 expression: '('", "(", id="expression"),
        pytest.param("regexp:^(?!v)", "RE2 has no lookaround", "(?!", id="lookahead"),
        pytest.param("a*, [b", "not a glob: '[b'; it would deny no tag", "[b", id="glob"),
    ],
)
def test_refuses_to_deny_nothing(deny_tags: str, complaint: str, marked: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        tag_filter(Policy(deny_tags=deny_tags))

    assert complaint in caught.value.message
    assert caught.value.where == "deny-tags"
    assert caught.value.mark is not None
    text, start, end = caught.value.mark
    assert text[start:end] == marked


_SHA = f"sha256-{'0a' * 32}"


@pytest.mark.parametrize("policy", [Policy(), Policy(allow_tags="regexp:.")], ids=["any", "regexp"])
@pytest.mark.parametrize(
    ("name", "is_image"),
    [
        pytest.param(f"{_SHA}.sig", False, id="cosign-signature"),
        pytest.param(f"{_SHA}.att", False, id="cosign-attestation"),
        pytest.param(f"{_SHA}.sbom", False, id="cosign-sbom"),
        pytest.param(_SHA, False, id="referrers-tag"),
        pytest.param("1.2.3.sig", False, id="signature-of-a-tag"),
        pytest.param(f"{_SHA[:-1]}", True, id="too-short-a-digest"),
        pytest.param("sha256-0a1b2c3", True, id="short-commit"),
        pytest.param("1.2.3-sig", True, id="no-dot"),
        pytest.param("sig", True, id="a-tag-of-that-name"),
        pytest.param("1.sig.2", True, id="not-at-the-end"),
    ],
)
def test_what_signing_leaves_is_never_a_candidate(
    policy: Policy, name: str, *, is_image: bool
) -> None:
    reason = "" if is_image else "a signature, an attestation or the like"

    assert tag_filter(policy)(name) == reason


def test_every_malformed_glob_is_told() -> None:
    policy = Policy(ignore_tags=("v*", "[", "a\\"))

    assert malformed_globs(policy) == (
        "ignore-tags: '[' is not a valid pattern, so it matches no tag",
        "ignore-tags: 'a\\' is not a valid pattern, so it matches no tag",
    )


def test_a_hostile_expression_takes_no_longer() -> None:
    """With backtracking, either would take longer than the universe has."""
    why_not = tag_filter(Policy(allow_tags="regexp:^(a|a|aa)+$", ignore_tags=("*a" * 40 + "*b",)))

    assert why_not("a" * 100) == ""
    assert why_not("a" * 100 + "c") == "not matched by allow-tags ^(a|a|aa)+$"
