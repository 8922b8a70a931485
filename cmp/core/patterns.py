"""RE2 expressions: no pattern, however hostile, takes longer than a tag is long."""

from dataclasses import dataclass
from typing import Any

from cmp.errors import InvalidPolicy, quoted

_LONGEST = 2_000  # characters
_MOST_GROUPS = 30


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; it is not anchored by itself."""

    text: str
    compiled: Any
    groups: tuple[str, ...]
    """The names of its groups, in their order."""
    numbers: tuple[int, ...]
    """Of these groups, among all."""

    @classmethod
    def compile(cls, text: str, *, where: str) -> "Expression":
        """Compile ``text``; raise `InvalidPolicy` with what RE2 says of it."""
        import re2

        if len(text) > _LONGEST:
            raise InvalidPolicy(
                f"an expression of {len(text)} characters; write one of {_LONGEST} at the most",
                where=where,
            )
        options = re2.Options()
        options.log_errors = False
        try:
            compiled = re2.compile(text, options=options)
        except re2.error as error:
            reason = error.args[0].decode(errors="replace")
            part = reason.rpartition(": ")[2]  # RE2 ends with what it could not read
            start = text.find(part)
            raise InvalidPolicy(
                f"not an RE2 expression: {quoted(text)}: {reason}; "
                "RE2 has no lookaround and no back-references",
                where=where,
            ).marked(text, start, start + len(part)) from None
        if compiled.groups > _MOST_GROUPS:
            # Time is linear in the text, and in this too.
            raise InvalidPolicy(
                f"an expression with {compiled.groups} groups; write (?:…) for those without "
                f"a name, so that there are {_MOST_GROUPS} at the most",
                where=where,
            )
        index: dict[str, int] = compiled.groupindex
        names = sorted(index, key=lambda name: index[name])
        return cls(text, compiled, tuple(names), tuple(index[name] for name in names))

    def matches(self, name: str) -> bool:
        """Tell whether it matches somewhere in ``name``."""
        return self.compiled.search(name) is not None

    def groups_of(self, name: str) -> tuple[str, ...] | None:
        """Return the text of each named group, empty where it took no part; None for no match.

        The binding turns positions in bytes into such in characters, which takes longer than
        to match does; bytes are given to it, and cut, instead.
        """
        encoded = name.encode()
        found = self.compiled.search(encoded)
        if found is None:
            return None
        spans = [found.span(number) for number in self.numbers]
        return tuple([encoded[start:end].decode() if start >= 0 else "" for start, end in spans])
