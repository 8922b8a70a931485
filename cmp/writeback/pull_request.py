"""Pull requests instead of pushes: the keys ``pull-request…``, and the branch that is asked from.

argocd-image-updater asks for them only in its custom resource (``gitConfig.pullRequest.github``,
``.gitlab`` and ``.labels``; docs/basics/update-methods.md), not in an annotation; the keys say
the same.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, Self

from cmp.core.keys import PULL_REQUEST, PULL_REQUEST_LABELS, nearest
from cmp.errors import InvalidPolicy, excerpt
from cmp.writeback.forges import FORGES
from cmp.writeback.git_branch import Branches, branch
from cmp.writeback.git_update import Update

_PREFIX = "image-cmp/"


class RequestState(StrEnum):
    """How the pull request of a change is."""

    OPEN = "open"
    """People may merge it."""
    DECLINED = "declined"
    """People closed it: it is not asked again until something else is wanted."""
    DONE = "done"
    """The base has all of it."""


class PullRequest(NamedTuple):
    """That a branch is not all: somebody is asked to merge it."""

    forge: str
    """A name in `FORGES`."""
    labels: tuple[str, ...] = ()

    @classmethod
    def parse(cls, keys: Mapping[str, str]) -> Self | None:
        """Read an Application's policy keys; None where it asks for none."""
        written = keys.get(PULL_REQUEST, "").strip()
        if not written:
            return None
        if written not in FORGES:
            known = ", ".join(sorted(FORGES))
            raise InvalidPolicy(
                f"no forge {excerpt(written)}; use one of: {known}{nearest(written, FORGES)}",
                where=PULL_REQUEST,
            )
        labels = (label.strip() for label in keys.get(PULL_REQUEST_LABELS, "").split(","))
        return cls(written, tuple(dict.fromkeys(label for label in labels if label)))


def asked_from(branches: Branches, update: Update) -> str:
    """Return the branch to write for a pull request: the Application's own, or what is written.

    Applications that name the same branch share a request. Another cluster's of the same name
    writes to another place, and so to another branch. Raises `InvalidPolicy` where it is the
    base itself.
    """
    own = "-".join(part for part in (f"{_PREFIX}{update.name}", update.target_key) if part)
    named = branches.written(update) or branch(own)
    if named == branches.base:
        raise InvalidPolicy(
            f"a pull request from {excerpt(named)} into itself; name another branch after the "
            "colon, or none",
            where="git-branch",
        )
    return named
