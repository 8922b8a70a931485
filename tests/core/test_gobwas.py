import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmp.core.gobwas import matches
from tests.support.oracle import Oracle


@pytest.mark.parametrize(
    ("glob", "matched", "other"),
    [
        pytest.param("guestbook", ["guestbook"], ["guestbooks", "my-guestbook"], id="literal"),
        pytest.param("", [""], ["a"], id="empty"),
        pytest.param("*", ["", "a", "a/b", "a\nb"], [], id="star-takes-a-slash"),
        pytest.param("**", ["", "a/b"], [], id="two-stars"),
        pytest.param("https://*", ["https://kubernetes.default.svc"], ["http://a"], id="server"),
        pytest.param("?", ["a", "/", "é"], ["", "ab"], id="question-mark"),
        pytest.param("[ab]", ["a", "b"], ["c", "ab", ""], id="set"),
        pytest.param("[!ab]", ["c", "/"], ["a", ""], id="negated-set"),
        pytest.param("[a-c]", ["a", "b", "c"], ["d", "-"], id="range"),
        pytest.param("[!a-c]", ["d", "-"], ["a", "b"], id="negated-range"),
        pytest.param("[^a]", ["^", "a"], ["b"], id="caret-negates-nothing"),
        pytest.param("[ab-d]", ["a", "b", "-", "d"], ["c"], id="dash-in-set"),
        pytest.param("[-a]", ["-", "a"], ["b"], id="dash-first-in-set"),
        pytest.param("[!-a]", ["!", "b"], ["-", "a"], id="dash-first-in-negated-set"),
        pytest.param("[A-]]", ["A", "Z", "]"], ["a", "-"], id="range-to-the-bracket"),
        pytest.param("[+--]", ["+", ",", "-"], ["."], id="range-to-the-dash"),
        pytest.param(r"[\]]", ["]"], ["\\", "\\]"], id="escaped-bracket-in-set"),
        pytest.param(r"[a\b]", ["a", "b"], ["\\"], id="escaped-letter-in-set"),
        pytest.param("{a,b}", ["a", "b"], ["", "{a,b}", "ab"], id="alternatives"),
        pytest.param("x{,a}", ["x", "xa"], ["x,"], id="empty-alternative"),
        pytest.param("{a*,b{c,d}}", ["a", "ax", "bc", "bd"], ["b"], id="nested-alternatives"),
        pytest.param("{[,}],x}", [",", "}", "x"], ["["], id="set-in-alternatives"),
        pytest.param("a,b", ["a,b"], ["a", "b"], id="comma-outside-of-braces"),
        pytest.param("a}b]", ["a}b]"], ["a"], id="closing-nothing"),
        pytest.param(r"\*\{", ["*{"], ["a{", r"\*\{"], id="escaped"),
        pytest.param("a.b+^$|()", ["a.b+^$|()"], ["axb"], id="no-meaning-in-re2"),
    ],
)
def test_matches_whole_texts(glob: str, matched: list[str], other: list[str]) -> None:
    assert [text for text in [*matched, *other] if matches(glob, text)] == matched


@pytest.mark.parametrize(
    ("glob", "texts"),
    [
        pytest.param("[", ["["], id="set-not-begun"),
        pytest.param("[a", ["a", "[a"], id="set-not-closed"),
        pytest.param("[]", ["", "[]"], id="set-empty"),
        pytest.param("[!]", ["", "!", "a"], id="negated-set-empty"),
        pytest.param("[]a]", ["]", "a", "[]a]"], id="bracket-first-in-set"),
        pytest.param("[c-a]", ["a", "b", "c"], id="range-of-nothing"),
        pytest.param("[a-]", ["a", "-"], id="range-without-end"),
        pytest.param("[a-cx]", ["a", "x"], id="range-and-more"),
        pytest.param("{a,b", ["a", "b", "{a,b"], id="brace-not-closed"),
        pytest.param("a\\", ["a", "a\\"], id="escape-of-nothing"),
        pytest.param("[\\]", ["\\", "]"], id="escape-of-the-bracket"),
    ],
)
def test_a_malformed_glob_matches_nothing(glob: str, texts: list[str]) -> None:
    assert not any(matches(glob, text) for text in texts)


_TEXTS = st.lists(st.text("ab-]!,{}\\/é", max_size=4), min_size=1, max_size=12)
_CLASS = st.sampled_from(
    ["[ab]", "[!a]", "[a-b]", "[!a-b]", "[b-a]", "[-a]", r"[\]]", "[]", "[!]", "[a-", "[A-]]"]
)
_GROUP = st.sampled_from(["{a,b}", "{,a}", "{a*,b}", "{[ab],-}", "{{a,b}-,}", "{a", r"{\,,\}}"])
_GLOB = st.lists(
    st.sampled_from("*?ab-]!,{}[\\/é") | _CLASS | _GROUP | st.just("*"), max_size=6
).map("".join)


@pytest.mark.tools
@settings(max_examples=600)
@given(glob=_GLOB, texts=_TEXTS)
def test_globs_match_what_gobwas_does(oracle: Oracle, glob: str, texts: list[str]) -> None:
    theirs = oracle.gobwas(glob, texts) or [False] * len(texts)

    assert [matches(glob, text) for text in texts] == theirs
