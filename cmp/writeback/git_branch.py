"""Which branch is read and which is written: the key ``git-branch``, and what may be a branch."""

import re
from typing import NamedTuple, Self

from cmp.errors import InvalidPolicy, excerpt
from cmp.writeback.git_update import Update
from cmp.writeback.go_template import Template

DEFAULT = ""
"""The branch that the remote's HEAD names."""
_LONGEST = 255  # as argocd-image-updater cuts them
_HEADS = "refs/heads/"
# git-check-ref-format(1), and no dash in front: none is to be read as an option.
_WRONG = re.compile(
    r"^-|^/|/$|//|\.\.|@\{|^@$|[\x00-\x20\x7f~^:?*\[\\]|(^|/)\.|\.lock(/|$)|\.$|^HEAD$"
)


def branch(name: str, *, where: str = "git-branch") -> str:
    """Return a branch's name; raise `InvalidPolicy` where git would not take it."""
    name = name.removeprefix(_HEADS)
    if not name or len(name) > _LONGEST or _WRONG.search(name):
        raise InvalidPolicy(
            f"not the name of a branch: {excerpt(name)}; write one as main or updates/app-1.2",
            where=where,
        )
    return name


class Branches(NamedTuple):
    """What ``git-branch`` says: ``base``, ``base:write template`` or ``:write template``."""

    base: str
    """`DEFAULT` for what the remote's HEAD names."""
    write: Template | None = None

    @classmethod
    def parse(cls, text: str, target_revision: str) -> Self:
        """Read the key's value; without a base it is the Application's target revision.

        Source: argocd-image-updater, docs/basics/update-methods.md.
        """
        base, colon, write = text.partition(":")
        if ":" in write:
            raise InvalidPolicy(
                f"more than one colon in {excerpt(text)}; write base:branch-to-write",
                where="git-branch",
            )
        if colon and not write:
            raise InvalidPolicy(
                f"no branch after the colon of {excerpt(text)}; name one, or leave the colon out",
                where="git-branch",
            )
        base = base or target_revision
        return cls(
            DEFAULT if base in ("", "HEAD") else branch(base),
            Template.parse(write) if write else None,
        )

    def written(self, update: Update) -> str:
        """Return the branch to write for an update; empty for the base itself."""
        if self.write is None:
            return ""
        return branch(self.write.render(update.branch_fields())[:_LONGEST])
