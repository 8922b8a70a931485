"""COMMAND  Takes one tag of an image, whatever its policy says."""

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from cmp.core.image import reference_suffix
from cmp.core.instructions import Pin
from cmp.core.people import PIN, Instruction
from cmp.people.place import configure_place, configure_words, opened, until

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def configure(parser: "ArgumentParser") -> None:
    """Declare the command's arguments."""
    configure_place(parser)
    parser.add_argument("alias", metavar="ALIAS", help="the image, as `explain` calls it")
    parser.add_argument("tag", metavar="TAG", help="tag, or tag@digest")
    configure_words(parser)


def main(args: "Namespace", env: Mapping[str, str], now: datetime) -> int:
    """Pin an image."""
    pin, end = Pin.parse(args.tag), until(args.until, now)
    with opened(args, env) as place:
        name = place.name(args.alias)
        told = Instruction(
            PIN,
            by=place.who,
            at=now,
            tag=pin.tag,
            digest=pin.digest,
            reason=args.reason or "",
            until=end or pin.until,
        )
        place.say({name: told})
    tag = reference_suffix(pin.tag, pin.digest).removeprefix(":")
    sys.stdout.write(f"{place.application}: {name}: {tag}, {told.why}\n")
    return 0
