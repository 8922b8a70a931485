"""COMMAND  Goes back to a decision of before, and stays there until there is something newer."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cmp.core.image import reference_suffix
from cmp.core.keys import nearest
from cmp.core.people import ROLLBACK, Instruction, Rejected
from cmp.core.record import History, Recorded
from cmp.errors import InvalidInput
from cmp.people.place import configure_place, configure_words, opened, until

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def configure(parser: "ArgumentParser") -> None:
    """Declare the command's arguments."""
    configure_place(parser)
    parser.add_argument(
        "id",
        metavar="ID",
        nargs="?",
        help="a decision, as `explain` lists them; default: of what changed last, the one before",
    )
    configure_words(parser)


def main(args: "Namespace", env: Mapping[str, str], now: datetime) -> int:
    """Roll back the images that changed last, or the one of a decision."""
    end = until(args.until, now)
    with opened(args, env) as place:
        past = {name: p for name, p in place.history().items() if name in place.names and p}
        lines: list[str] = []

        def edit(told: dict[str, Instruction]) -> dict[str, Instruction]:
            lines.clear()
            for name, target in _targets(past, told, args.id, place.application).items():
                rejected = _rejected(past[name][0], told.get(name), target)
                back = Instruction(
                    ROLLBACK,
                    by=place.who,
                    at=now,
                    tag=target.tag,
                    digest=target.digest,
                    reason=args.reason or "",
                    until=end,
                    rejected=rejected,
                )
                told[name] = back
                lines.append(f"{place.application}: {name}: {_line(back)}\n")
            return told

        place.people.change(place.instance, edit)
    sys.stdout.write("".join(lines))
    return 0


def _targets(
    past: History, told: Mapping[str, Instruction], wanted: str | None, where: str
) -> dict[str, Recorded]:
    """Return what each image goes back to; raise `InvalidInput` where there is nothing."""
    if wanted:
        return _by_id(past, wanted, where)
    # What was decided in one pass changed together, and goes back together.
    last = max((decisions[0].since for decisions in past.values()), default=None)
    targets = {
        name: found
        for name, decisions in past.items()
        if decisions[0].since == last and (found := _before(decisions, told.get(name)))
    }
    if not targets:
        raise InvalidInput("there is no decision before the present one", where=where)
    return targets


def _by_id(past: History, wanted: str, where: str) -> dict[str, Recorded]:
    for name, decisions in past.items():
        for decision in decisions:
            if decision.id != wanted:
                continue
            if decision is decisions[0]:
                raise InvalidInput(f"{wanted} is what is chosen now", where=where)
            return {name: decision}
    known = [decision.id for decisions in past.values() for decision in decisions]
    raise InvalidInput(
        f"no decision {wanted!r}{nearest(wanted, known)}; `explain` lists them", where=where
    )


def _before(decisions: Sequence[Recorded], told: Instruction | None) -> Recorded | None:
    """Return the decision before the present one that was another; not what was rejected."""
    present = decisions[0]
    passed = {(present.tag, present.digest)}
    if told and told.rejected:
        passed.add((told.rejected.tag, told.rejected.digest))
    return next(
        (
            decision
            for decision in decisions[1:]
            if decision.repository == present.repository
            and (decision.tag, decision.digest) not in passed
        ),
        None,
    )


def _rejected(present: Recorded, told: Instruction | None, target: Recorded) -> Rejected | None:
    """Return what has to be surpassed: what was rejected first, by one who goes back further.

    None where the present choice was pinned or kept: what is newer than that is there already,
    and only a person can tell when it may come.
    """
    if told and told.kind == ROLLBACK and told.tag == present.tag:
        if told.rejected and told.rejected.tag == target.tag:
            return Rejected(present.tag, present.digest, present.created)
        return told.rejected
    if told or present.by or present.held or present.is_pinned:
        return None
    return Rejected(present.tag, present.digest, present.created)


def _line(back: Instruction) -> str:
    tag = reference_suffix(back.tag, back.digest).removeprefix(":")
    end = f"something newer than {back.rejected.tag} is there, or " if back.rejected else ""
    return f"{tag}, {back.why}; until {end}`release`"
