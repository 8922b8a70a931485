"""Every error this program raises on purpose.

CmpError
├── InvalidInput           someone has to change what they wrote
│   ├── InvalidImage
│   ├── InvalidPolicy
│   ├── InvalidApplication
│   ├── InvalidSource
│   └── RenderRefused      helm or kustomize does not accept the source
├── NoCandidate            `resolve` found no tag that qualifies
└── EdgeFailed             something outside this process did not answer as it should
    ├── IndexUnavailable
    │   └── IndexTorn
    ├── RegistryFailed
    │   ├── NotFound
    │   └── Refused
    ├── GitFailed
    │   └── GitRefused
    └── ToolFailed

A message is shown in Argo CD's UI: it names the input and the remedy, and never
carries a credential. Anything else that escapes is a bug and keeps its traceback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import ClassVar, Self


_LONGEST_EXCERPT = 40  # characters


def quoted(text: str) -> str:
    """Return ``text`` in quotes as it was written: an expression keeps its single backslashes."""
    return f"'{text}'" if text.isprintable() else repr(text)


def excerpt(value: str) -> str:
    """Return a value as far as it helps to find it: it may be a secret by mistake."""
    return (
        quoted(value) if len(value) <= _LONGEST_EXCERPT else f"{quoted(value[:_LONGEST_EXCERPT])}…"
    )


class CmpError(Exception):
    """Base of all: one line for a person, one exit status for the caller."""

    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.mark: tuple[str, int, int] | None = None
        """A text, and where in it the part that is wrong begins and ends."""

    def within(self, place: str) -> Self:
        """Return this error as seen from outside: ``place`` goes before where it happened."""
        self.where = f"{place}: {self.where}" if self.where else place
        return self

    def marked(self, text: str, start: int, end: int = 0) -> Self:
        """Return this error with the part of ``text`` that is wrong, unless one is marked."""
        if self.mark is None and start >= 0:
            self.mark = (text, start, max(end, start + 1))
        return self

    def explained(self) -> str:
        """Return what `str` does, with a line below that points at what is wrong."""
        if self.mark is None or "\n" in self.mark[0]:
            return str(self)
        text, start, end = self.mark
        caret = " " * start + "~" * (end - start - 1) + "^"
        return f"{self}\n    {text}\n    {caret}"

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class InvalidInput(CmpError):
    """Retrying cannot help: the owner has to change what they wrote."""

    exit_status = 2


class InvalidImage(InvalidInput):
    """A string that is not an image reference."""


class InvalidPolicy(InvalidInput):
    """A policy key whose value cannot be used."""


class InvalidApplication(InvalidInput):
    """An Application manifest, or what Argo CD passes of one, that cannot be used."""


class InvalidSource(InvalidInput):
    """An application source that cannot be rendered as it is."""


class RenderRefused(InvalidInput):
    """helm or kustomize ran and did not accept the source."""


class NoCandidate(CmpError):
    """No tag qualifies; only `resolve` makes that an error."""

    exit_status = 3


class EdgeFailed(CmpError):
    """Something outside did not answer as it should: trying again may help."""


class IndexUnavailable(EdgeFailed):
    """The index could not be read, or holds something that is not ours."""


class IndexTorn(IndexUnavailable):
    """A document of the index is not whole, or not ours."""


class RegistryFailed(EdgeFailed):
    """A registry did not answer as the distribution specification says."""


class NotFound(RegistryFailed):
    """The registry answered, and has no such repository or manifest."""


class Refused(RegistryFailed):
    """The registry answered, and does not give this to whom it was asked as."""


class GitFailed(EdgeFailed):
    """A Git repository, or what lies between, did not answer: later it may."""


class GitRefused(GitFailed):
    """A Git repository answered, and will refuse again until somebody changes something."""


class ToolFailed(EdgeFailed):
    """helm or kustomize could not be started, or was killed."""
