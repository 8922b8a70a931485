"""COMMAND  Keeps a directory as the store is, beside the plugin that renders from it.

Of all that runs in the repo-server's Pod only this has a connection and a password; the
plugin reads files.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from cmp.backoff import pause_s
from cmp.errors import CmpError, InvalidInput
from cmp.index import Acknowledged
from cmp.index.copied import Copy
from cmp.index.json_document import READABLE
from cmp.settings import setting

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from cmp.index.protocols import Published

log = logging.getLogger(__name__)

_EVERY_S = 0.5
_ACKNOWLEDGED_EVERY_S = 3.0
_LONGEST_PAUSE_S = 5.0
_OFF = "off"


def configure(parser: "ArgumentParser") -> None:
    """Declare the command's arguments."""
    parser.add_argument("--store", metavar="URL", help="what is copied: redis:// or rediss://")
    parser.add_argument("--to", metavar="DIR", help="the directory that render reads")
    parser.add_argument("--pod", metavar="NAME", help="who acknowledges (default: the host's name)")
    parser.add_argument(
        "--tools",
        metavar="TEXT",
        help="what renders in this Pod, so that an upgrade is noticed; off: nothing is said "
        "(default: the versions of helm and kustomize on PATH, and our own)",
    )
    parser.add_argument("--once", action="store_true", help="copy once, and end")


def main(args: "Namespace", env: Mapping[str, str], _: datetime) -> int:
    """Copy until a signal ends it."""
    from cmp import log as logs
    from cmp.index.file import FileIndex

    logs.setup("info")
    url, folder = setting(args.store, env, "CMP_STORE"), setting(args.to, env, "CMP_TO")
    if not url.startswith(("redis://", "rediss://")):
        raise InvalidInput(
            f"{url!r} is nothing a mirror is needed for; name a store: --store redis://host:6379/0",
            where="CMP_STORE",
        )
    if not folder:
        raise InvalidInput("name the directory that render reads: --to DIR", where="CMP_TO")
    from cmp.index.redis import RedisIndex

    directory = FileIndex(f"file://{os.path.abspath(folder)}")
    store = RedisIndex(url, env)
    pod = setting(args.pod, env, "CMP_POD") or os.uname().nodename
    with directory.writing():
        mirror = Mirror(store, Copy(store, directory), pod, _tools(args, env))
        if args.once:
            mirror.step()
            return 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: mirror.stop())
        mirror.run()
    return 0


def _tools(args: "Namespace", env: Mapping[str, str]) -> "Callable[[], str]":
    """Return what says the versions; the tools are asked when there is a copy, and once."""
    given = setting(args.tools, env, "CMP_TOOLS")
    if given:
        return lambda: "" if given == _OFF else given

    @cache
    def found() -> str:
        from cmp.tool_versions import tool_versions

        return tool_versions(env)

    return found


class Mirror:
    """Copies and acknowledges, until it is told to stop."""

    def __init__(
        self, store: "Published", copy: Copy, pod: str, tools: "Callable[[], str]"
    ) -> None:
        """Acknowledge to ``store``, as ``pod``, what ``copy`` has, and what renders from it."""
        self._tools = tools
        self._store = store
        self._copy = copy
        self._pod = pod
        self._acknowledged: Acknowledged | None = None
        self._acknowledge_at_s = 0.0
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End `run`; may be called from a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Copy twice a second, and more rarely while that fails."""
        failures = 0
        while not self._stopping.is_set():
            try:
                self.step()
            except CmpError as error:
                failures += 1
                if failures == 1:  # the others are the same
                    log.warning("not mirrored", extra={"reason": error})
            else:
                if failures:
                    log.info("mirrored again", extra={"failures": failures})
                failures = 0
            self._stopping.wait(
                pause_s(failures, first_s=_EVERY_S, longest_s=_LONGEST_PAUSE_S)
                if failures
                else _EVERY_S
            )

    def step(self) -> None:
        """Copy what is new, and acknowledge what there is; raise `IndexUnavailable`."""
        try:
            self._copy.update()
        finally:
            self._acknowledge()

    def _acknowledge(self) -> None:
        manifest = self._copy.present()
        if manifest is None:
            return
        there = Acknowledged(
            self._pod, manifest.epoch, manifest.generation, READABLE, self._tools()
        )
        if there == self._acknowledged and time.monotonic() < self._acknowledge_at_s:
            return
        self._store.acknowledge(there)
        if there != self._acknowledged:
            log.info("mirrored", extra={"epoch": there.epoch, "generation": there.generation})
        self._acknowledged = there
        self._acknowledge_at_s = time.monotonic() + _ACKNOWLEDGED_EVERY_S
