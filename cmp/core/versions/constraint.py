"""Version constraints, with the meaning Masterminds/semver v3.4.0 gives them.

``||`` separates groups of which one must hold; in a group, terms separated by a space or
a comma must all hold; ``1.2 - 1.4`` is ``>=1.2 <=1.4``. A missing or ``x`` part makes a
term a range. Prereleases qualify only in a group one of whose terms names a prerelease.

Read by hand rather than by one regular expression: an owner's text must not be able to
take longer than its length.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from cmp.core.versions.semver import SortKey, sort_key
from cmp.errors import InvalidPolicy

_LONGEST = 1024  # characters; no range anyone means is a tenth of it

_PART = r"[0-9xX*|]+"
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_PARTIAL = rf"v?{_PART}(?:\.{_PART})?(?:\.{_PART})?(?:-{_IDENTIFIERS})?(?:\+{_IDENTIFIERS})?"
_HYPHEN_RANGE = re.compile(rf"({_PARTIAL})\s+-\s+({_PARTIAL})\s*", re.ASCII)
_TERM = re.compile(
    r"(?P<operator>!=|>=|=>|<=|=<|~>|[=><~^])?\s*"
    rf"(?P<version>v?(?P<major>{_PART})(?:\.(?P<minor>{_PART}))?(?:\.(?P<patch>{_PART}))?"
    rf"(?P<prerelease>-{_IDENTIFIERS})?(?:\+{_IDENTIFIERS})?)\s*",
    re.ASCII,
)
_WILDCARDS = frozenset({"x", "X", "*"})


@dataclass(frozen=True, slots=True)
class _Term:
    """One comparison, with what the version in it is ordered by."""

    written: str
    """Without spaces."""
    holds: "_Holds"
    key: SortKey
    any_minor: bool
    any_patch: bool
    is_range: bool
    """Some part is a wildcard or missing."""


_Holds = Callable[[SortKey, _Term], bool]


@dataclass(frozen=True, slots=True)
class _Group:
    """Terms of which all must hold."""

    terms: tuple[_Term, ...]
    takes_prereleases: bool


@dataclass(frozen=True, slots=True)
class Constraint:
    """A parsed constraint; ask `allows`. Printed and parsed, it is the same."""

    groups: tuple[_Group, ...]

    def __str__(self) -> str:
        return " || ".join(" ".join(term.written for term in group.terms) for group in self.groups)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a constraint, empty meaning ``*``; raise `InvalidPolicy` with the part amiss."""
        if len(text) > _LONGEST:
            raise InvalidPolicy(f"longer than {_LONGEST} characters", where="constraint")
        ranged = _HYPHEN_RANGE.sub(r">= \1, <= \2 ", text or "*")
        return cls(tuple(_group(part) for part in ranged.split("||")))

    def allows(self, key: SortKey) -> bool:
        """Tell whether the version ordered by ``key`` satisfies the constraint."""
        for group in self.groups:
            if not key[3] and not group.takes_prereleases:
                continue
            for term in group.terms:
                if not term.holds(key, term):
                    break
            else:
                return True
        return False


def _group(text: str) -> _Group:
    terms: list[_Term] = []
    position = len(text) - len(text.lstrip())
    while True:
        match = _TERM.match(text, position)
        if match is None:
            raise _improper(text, position)
        terms.append(_term(match, text))
        position = match.end()
        if position == len(text):
            return _Group(tuple(terms), any(not term.key[3] for term in terms))
        if text[position] == ",":
            position += 1
            position += len(text[position:]) - len(text[position:].lstrip())
        elif not text[position - 1].isspace():
            raise _improper(text, position)


def _term(match: re.Match[str], text: str) -> _Term:
    major, minor, patch = match["major"], match["minor"], match["patch"]
    any_major = major in _WILDCARDS
    any_minor = not any_major and (minor is None or minor in _WILDCARDS)
    any_patch = not any_major and not any_minor and (patch is None or patch in _WILDCARDS)
    numbers = [
        "0" if any_major else major,
        "0" if any_major or any_minor else minor,
        "0" if any_major or any_minor or any_patch else patch,
    ]
    key = sort_key(".".join(numbers) + (match["prerelease"] or ""))
    if key is None:
        raise _improper(text, match.start(), match.end())
    operator = match["operator"] or ""
    return _Term(
        operator + match["version"],
        _HOLDS[operator],
        key,
        any_minor,
        any_patch,
        is_range=any_major or any_minor or any_patch,
    )


def _improper(text: str, start: int, end: int = 0) -> InvalidPolicy:
    return InvalidPolicy(
        f"not a version constraint: {text.strip()!r}; "
        "write a range such as 1.x, ~1.2, ^1, >=1.2 <2 or 1.2 - 1.4",
        where="constraint",
    ).marked(text, start, end)


def _equal(key: SortKey, term: _Term) -> bool:
    return _tilde(key, term) if term.is_range else key == term.key


def _not_equal(key: SortKey, term: _Term) -> bool:
    if not term.is_range or key[0] != term.key[0]:
        return key != term.key
    if term.any_minor:
        return False
    if term.any_patch and key[1] == term.key[1]:
        # Only the prerelease is compared then: `!=1.2.x-0` excludes 1.2.N-0 and no other.
        return key[3:] != term.key[3:]
    return key != term.key


def _greater(key: SortKey, term: _Term) -> bool:
    if key[0] != term.key[0] or not term.is_range:
        return key > term.key
    if term.any_minor:
        return False  # `>1` starts at 2.0.0
    if term.any_patch:
        return key[1] > term.key[1]  # `>1.2` starts at 1.3.0
    return key > term.key


def _less(key: SortKey, term: _Term) -> bool:
    return key < term.key


def _at_least(key: SortKey, term: _Term) -> bool:
    return key >= term.key


def _at_most(key: SortKey, term: _Term) -> bool:
    if not term.is_range:
        return key <= term.key
    if key[0] != term.key[0]:
        return key[0] < term.key[0]
    return term.any_minor or key[1] <= term.key[1]


def _tilde(key: SortKey, term: _Term) -> bool:
    if key < term.key:
        return False
    if not any(term.key[:3]) and not term.any_minor and not term.any_patch:
        return True  # `*`, and `~0.0.0`, which means the same
    return key[0] == term.key[0] and (term.any_minor or key[1] == term.key[1])


def _caret(key: SortKey, term: _Term) -> bool:
    if key < term.key:
        return False
    if term.key[0] > 0 or term.any_minor:
        return key[0] == term.key[0]
    if key[0] > 0:
        return False
    if term.key[1] > 0 or term.any_patch:
        return key[1] == term.key[1]
    return key[1] == 0 and key[2] == term.key[2]


_HOLDS: dict[str, _Holds] = {
    "": _equal,
    "=": _equal,
    "!=": _not_equal,
    ">": _greater,
    "<": _less,
    ">=": _at_least,
    "=>": _at_least,
    "<=": _at_most,
    "=<": _at_most,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}
