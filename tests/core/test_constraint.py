import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.core.versions.constraint import Constraint
from cmp.core.versions.semver import sort_key
from cmp.errors import InvalidPolicy


@pytest.mark.parametrize(
    ("constraint", "allowed", "refused"),
    [
        pytest.param("", "1.0.0 0.0.1", "1.0.0-rc", id="empty"),
        pytest.param("*", "1.0.0 0.0.1", "1.0.0-rc", id="star"),
        pytest.param("*-0", "1.0.0 1.0.0-rc 0.0.0-0", "", id="star-with-prerelease"),
        pytest.param("1.2.3", "1.2.3 v1.2.3 1.2.3+b", "1.2.4 1.2.3-rc", id="exact"),
        pytest.param("=1.2.3", "1.2.3", "1.2.2", id="equals"),
        pytest.param("1.2", "1.2.0 1.2.9", "1.3.0 1.1.9", id="minor"),
        pytest.param("1.2.x", "1.2.0 1.2.9", "1.3.0", id="minor-x"),
        pytest.param("v1.X", "1.0.0 1.9.9", "2.0.0 0.9.0", id="major-x"),
        pytest.param("1.*.3", "1.0.0 1.9.9", "2.0.0", id="what-follows-x-is-lost"),
        pytest.param("01", "1.4.0", "2.0.0", id="leading-zero"),
        pytest.param("!=1.2.3", "1.2.4 1.2.2", "1.2.3", id="not"),
        pytest.param("!=1.2", "1.3.0 2.2.0", "1.2.0 1.2.9", id="not-minor"),
        pytest.param("!=1", "2.0.0 0.9.0", "1.0.0 1.9.9", id="not-major"),
        pytest.param("!=1.2.x-0", "1.2.3 1.2.3-1 1.3.0-0", "1.2.3-0", id="not-minor-prerelease"),
        pytest.param(">1.2.3", "1.2.4 2.0.0", "1.2.3 1.2.2", id="greater"),
        pytest.param(">1.2", "1.3.0 2.0.0", "1.2.0 1.2.9", id="greater-minor"),
        pytest.param(">1", "2.0.0", "1.0.0 1.9.9", id="greater-major"),
        pytest.param(">=1.2", "1.2.0 1.3.0", "1.1.9", id="at-least"),
        pytest.param("=>1.2", "1.2.0", "1.1.9", id="at-least-reversed"),
        pytest.param("<2", "1.9.9", "2.0.0 2.0.0-rc", id="less-major"),
        pytest.param("<1.2.3", "1.2.2", "1.2.3 1.2.2-rc", id="less"),
        pytest.param("<2-0", "1.9.9 1.9.9-rc", "2.0.0-0 2.0.0-rc 2.0.0", id="less-prerelease"),
        pytest.param("<=1.2.3", "1.2.3 1.2.2", "1.2.4", id="at-most"),
        pytest.param("<=1.2", "1.2.5 1.0.0 0.3.0", "1.3.0 2.1.0", id="at-most-minor"),
        pytest.param("=<1", "1.9.9 0.1.0", "2.0.0", id="at-most-major"),
        pytest.param("~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0", id="tilde"),
        pytest.param("~1.2", "1.2.0 1.2.9", "1.3.0", id="tilde-minor"),
        pytest.param("~>1", "1.0.0 1.9.9", "2.0.0", id="tilde-major"),
        pytest.param("~0.0.0", "0.0.0 7.7.7", "", id="tilde-zero-is-anything"),
        pytest.param("^1.2.3", "1.2.3 1.9.0", "1.2.2 2.0.0", id="caret"),
        pytest.param("^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0 1.0.0", id="caret-zero"),
        pytest.param("^0.0.3", "0.0.3", "0.0.2 0.0.4", id="caret-zero-zero"),
        pytest.param("^0.0", "0.0.0 0.0.9", "0.1.0", id="caret-zero-minor"),
        pytest.param("^0", "0.1.0 0.9.9", "1.0.0", id="caret-zero-major"),
        pytest.param("^1.0.0-rc1", "1.0.0-rc2 1.1.0-rc1 1.1.0", "1.0.0-beta1", id="caret-pre"),
        pytest.param(">=1.0.0-0 <2", "1.0.0-a 1.9.9-b", "2.0.0 2.0.1-a", id="group-takes-pre"),
        pytest.param(">=1 || >=2-0", "1.0.0 2.1.0-a", "1.1.0-a", id="other-group-does-not"),
        pytest.param(">=1.2 <1.4", "1.2.0 1.3.9", "1.1.0 1.4.0", id="space"),
        pytest.param(">=1.2, <1.4", "1.2.0 1.3.9", "1.1.0 1.4.0", id="comma"),
        pytest.param(">= 1.2,< 1.4", "1.2.0 1.3.9", "1.1.0 1.4.0", id="space-after-operator"),
        pytest.param(" >=1.2 , <1.4 ", "1.3.0", "1.4.0", id="spaces-around"),
        pytest.param("1.2 - 1.4", "1.2.0 1.4.9", "1.1.9 1.5.0", id="hyphen-range"),
        pytest.param("1.2-1.4", "1.2.0", "1.3.0", id="hyphen-without-spaces-is-a-prerelease"),
        pytest.param("1 - 2, !=1.5", "1.4.0 2.9.0", "1.5.3", id="range-and-term"),
        pytest.param("!=1.5, 1 - 2", "1.4.0 2.9.0", "1.5.3", id="term-comma-range"),
        pytest.param("!=1.5 1 - 2", "1.4.0 2.9.0", "1.5.3", id="term-space-range"),
        pytest.param("^1 || ^3", "1.5.0 3.1.0", "2.0.0 4.0.0", id="or"),
        pytest.param("^1||^3", "1.5.0 3.1.0", "2.0.0", id="or-without-spaces"),
        pytest.param("1 - 2 || 4 - 5", "2.9.0 5.1.0", "3.0.0", id="or-of-ranges"),
    ],
)
def test_allows(constraint: str, allowed: str, refused: str) -> None:
    allows = Constraint.parse(constraint).allows
    keys = {version: sort_key(version) for version in f"{allowed} {refused}".split()}

    assert [version for version, key in keys.items() if key and allows(key)] == allowed.split()


@pytest.mark.parametrize(
    "constraint",
    [
        pytest.param("latest", id="word"),
        pytest.param("^^1", id="two-operators"),
        pytest.param(">", id="operator-alone"),
        pytest.param("==1", id="double-equals"),
        pytest.param("1.2.3.4", id="four-parts"),
        pytest.param("V1", id="capital-v"),
        pytest.param("1 |", id="bar"),
        pytest.param("1||", id="empty-group"),
        pytest.param("||", id="empty-groups"),
        pytest.param("1,", id="comma-last"),
        pytest.param(",1", id="comma-first"),
        pytest.param("1,,2", id="two-commas"),
        pytest.param(">=1<2", id="no-separator"),
        pytest.param("1x", id="wildcard-in-part"),
        pytest.param("1-01", id="leading-zero-in-prerelease"),
        pytest.param("18446744073709551616", id="beyond-uint64"),
        pytest.param("1\u00a0<2", id="no-break-space"),
        pytest.param("1 - 2 - 3", id="range-of-three"),
        pytest.param("1 || " * 205 + "1", id="too-long"),
    ],
)
def test_refuses(constraint: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        Constraint.parse(constraint)

    assert caught.value.where == "constraint"


def test_the_complaint_names_the_group_and_the_ways_to_write_one() -> None:
    with pytest.raises(InvalidPolicy) as caught:
        Constraint.parse(">=1 || latest ")

    assert caught.value.message == (
        "not a version constraint: 'latest'; "
        "write a range such as 1.x, ~1.2, ^1, >=1.2 <2 or 1.2 - 1.4"
    )


@pytest.mark.parametrize(
    "constraint",
    [
        pytest.param("1" * 1023 + "!", id="digits"),
        pytest.param("1 " * 511 + "!", id="terms"),
        pytest.param("1-" * 511 + "!", id="dashes"),
        pytest.param(" " * 1023 + "!", id="spaces"),
        pytest.param("1 - " * 255 + "!", id="ranges"),
        pytest.param("1-a." * 255 + "!", id="identifiers"),
    ],
)
def test_no_text_takes_long(constraint: str) -> None:
    """Backtracking without bound would show as a test that never ends."""
    with pytest.raises(InvalidPolicy):
        Constraint.parse(constraint)


_VERSIONS = st.sampled_from(["1", "1.2", "v1.2.3", "0", "x", "1.x", "1.2.*", "2.0.0-rc.1", "*-0"])
_TERMS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^"]),
    st.sampled_from(["", " "]),
    _VERSIONS,
)
_GROUPS = st.one_of(
    st.lists(_TERMS, min_size=1, max_size=3).map(" ".join),
    st.lists(_TERMS, min_size=1, max_size=3).map(", ".join),
    st.builds("{} - {}".format, _VERSIONS, _VERSIONS),
)


@given(st.lists(_GROUPS, min_size=1, max_size=3).map(" || ".join))
def test_what_is_printed_is_parsed_to_the_same(text: str) -> None:
    constraint = Constraint.parse(text)

    assert Constraint.parse(str(constraint)) == constraint
    assert str(Constraint.parse(str(constraint))) == str(constraint)
