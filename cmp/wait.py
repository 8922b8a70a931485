"""COMMAND  Waits for the first complete index, and then becomes the command that is given.

A new repo-server's Pod renders nothing through the plugin before it could: Argo CD would take
the error, or Git's images, for what the Application is to be. Where the Pod is not ready before, an
end of waiting keeps an index that nobody completes from taking native Applications away too: the
plugin then begins, and renders nothing but an error that says so.
"""

import os
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from cmp.errors import EdgeFailed, IndexUnavailable, InvalidInput
from cmp.index import open_reader
from cmp.settings import DEFAULT_INDEX, setting

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from cmp.index.protocols import IndexReader

_EVERY_S = 0.5
_TOLD_EVERY_S = 30.0


def configure(parser: "ArgumentParser") -> None:
    """Declare the command's arguments."""
    from argparse import REMAINDER

    parser.add_argument("--index", metavar="URL", help=f"the index (default: {DEFAULT_INDEX})")
    parser.add_argument(
        "--wait-at-most",
        metavar="D",
        help="after that, begin without a complete index (default: never)",
    )
    parser.add_argument(
        "started", metavar="COMMAND", nargs=REMAINDER, help="what is started then; after --"
    )


def main(args: "Namespace", env: Mapping[str, str], _: datetime) -> int:
    """Wait, and become the command; with none, end with 0."""
    command = args.started[1:] if args.started[:1] == ["--"] else args.started
    url = setting(args.index, env, "CMP_INDEX", DEFAULT_INDEX)
    reader = open_reader(url, env)
    until_s = time.monotonic() + _longest_s(setting(args.wait_at_most, env, "CMP_WAIT_AT_MOST"))
    told_s = float("-inf")
    while reason := _missing(reader):
        if time.monotonic() > until_s:
            if not command:
                raise IndexUnavailable(f"not complete in time: {reason}", where=url)
            sys.stderr.write(f"beginning without a complete index at {url}: {reason}\n")
            break
        if time.monotonic() - told_s > _TOLD_EVERY_S:
            sys.stderr.write(f"waiting for a complete index at {url}: {reason}\n")
            told_s = time.monotonic()
        time.sleep(_EVERY_S)
    if not command:
        return 0
    try:
        os.execvp(command[0], command)  # noqa: S606 - it is given by whoever deploys this
    except OSError as error:
        raise InvalidInput(f"cannot be started: {error.strerror}", where=command[0]) from error


def _longest_s(text: str) -> float:
    from cmp.core.duration import parse_duration

    try:
        return parse_duration(text).total_seconds() if text else float("inf")
    except InvalidInput as error:
        raise error.within("CMP_WAIT_AT_MOST") from None


def _missing(reader: "IndexReader") -> str:
    """Return what is missing, or nothing when the index is complete."""
    try:
        manifest = reader.manifest()
    except EdgeFailed as error:
        return str(error)
    if manifest is None:
        return "nothing was published there yet"
    return "" if manifest.complete else "it is not complete yet"
