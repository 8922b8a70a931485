"""Where pull requests are asked for: each forge is a file here and a line of the table."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from importlib import import_module
from types import MappingProxyType
from typing import NamedTuple, Protocol, cast

from cmp.errors import GitFailed, GitRefused
from cmp.writeback.git_address import Address
from cmp.writeback.git_credential import Credential
from cmp.writeback.git_login import Trust

__all__ = ["FORGES", "Access", "Duplicate", "Forge", "Found", "State", "Text", "opened"]

FORGES: Mapping[str, str] = MappingProxyType(
    {
        "github": "cmp.writeback.forges.github:Github",
        "gitlab": "cmp.writeback.forges.gitlab:Gitlab",
    }
)


class State(StrEnum):
    """What a forge says of a request."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


class Text(NamedTuple):
    """What a request says."""

    title: str
    body: str


class Found(NamedTuple):
    """A request of a branch of the repository itself; those of forks are nobody's here."""

    number: int
    url: str
    state: State
    head: str
    """The branch that is to be merged."""
    head_commit: str
    body: str


class Duplicate(GitFailed):
    """There is an open request of this branch already."""


class Forge(Protocol):
    """What is asked of a forge; all of it raises `GitFailed` or `GitRefused`."""

    name: str
    """As people write it."""
    rights: str
    """What a token needs."""

    def of_branch(self, head: str, base: str) -> Sequence[Found]:
        """Return the requests of a branch, open and not, the newest first, of many some."""

    def open_into(self, base: str) -> Iterator[Found]:
        """Yield all that are open into a branch."""

    def open(self, head: str, base: str, text: Text, labels: Sequence[str]) -> Found:
        """Open a request; raise `Duplicate` where there is one."""

    def update(self, number: int, text: Text) -> None:
        """Replace what a request says."""

    def close(self, number: int, body: str, comment: str) -> None:
        """Close a request without merging it, and say why; what it says becomes ``body``."""


class Access(NamedTuple):
    """Where a repository is, and as whom it is asked about."""

    address: Address
    credential: Credential
    trust: Trust

    @property
    def token(self) -> str:
        """What is shown to an API."""
        return self.credential.password or self.credential.bearer


@contextmanager
def opened(name: str, access: Access) -> Iterator[Forge]:
    """Give a forge; its connections end with the block. Nothing is sent before it is asked."""
    if access.address.scheme not in ("http", "https") or not access.token:
        raise GitRefused(
            "a pull request is asked for with a token: give the repository's HTTPS URL, and as "
            "password a token or a GitHub App",
            where=str(access.address),
        )
    module, _, kind = FORGES[name].partition(":")
    forge = getattr(import_module(module), kind)(access)
    with forge.api:
        yield cast("Forge", forge)
