"""COMMAND  Ends a pin, a hold or a rollback: the policy decides again."""

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from cmp.core.people import Instruction
from cmp.errors import IndexTorn
from cmp.people.place import Place, configure_place, opened

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def configure(parser: "ArgumentParser") -> None:
    """Declare the command's arguments."""
    configure_place(parser)
    parser.add_argument("alias", metavar="ALIAS", nargs="?", help="the image; default: all")


def main(args: "Namespace", env: Mapping[str, str], _: datetime) -> int:
    """Release an image, or all."""
    with opened(args, env) as place:
        ended = _released(place, args.alias)
    for name, told in ended.items():
        sys.stdout.write(f"{place.application}: {name}: released; it was {told.why}\n")
    if not ended:
        sys.stdout.write(f"{place.application}: {args.alias or 'all'}: nothing is pinned or held\n")
    return 0


def _released(place: Place, alias: str | None) -> Mapping[str, Instruction]:
    """Take out what is said, and return it: also of an image that is no more."""
    ended: dict[str, Instruction] = {}

    def edit(told: dict[str, Instruction]) -> dict[str, Instruction]:
        name = None if alias is None else alias if alias in told else place.name(alias)
        ended.clear()
        ended.update({n: said for n, said in told.items() if name in (None, n)})
        return {n: said for n, said in told.items() if n not in ended}

    try:
        place.people.change(place.instance, edit)
    except IndexTorn:
        if alias is not None:
            raise
        place.people.forget(place.instance)
    return ended
