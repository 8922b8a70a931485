"""``version`` and ``order``: what of a tag is compared, and how.

``version`` is an RE2 expression with named groups; a tag that it does not match is no
candidate. ``order`` names the groups, most significant first, each with the type it is read
as.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from cmp.core.keys import nearest
from cmp.core.patterns import Expression
from cmp.core.reasons import Reason
from cmp.core.versions.semver import sort_key
from cmp.errors import InvalidPolicy, quoted

Reader = Callable[[str], Any]
"""Returns what a group's text is ordered by, or None when it is none of its type."""


def _numeric(text: str) -> tuple[int, ...] | None:
    """Read dotted numbers of any length; ``1.2`` and ``1.2.0`` are equal."""
    parts = text.split(".")
    if not all(part.isascii() and part.isdecimal() for part in parts):
        return None
    numbers = [int(part) for part in parts]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _calver(text: str) -> tuple[int, ...] | None:
    """Read a date-like version (calver.org), ``2026.11.24-1`` or ``26.11``, by its numbers."""
    numbers = _numeric(re.sub(r"[-_]", ".", text))
    if numbers is None:
        return None
    year = numbers[0]
    return (year + 2000 if year < 100 else year, *numbers[1:])  # noqa: PLR2004 - a short year


def _integer(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


def _text(text: str) -> str:
    return text


def _date(form: str) -> Reader:
    """Return the reader of a date; raise ValueError for a form that reads none."""

    def read(text: str) -> datetime | None:
        try:
            found = datetime.strptime(text, form)  # noqa: DTZ007 - UTC where it has no zone
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, OverflowError):  # OverflowError: before the year 1 in UTC
            return None

    try:
        written = datetime(2000, 1, 1, tzinfo=UTC).strftime(form)
        datetime.strptime(written, form)  # noqa: DTZ007 - only to see whether it can be
    except re.error:  # Python's answer to one directive twice
        raise ValueError(form) from None
    return read


TYPES: Mapping[str, tuple[Reader, str]] = MappingProxyType(
    {
        "semver": (sort_key, "a semantic version"),
        "numeric": (_numeric, "dotted numbers"),
        "calver": (_calver, "a calendar version"),
        "integer": (_integer, "a whole number"),
        "text": (_text, "text"),
    }
)
_DATE = re.compile(r"date\((.+)\)")
DEFAULT_ORDER = (("version", "semver"), ("build", "integer"))


@dataclass(frozen=True, slots=True)
class SortKey:
    """One group of the expression and how it is read."""

    group: str
    position: int
    """Of the group, among the named ones of the expression."""
    type: str
    read: Reader
    what: str
    """Its type, in words."""


@dataclass(frozen=True, slots=True)
class Order:
    """A compiled ``version`` with its ``order``."""

    expression: Expression
    keys: tuple[SortKey, ...]

    @classmethod
    def of(cls, version: str, order: str, default: tuple[tuple[str, str], ...]) -> "Order":
        """Compile both; raise `InvalidPolicy` naming the one that is wrong.

        ``default`` is the order where none is written: those of its groups that there are.
        """
        expression = Expression.compile(version, where="version")
        if not expression.groups:
            raise InvalidPolicy(
                "the expression has no named group; name what is compared, as in "
                r"^(?P<version>\d+\.\d+)-alpine$",
                where="version",
            )
        entries = _entries(order, dict(default)) or [
            (*entry, 0) for entry in default if entry[0] in expression.groups
        ]
        if not entries:
            groups = ", ".join(expression.groups)
            raise InvalidPolicy(
                f"the groups of version are {groups}; say how they are compared, as in "
                f"{expression.groups[0]}:numeric",
                where="order",
            )
        return cls(expression, tuple(_sort_key(*entry, expression, order) for entry in entries))

    @property
    def main(self) -> int:
        """The position of the key that is the version itself: of that name, or the first."""
        return next((n for n, key in enumerate(self.keys) if key.group == "version"), 0)

    def extract(self, name: str) -> tuple[str, ...] | Reason:
        """Return the named groups of a tag, or why it is no candidate."""
        found = self.expression.groups_of(name)
        if found is None:
            return Reason(f"not matched by version {self.expression.text}", "version")
        return found

    def rank(self, name: str) -> tuple[Any, ...] | Reason:
        """Return what a tag is ordered by, one element a key, or why it is no candidate."""
        groups = self.extract(name)
        if isinstance(groups, Reason):
            return groups
        ranks = []
        for key in self.keys:
            text = groups[key.position]
            rank = key.read(text)
            if rank is None:
                return Reason(f"{key.group} {quoted(text)} is not {key.what}", "order")
            ranks.append(rank)
        return tuple(ranks)


def _entries(order: str, types: Mapping[str, str]) -> list[tuple[str, str, int]]:
    """Return each group with its type, and where in ``order`` it stands."""
    # A comma inside date(…) belongs to its form.
    entries = []
    for part in re.finditer(r"(?:[^,(]|\([^)]*\)?)+", order):
        group, colon, kind = part[0].strip().partition(":")
        if group or colon:
            group = group.strip()
            kind = kind.strip() if colon else types.get(group, "semver")
            start = part.start() + len(part[0]) - len(part[0].lstrip())
            entries.append((group, kind, start))
    return entries


def _sort_key(group: str, kind: str, start: int, expression: Expression, order: str) -> SortKey:
    if group not in expression.groups:
        raise InvalidPolicy(
            f"version has no group {group!r}; it has {', '.join(expression.groups)}"
            f"{nearest(group, expression.groups)}",
            where="order",
        ).marked(order, start, start + len(group))
    position = expression.groups.index(group)
    place = order.find(kind, start + len(group) + 1)
    if date := _DATE.fullmatch(kind):
        try:
            return SortKey(group, position, "date", _date(date[1]), f"a date as {date[1]}")
        except ValueError:
            raise InvalidPolicy(
                f"no date can be read as {date[1]!r}; write it for strptime, as in %Y%m%d",
                where="order",
            ).marked(order, place, place + len(kind)) from None
    if kind not in TYPES:
        raise InvalidPolicy(
            f"no type {kind!r}; use one of: {', '.join(TYPES)}, date(<strptime>)"
            f"{nearest(kind, TYPES)}",
            where="order",
        ).marked(order, place, place + len(kind))
    read, what = TYPES[kind]
    return SortKey(group, position, kind, read, what)
