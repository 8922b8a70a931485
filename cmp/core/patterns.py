"""RE2 expressions: no pattern, however hostile, takes longer than a tag is long."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cmp.errors import InvalidPolicy


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; it is not anchored by itself."""

    text: str
    compiled: Any
    groups: tuple[str, ...]
    """The names of its groups, in their order."""

    @classmethod
    def compile(cls, text: str, *, where: str) -> "Expression":
        """Compile ``text``; raise `InvalidPolicy` with what RE2 says of it."""
        import re2

        options = re2.Options()
        options.log_errors = False
        try:
            compiled = re2.compile(text, options=options)
        except re2.error as error:
            reason = error.args[0].decode(errors="replace")
            part = reason.rpartition(": ")[2]  # RE2 ends with what it could not read
            start = text.find(part)
            raise InvalidPolicy(
                f"not an RE2 expression: {text!r}: {reason}; "
                "RE2 has no lookaround and no back-references",
                where=where,
            ).marked(text, start, start + len(part)) from None
        index: Mapping[str, int] = compiled.groupindex
        return cls(text, compiled, tuple(sorted(index, key=lambda name: index[name])))

    def matches(self, name: str) -> bool:
        """Tell whether it matches somewhere in ``name``."""
        return self.compiled.search(name) is not None

    def groups_of(self, name: str) -> Mapping[str, str] | None:
        """Return the text of each named group, empty where it took no part; None for no match."""
        found = self.compiled.search(name)
        if found is None:
            return None
        return {group: found.group(group) or "" for group in self.groups}
