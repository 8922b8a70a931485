"""COMMAND  Native Applications as Applications of the plugin, and back; nothing else changes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cmp.errors import InvalidApplication

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping
    from datetime import datetime

    from cmp.convert.files import File

_DESCRIPTION = """
Prints the files with their Applications, and the templates of ApplicationSets, as sources of the
plugin: the native options become its parameters, and order, quotes and comments stay. What no
plugin can have stays native, and is told. Other documents are printed as they are, but for
ImageUpdater resources: the Applications that they select are given their policy, and they are left
out when each of their rules selects one.
"""


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = _DESCRIPTION
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="YAML or JSON; - for standard input"
    )
    parser.add_argument(
        "--to", choices=("plugin", "native"), default="plugin", help="default: plugin"
    )
    parser.add_argument(
        "--parameters",
        action="store_true",
        help="write the policy of ImageUpdater resources as parameters of the plugin, not as "
        "annotations",
    )
    result = parser.add_mutually_exclusive_group()
    result.add_argument("--write", action="store_true", help="change the files instead")
    result.add_argument(
        "--diff",
        metavar="DIR",
        help="a checkout of the Applications' repository: render before and after, and print what "
        "differs instead, which is images or nothing",
    )
    parser.add_argument(
        "--index", metavar="URL", help="with --diff: the images to choose from (default: Git's)"
    )


def main(args: Namespace, env: Mapping[str, str], now: datetime) -> int:
    """Convert all files, or none."""
    from cmp.convert.files import STANDARD_INPUT, read_file
    from cmp.convert.whole import Wanted, convert_all

    files = [read_file(path) for path in args.files]
    wanted = Wanted(is_to_plugin=args.to == "plugin", as_parameters=args.parameters)
    if args.parameters and not wanted.is_to_plugin:
        raise InvalidApplication("--parameters needs a plugin; leave it out with --to native")
    if args.write and STANDARD_INPUT in args.files:
        raise InvalidApplication("standard input cannot be changed; leave --write out")
    done = convert_all(files, wanted)
    if not done.reached and done.left:
        raise InvalidApplication("; ".join(done.left))
    output = b""
    notes = [*(f"stays as it is: {reason}" for reason in done.left), *done.notes]
    if args.diff:
        from cmp.convert.rendering import Checkout, differences
        from cmp.renderers.ending import Ended

        checkout = Checkout(args.diff, env, args.index, now)
        try:
            output, more = differences(files, done.files, checkout)
        except Ended as ended:
            return 128 + ended.number  # as a shell has it
        notes += more
    elif args.write:
        notes += _write(files, done.files)
    else:
        output = b"".join(file.encoded() for file in done.files)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)  # noqa: T201 - a note to a person
    sys.stdout.buffer.write(output)
    sys.stdout.buffer.flush()
    return 0


def _write(before: list[File], after: list[File]) -> list[str]:
    from cmp.convert.files import write_file

    notes = []
    for old, new in zip(before, after, strict=True):
        if not new.text.strip():
            notes.append(f"{old.path} says nothing any more; delete it")
        elif new.text != old.text:
            write_file(new)
    return notes
