"""An engine, its requests, and what became of them."""

import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from cmp.writeback.git_address import REMOTE, Address
from cmp.writeback.git_credential import ANONYMOUS, Credential
from cmp.writeback.git_edit import Edit, Place, Read, Request
from cmp.writeback.git_engine import GitEngine, Options
from cmp.writeback.git_login import Trust
from cmp.writeback.git_outcome import Outcome
from cmp.writeback.git_schedule import Limits
from cmp.writeback.git_update import Change, Update
from cmp.writeback.pull_request import PullRequest
from tests.support.cli import PATH
from tests.support.waiting import wait_for

QUICK = Limits(
    window_s=0.2,
    first_pause_s=0.01,
    longest_pause_s=0.1,
    first_retry_s=0.2,
    longest_retry_s=1.0,
)

CHANGE = Change("team/app", "app", "v1", "v2")


def line(path: str, tag: str) -> Edit:
    """Return an edit that sets ``tag: …`` in a file of one line, and makes it if need be."""

    def edit(read: Read) -> Mapping[str, bytes | None]:
        before = (read(path) or b"").splitlines(keepends=True)
        kept = [one for one in before if not one.startswith(b"tag: ")]
        return {path: b"".join([*kept, f"tag: {tag}\n".encode()])}

    return edit


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of processes that run in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(process.joinpath("cwd").readlink()).startswith(str(folder)):
                found.append(process.joinpath("cmdline").read_text())
        except OSError:
            continue
    return found


class Site:
    """An engine in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        url: str,
        *,
        credential: Credential = ANONYMOUS,
        trust: Trust | None = None,
        options: Options | None = None,
        env: Mapping[str, str] | None = None,
        pull_request: PullRequest | None = None,
    ) -> None:
        self.folder = folder / "cmp-git"
        self.url = url
        self.credential = credential
        self.trust = trust or Trust()
        self.pull_request = pull_request
        self.outcomes: list[Outcome] = []
        self._lock = threading.Lock()
        self.engine = GitEngine(
            str(folder),
            {"PATH": PATH, **(env or {})},
            options or Options(limits=QUICK),
            self._observe,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.engine.stop(grace_s=2)

    def place(self, base: str = "main", write: str = "", url: str = "") -> Place:
        address = Address.parse(url or self.url, {*REMOTE, "file"})
        return Place(address, base, write, self.credential, self.trust, self.pull_request)

    def submit(
        self,
        application: str,
        edit: Edit,
        *,
        base: str = "main",
        write: str = "",
        url: str = "",
        change: Change = CHANGE,
        explain: str = "",
        is_new: bool = True,
    ) -> None:
        update = Update(application, "argocd", (change,), explain=explain)
        self.engine.submit(Request(self.place(base, write, url), update, edit, is_new))

    def settle(self, within_s: float = 30) -> list[Outcome]:
        """Wait until nothing waits any more; return what became of it, and forget it."""
        wait_for("all is written", lambda: self.engine.waiting == 0, within_s=within_s)
        return self.take()

    def failure(self, within_s: float = 30) -> Outcome:
        """Wait until a request has failed; return how."""
        return wait_for(
            "a request fails",
            lambda: next((one for one in self.outcomes if one.error), None),
            within_s=within_s,
        )

    def take(self) -> list[Outcome]:
        with self._lock:
            taken, self.outcomes = self.outcomes, []
        return taken

    def _observe(self, outcome: Outcome) -> None:
        with self._lock:
            self.outcomes.append(outcome)
