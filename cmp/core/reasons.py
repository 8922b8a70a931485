"""Why a tag is no candidate: in words for a person, and the rule's name for a program."""

from typing import Self


class Reason(str):
    """The words; `rule` is the policy key that they come from, or `kind` or `tag`."""

    __slots__ = ("rule",)
    rule: str

    def __new__(cls, words: str, rule: str) -> Self:
        """Join both."""
        reason = super().__new__(cls, words)
        reason.rule = rule
        return reason


ADMITTED = Reason("", "")
"""No reason at all."""
