"""What we read ourselves, against the Go libraries that read it elsewhere."""

import re
from itertools import product

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cmp.core.envsubst import envsubst
from cmp.core.filters import tag_filter
from cmp.core.glob import glob_to_re2
from cmp.core.image import Image
from cmp.core.policy import Policy
from cmp.core.versions.constraint import Constraint
from cmp.core.versions.semver import SortKey, sort_key
from cmp.errors import InvalidImage, InvalidPolicy
from tests.support.oracle import Oracle

pytestmark = pytest.mark.tools


def words(*choices: str) -> st.SearchStrategy[str]:
    """One of these; shrinks towards the first."""
    return st.sampled_from(choices)


def joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map("".join)


def mostly(usual: st.SearchStrategy[str], *odd: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Draw three usual ones for each odd one."""
    return st.sampled_from([usual] * 3 * len(odd) + [*odd]).flatmap(lambda chosen: chosen)


def separated(
    part: st.SearchStrategy[str], separator: str, *, at_least: int = 1, at_most: int = 3
) -> st.SearchStrategy[str]:
    return st.lists(part, min_size=at_least, max_size=at_most).map(separator.join)


# --- versions

_UINT64 = "18446744073709551615"
_TOO_LARGE = "18446744073709551616"

_PRERELEASE = words(
    "", "", "", "", "-0", "-1", "-2", "-11", "-a", "-a.1", "-a.1.0", "-alpha.beta", "-beta.2",
    "-beta.11", "-rc1", "--", "--1", "-0a", "-00a", "-Z", "-x.7.z", f"-{_UINT64}", f"-{_TOO_LARGE}",
    "-99999999999999999999", "-01", "-a.00",
)  # fmt: skip
_BUILD = words("", "", "", "", "+a", "+01.b-c", "+", "+a+b")

_USUAL_VERSION = joined(
    words("", "v"),
    words("1", "0", "1.0", "1.0.0", "1.2", "1.2.3", "1.10.2", "01.2.03", "2", "2.0.1", "0.0.10"),
    _PRERELEASE,
    _BUILD,
)
_ODD_VERSION = joined(
    words("", "v", "V", "vv", "=", " ", "release-"),
    separated(words("1", "0", "10", "01", "007", _UINT64, _TOO_LARGE, ""), ".", at_most=5),
    _PRERELEASE,
    _BUILD,
    words("", " ", "\n", "_foo", ".", "-", "+", "-a_b", "-é", "-٣", "٣", "..1", "-a..b"),
)
_VERSION = mostly(_USUAL_VERSION, _ODD_VERSION, st.text("v01.-+xa", max_size=10))


def _compared(one: SortKey | None, other: SortKey | None) -> int | None:
    if one is None or other is None:
        return None
    return (one > other) - (one < other)


@settings(max_examples=300)
@given(texts=st.lists(_VERSION, min_size=2, max_size=8))
def test_versions_are_read_and_ordered_as_masterminds_does(
    oracle: Oracle, texts: list[str]
) -> None:
    keys = [sort_key(text) for text in texts]

    ours = [[_compared(one, other) for other in keys] for one in keys]

    assert ours == oracle.compare(texts)


# --- constraints

_VERSIONS = [
    f"{core}{prerelease}"
    for core in (
        "0.0.0", "0.0.1", "0.0.3", "0.1.0", "0.1.3", "0.2.0", "1.0.0", "1.0.1", "1.0.3", "1.1.0",
        "1.2.0", "1.2.3", "1.3.9", "1.10.0", "2.0.0", "2.1.3", "3.0.0", "10.0.0", f"{_UINT64}.0.1",
    )
    for prerelease in ("", "-0", "-1", "-a", "-a.1", "-rc1", "+a")
]  # fmt: skip
_KEYS = [sort_key(version) for version in _VERSIONS]

_SPACE = words("", "", " ", "  ", "\t")
_OPERATOR = words("", ">=", "<", "^", "~", "=", "!=", ">", "<=", "=>", "=<", "~>")
_ODD_OPERATOR = words("==", "><", "!", ">>", "^^", "!>")
_USUAL_PARTIAL = words(
    "1", "1.2", "1.2.3", "0", "0.1", "0.0.3", "0.0", "0.0.0", "1.x", "1.2.*", "x", "*", "X.1.2",
    "1.*.3", "v1.2", "01.02", "2", "2.1", "3", "10", "1-0", "1.2-a", "1.2.3-a.1", "x-0", "1.x-a",
    "1.2.x-0", "0-0", "1.2.3+a", "2.1.3-1+b", "1.2.3-0",
)  # fmt: skip
_ODD_PARTIAL = joined(
    words("", "v", "V", "vv"),
    separated(
        words("1", "0", "x", "*", "1x", "|", "1|2", "**", "xX", _UINT64, _TOO_LARGE, ""), "."
    ),
    words("", "", "-0", "-01", "-", "-a..b", "-a_b", "-1-", f"-{_TOO_LARGE}", "+", "+a", ".4"),
)
_PARTIAL = mostly(_USUAL_PARTIAL, _ODD_PARTIAL)
_USUAL_TERM = joined(_OPERATOR, _SPACE, _USUAL_PARTIAL)
_TERM = joined(_OPERATOR | _ODD_OPERATOR, _SPACE, _PARTIAL)
_HYPHEN = words(" - ", "  -  ", "\t- ")
_USUAL_RANGE = joined(_USUAL_PARTIAL, _HYPHEN, _USUAL_PARTIAL)
_RANGE = joined(_PARTIAL, _HYPHEN | words(" -", "- ", "-", " - >", " -- "), _PARTIAL)
_AND = words(" ", ",", ", ", " , ", "  ", "\t")
_USUAL_GROUP = (
    _USUAL_TERM
    | joined(_USUAL_TERM, _AND, _USUAL_TERM, _SPACE)
    | joined(_SPACE, _USUAL_RANGE, _AND, _USUAL_TERM)
    | joined(_USUAL_TERM, words(",", ", "), _USUAL_RANGE)
)
_GROUP = joined(_SPACE, _TERM | _RANGE, _AND | words(",,", "", " ,,"), _TERM | _RANGE)
_CONSTRAINT = mostly(
    _USUAL_GROUP | joined(_USUAL_GROUP, words("||", " || ", "|| "), _USUAL_GROUP),
    joined(_USUAL_GROUP | _GROUP, words("||", "|", "|||", "||||", "|| ||"), _USUAL_GROUP | _GROUP),
    joined(_USUAL_GROUP | _GROUP, words("", ",", " ", "\n", "||")),
    st.text("1.x* |-,<>=~^v", max_size=12),
)

# Masterminds' rewriting of `a - b` takes the space before it, so that in `1.0 1.2 - 1.4` the
# two terms become one word and an error. For us they are two terms, as anywhere else.
_TERM_BEFORE_RANGE = re.compile(r"[^\s,|]\s+v?[0-9xX*|][^\s,]*\s+-\s")


def _allowed(constraint: str) -> list[bool | None] | None:
    try:
        parsed = Constraint.parse(constraint)
    except InvalidPolicy:
        return None
    return [None if key is None else parsed.allows(key) for key in _KEYS]


@settings(max_examples=600)
@given(constraint=_CONSTRAINT)
@example(constraint="1.0 || 1.2 - 1.4")
@example(constraint="1.0, 1.2 - 1.4")
def test_constraints_allow_what_they_do_in_masterminds(oracle: Oracle, constraint: str) -> None:
    assume(constraint and not _TERM_BEFORE_RANGE.search(constraint))

    assert _allowed(constraint) == oracle.allows(constraint, _VERSIONS)


# --- ignore-tags

_RUNE = words("a", "b", "z", "1", "-", "^", "]", "[", "\\", "*", "?", ".", "é", "{", "/")
_PLAIN = words("a", "b", "1", ".", "v", "-", "\\*", "\\[", "\\]", "\\\\", "\\-", "\\a", "^", "/")
_SPAN = joined(_PLAIN, st.just("-"), _PLAIN)
_USUAL_CLASS = joined(
    words("[", "[^", "[!"),
    separated(mostly(words("a", "b", "1", "v", "."), _SPAN), ""),
    st.just("]"),
)
_ODD_CLASS = joined(
    words("[", "[^"), separated(_RUNE | _SPAN, "", at_least=0), words("]", "]]", "")
)
_GLOB = separated(
    mostly(
        words("*", "?", "a", "1", ".", "v", "*", "]", "!") | _USUAL_CLASS, _PLAIN, _RUNE, _ODD_CLASS
    ),
    "",
    at_most=5,
)
# No slash: a tag has none. Where a negated class meets one, Go does not look at all the ways in
# which `*[^a]*` matches `b/`.
_CHARACTERS = "ab1.-^]v[\\!"
_NAMES = [
    "",
    *_CHARACTERS,
    *map("".join, product(_CHARACTERS, repeat=2)),
    *("aab", "1.1", "v1.", "1.a-b", "a.b.1", "vvv", "[a]", "a-b", "b1b1b", "bab\n"),
]


@settings(max_examples=600)
@given(glob=_GLOB)
def test_globs_match_what_filepath_match_does(oracle: Oracle, glob: str) -> None:
    why_not = tag_filter(Policy(ignore_tags=(glob,)))
    malformed = glob_to_re2(glob) is None

    ours = [bool(why_not(name)) for name in _NAMES]
    theirs = oracle.glob(glob, _NAMES)

    assert ours == [bool(matched) for matched in theirs]
    # Go need not find out that a pattern is malformed when the name fails before it.
    assert malformed or None not in theirs
    assert not malformed or True not in theirs


# --- allow-tags

_USUAL_ATOM = words(
    "a", "1", "v", ".", r"\.", r"\d", r"\w", r"\D", "-", "[0-9]", "[^a-z]", "[[:digit:]]", "^", "$",
    r"\b", "(?i)", "(?i:A)", "(?P<n>1)", "(a|1)", "|", r"\Q.\E", r"\pL", r"[\d.]", "(?:v)", "[A-Z]",
)  # fmt: skip
_ATOM = words(
    "a", "1", ".", r"\.", r"\d", r"\D", r"\w", r"\s", r"\b", "^", "$", "-", "[0-9]", "[^a-z]",
    "[[:digit:]]", "[[:^alpha:]]", r"\pL", r"\p{Greek}", r"\PN", r"\x41", r"\x{1F600}", r"\Q.\E",
    "[]a]", "[a", "[b-a]", "(?i)", "(?s)", "(?m)", "(?U)", "(?-s)", r"\A", r"\z", r"\Z", r"\1",
    r"\k<n>", r"\u0041", r"\h", r"\012", r"\8", "(?i:A)", "(?P<n>1)", "(?<n>1)", "(?P<n>a",
    "(?=a)", "(?!a)", "(?<=a)", "(?<!1)", "(?>a)", "(?#a)", "()", "(", ")", "|", "é", "\\",
)  # fmt: skip
_REPEAT = words("", "", "", "*", "+", "?", "*?", "++", "**", "{2}", "{1,2}", "{,2}", "{2,1}",
                "{1001}", "{2}{2}", "{", "{1,}?")  # fmt: skip
_USUAL_PIECE = joined(_USUAL_ATOM, words("", "", "", "*", "+", "?", "*?", "{2}", "{1,2}"))
_PIECE = mostly(_USUAL_PIECE, joined(_ATOM, _REPEAT))
_EXPRESSION = separated(
    _PIECE | joined(words("(", "(?:"), separated(_PIECE, ""), st.just(")"), _REPEAT),
    "",
    at_least=0,
    at_most=4,
)
_TAGS = [
    *map("".join, product("aA1._v-", repeat=2)),
    *("a", "1", "v", "1.2", "v1.0", "1.0-a", "aa11", "a.1.v", "A-1", "aaa", "111", "_", "--"),
]


@settings(max_examples=600)
@given(expression=_EXPRESSION)
def test_expressions_match_what_go_does(oracle: Oracle, expression: str) -> None:
    ours = None
    try:
        why_not = tag_filter(Policy(allow_tags=f"regexp:{expression}"))
        ours = [not why_not(tag) for tag in _TAGS]
    except InvalidPolicy:
        pass

    assert ours == oracle.search(expression, _TAGS)


# --- image references

_USUAL_COMPONENT = words("a", "app", "my-app", "a.b", "a_b", "a__b", "a--b", "1", "library", "x1")
_ODD_COMPONENT = words("a..b", "a___b", "a._b", "-a", "a-", "A", "a b", "", "localhost", "é")
_USUAL_HOST = words(
    "registry.test/", "", "localhost/", "reg:5000/", "registry.test:5000/", "docker.io/",
    "index.docker.io/", "Reg.Test/", "127.0.0.1:5000/", "[::1]/", "[::1]:5000/", "localhost:1/",
)  # fmt: skip
_ODD_HOST = words(
    "[fe80::1%25lo]/", "a..b/", "-a.b/", "a-.b/", "a_b.c/", "reg:/", ":5000/", "reg:5x/", "[a/", "/"
)
_REFERENCE = joined(
    mostly(_USUAL_HOST, _ODD_HOST),
    separated(mostly(_USUAL_COMPONENT, _ODD_COMPONENT), "/"),
    words("", "", "", ":1", ":v1_0-r", ":A", f":{128 * 'x'}", ":-a", ":", ":a b", f":{129 * 'x'}"),
    words("", "", "", f"@sha256:{64 * '0'}", f"@sha512:{128 * 'a'}", "@", "@sha256:a b"),
)


def _taken_apart(text: str) -> dict[str, str] | None:
    try:
        image = Image.parse(text)
    except InvalidImage:
        return None
    return {
        "domain": image.repository.host,
        "path": image.repository.path,
        "tag": image.tag or "",
        "digest": image.digest or "",
    }


# For distribution a first component in capitals is a host; nobody has one, so it is an error.
# It knows Docker Hub by two names, we by the third, that of its API, as well. And it takes
# `a_b.c/app` for a repository on no host at all.
_DEVIATES = re.compile(r"[^./:]*[A-Z][^./:]*/|registry-1\.docker\.io/")


@settings(max_examples=400)
@given(texts=st.lists(_REFERENCE, min_size=1, max_size=8))
def test_references_are_taken_apart_as_distribution_does(oracle: Oracle, texts: list[str]) -> None:
    texts = [text for text in texts if not _DEVIATES.match(text)]

    theirs = [found if found and found["domain"] else None for found in oracle.references(texts)]

    assert [_taken_apart(text) for text in texts] == theirs


# --- variables

_TEXT = separated(
    words("$", "{", "}", "$$", "${", "a", "A_1", "_", "1", "-", "*", "#", "@", "!", "?", " ", "é"),
    "",
    at_least=0,
    at_most=7,
)


class _Named(dict[str, str]):
    """Every variable is its name between brackets, as the oracle has it."""

    def get(self, name: str, _: object = None) -> str:
        return f"[{name}]"


@settings(max_examples=300)
@given(texts=st.lists(_TEXT, min_size=1, max_size=10))
def test_variables_are_substituted_as_os_expand_does(oracle: Oracle, texts: list[str]) -> None:
    assert [envsubst(text, _Named()) for text in texts] == oracle.expand(texts)
