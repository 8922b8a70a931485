"""COMMAND  Keeps the present choice of an image, or of all of an Application."""

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from cmp.core.people import HOLD, Instruction
from cmp.people.place import configure_place, configure_words, opened, until

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def configure(parser: "ArgumentParser") -> None:
    """Declare the command's arguments."""
    configure_place(parser)
    parser.add_argument("alias", metavar="ALIAS", nargs="?", help="the image; default: all")
    configure_words(parser, needs_reason=True)


def main(args: "Namespace", env: Mapping[str, str], now: datetime) -> int:
    """Hold an image, or all."""
    end = until(args.until, now)
    with opened(args, env) as place:
        told = Instruction(HOLD, by=place.who, at=now, reason=args.reason, until=end)
        names = place.chosen(args.alias)
        place.say(dict.fromkeys(names, told))
    sys.stdout.write(f"{place.application}: {', '.join(names) or 'no image'}: {told.why}\n")
    return 0
