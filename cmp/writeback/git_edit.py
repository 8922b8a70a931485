"""Edits of many Applications as one change of one commit's files."""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cmp.errors import CmpError, GitRefused, InvalidInput
from cmp.writeback.git_address import Address
from cmp.writeback.git_clone import Content
from cmp.writeback.git_credential import ANONYMOUS, Credential
from cmp.writeback.git_files import Absent, Files, checked
from cmp.writeback.git_login import Trust
from cmp.writeback.git_schedule import History, Limits
from cmp.writeback.git_update import Update
from cmp.writeback.pull_request import PullRequest

log = logging.getLogger(__name__)

_NEW = "100644"
_EXECUTABLE = "100755"

Read = Callable[[str], bytes | None]
"""Gives a file's content by its path from the repository's root; None where there is none."""
Edit = Callable[[Read], Mapping[str, bytes | None]]
"""A pure function: what files are to be (None: gone), from what they are.

It may be called several times, and lets `BaseException` pass. `CmpError` refuses the change.
"""


class Place(NamedTuple):
    """Where commits go, and as whom; what shares it shares a commit."""

    address: Address
    base: str
    """Empty for the branch that the remote's HEAD names."""
    write: str = ""
    """Another branch that is written; empty for the base itself."""
    credential: Credential = ANONYMOUS
    trust: Trust = Trust()
    pull_request: PullRequest | None = None
    """Ask for a merge of `write`, which is another branch than the base then."""


class Request(NamedTuple):
    """What one Application wants written."""

    place: Place
    update: Update
    edit: Edit
    is_new: bool = True
    """Else it was written before: a pull request that has ended is not asked for again."""


@dataclass(slots=True)
class Applied:
    """What requests make of a commit's files."""

    contents: dict[str, Content] = field(default_factory=dict)
    changing: list[Request] = field(default_factory=list)
    unchanged: list[Request] = field(default_factory=list)
    refused: list[tuple[Request, CmpError]] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    """Ids of files to be fetched; as long as there are some, the rest is not complete."""

    def digests(self) -> Mapping[str, str]:
        """Return path and digest of what is written."""
        return {path: _digest(made.content) for path, made in self.contents.items()}


def apply(
    files: Files, requests: Sequence[Request], history: History, limits: Limits, now_s: float
) -> Applied:
    """Apply the edits of all, each to what those before it made; one refused harms no other."""
    applied = Applied()
    for request in requests:
        try:
            made, present = _changes(files, request.edit, applied.contents)
            _refuse_loop(made, present, history, limits, now_s)
        except Absent as absent:
            applied.absent.append(absent.object_id)
        except CmpError as error:
            applied.refused.append((request, error))
        except Exception:
            log.exception("an edit failed", extra={"application": request.update.name})
            mistake = InvalidInput("the edit failed by a mistake of this program; see its log")
            applied.refused.append((request, mistake))
        else:
            applied.contents |= made
            (applied.changing if made else applied.unchanged).append(request)
    return applied


def _changes(
    files: Files, edit: Edit, before: Mapping[str, Content]
) -> tuple[Mapping[str, Content], Mapping[str, str]]:
    """Return what files become, and the digests of what they were."""

    def read(path: str) -> bytes | None:
        return before[path].content if path in before else files.read(path)

    made: dict[str, Content] = {}
    present: dict[str, str] = {}
    for path, content in edit(read).items():
        if (there := read(checked(path))) != content:
            present[path] = _digest(there)
            entry = files.entry(path)
            is_executable = entry is not None and entry.mode == _EXECUTABLE
            made[path] = Content(_EXECUTABLE if is_executable else _NEW, content)
    return made, present


def _refuse_loop(
    made: Mapping[str, Content],
    present: Mapping[str, str],
    history: History,
    limits: Limits,
    now_s: float,
) -> None:
    digests = {path: _digest(content.content) for path, content in made.items()}
    path = history.loops_at(digests, present, now_s, limits)
    if path:
        raise GitRefused(
            "this was written here before and has been replaced since: another writer, or a person "
            "who reverted it, wants otherwise; pin or hold the image, or stop the other. It is "
            f"not written again within {limits.loop_s / 60:g} minutes",
            where=path,
        )


def _digest(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()
