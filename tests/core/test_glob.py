import pytest
import re2

from cmp.core.glob import glob_to_re2


@pytest.mark.parametrize(
    ("glob", "matched", "other"),
    [
        pytest.param("1.2.3", ["1.2.3"], ["1.2.30", "v1.2.3", "1x2x3"], id="literal"),
        pytest.param("", [""], ["a"], id="empty"),
        pytest.param("*", ["", "a", "1.2-rc"], ["a/b"], id="star"),
        pytest.param("*-rc*", ["1-rc", "-rc.1"], ["1-RC", "rc"], id="stars"),
        pytest.param("**", ["", "ab"], ["a/b"], id="two-stars"),
        pytest.param("1.?", ["1.2", "1.x"], ["1.", "1.23", "1./"], id="question-mark"),
        pytest.param("[ab]1", ["a1", "b1"], ["c1", "ab1", "1"], id="class"),
        pytest.param("1.[2-4].*", ["1.2.0", "1.4.9"], ["1.5.0", "1.-.0"], id="range"),
        pytest.param("[^0-9]*", ["v1", "-"], ["1v", ""], id="negated"),
        pytest.param("[!a]", ["!", "a"], ["b"], id="exclamation-mark-negates-nothing"),
        pytest.param("[a^]", ["a", "^"], ["b"], id="caret-not-first"),
        pytest.param("[b-a]", [], ["a", "b", "-"], id="range-of-nothing"),
        pytest.param("[^b-a]", ["a", "b"], ["", "ab"], id="all-but-nothing"),
        pytest.param(r"[\]]", ["]"], ["\\"], id="escaped-bracket-in-class"),
        pytest.param(r"[\-z]", ["-", "z"], ["a", "\\"], id="escaped-dash-in-class"),
        pytest.param(r"\*", ["*"], ["a", "\\*"], id="escaped-star"),
        pytest.param("{a,b}", ["{a,b}"], ["a", "b"], id="braces-are-themselves"),
        pytest.param("a]", ["a]"], ["a"], id="bracket-closing-nothing"),
        pytest.param("1.2+b^$|()", ["1.2+b^$|()"], ["1.2b"], id="no-meaning-in-re2"),
        pytest.param("v[0-9]?", ["v1x", "v1\n"], ["v1"], id="newline"),
        pytest.param("*é[à-ü]", ["xéé"], ["xéa"], id="beyond-ascii"),
    ],
)
def test_matches_whole_names(glob: str, matched: list[str], other: list[str]) -> None:
    expression = glob_to_re2(glob)

    assert expression is not None
    assert [n for n in [*matched, *other] if re2.search(expression, n)] == matched


@pytest.mark.parametrize(
    "glob",
    [
        pytest.param("[", id="class-not-begun"),
        pytest.param("[a", id="class-not-closed"),
        pytest.param("[]", id="class-empty"),
        pytest.param("[]a]", id="bracket-first-in-class"),
        pytest.param("[^]", id="negated-class-empty"),
        pytest.param("[a-]", id="range-without-end"),
        pytest.param("[-a]", id="range-without-begin"),
        pytest.param("[a-b", id="range-not-closed"),
        pytest.param("a\\", id="escape-of-nothing"),
        pytest.param("[\\", id="escape-of-nothing-in-class"),
        pytest.param("*[", id="malformed-after-a-star"),
    ],
)
def test_malformed(glob: str) -> None:
    assert glob_to_re2(glob) is None
