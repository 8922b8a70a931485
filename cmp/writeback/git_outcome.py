"""What became of requests."""

from typing import NamedTuple

from cmp.errors import CmpError
from cmp.writeback.git_edit import Request
from cmp.writeback.git_schedule import Write
from cmp.writeback.pull_request import RequestState


class Outcome(NamedTuple):
    """What became of one request."""

    request: Request
    commit: str = ""
    """The commit that has it; empty where nothing was to be changed, or it was not."""
    branch: str = ""
    error: CmpError | None = None
    """Why it is not done; with a commit it is the pull request that is missing."""
    again_s: float | None = None
    """In how many seconds it is tried again; None for never: it is refused."""
    request_url: str = ""
    """The pull request that has it, where one is wanted."""
    request_state: RequestState | None = None


class Batch(NamedTuple):
    """What became of a batch."""

    outcomes: tuple[Outcome, ...]
    write: Write | None = None
    """What was pushed, for the history."""
    rejections: int = 0
    error: CmpError | None = None
    """Why the pull request is not as it should be, although what is above is done."""
