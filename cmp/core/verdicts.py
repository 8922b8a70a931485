"""What became of each tag, for a program and as a table for a person."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from cmp.core.decide import Decision

_ALL_UP_TO = 20  # tags; of more, a person wants those next to the choice and the rules
_NEIGHBOURS = 3  # on each side of the choice
_EXAMPLES = 3  # of the tags that a rule has dropped


class Verdict(NamedTuple):
    """What became of one tag, and why."""

    tag: str
    verdict: str
    """``chosen``; ``kept`` for another that qualifies; ``dropped``; ``next`` where the record
    says otherwise, for what the next refresh takes."""
    reason: str
    rule: str = ""
    """The policy key that dropped it, or ``kind``."""


def verdicts(decision: Decision) -> tuple[Verdict, ...]:
    """Return what became of each tag: those that qualify first, best first."""
    kept = decision.kept
    unlisted: tuple[Verdict, ...] = ()
    if decision.tag and decision.tag not in kept and decision.tag not in decision.dropped:
        unlisted = (Verdict(decision.tag, "chosen", decision.why),)  # pinned, or gone and held
    return (
        *unlisted,
        *(_of_kept(name, decision) for name in kept),
        *(
            Verdict(name, "chosen", decision.why)
            if name == decision.tag
            else Verdict(name, "dropped", why, why.rule)
            for name, why in decision.dropped.items()
        ),
    )


def _of_kept(name: str, decision: Decision) -> Verdict:
    if name == decision.tag:
        return Verdict(name, "chosen", decision.why)
    if decision.held or decision.tag is None:
        return Verdict(name, "kept", f"not taken: {decision.held or decision.why}")
    if decision.pinned:
        return Verdict(name, "kept", f"not taken: {decision.why} {decision.tag}")
    return Verdict(name, "kept", f"ranks below {decision.tag}")


def table(found: Sequence[Verdict], *, everything: bool = False) -> Iterator[str]:
    """Yield the lines of a table: all tags, or of many the choice's neighbours and the rules."""
    if everything or len(found) <= _ALL_UP_TO:
        yield from _rows(found)
        return
    kept = [verdict for verdict in found if verdict.verdict != "dropped"]
    place = next((n for n, v in enumerate(kept) if v.verdict == "chosen"), 0)
    first, last = max(0, place - _NEIGHBOURS), place + _NEIGHBOURS + 1
    shown = kept[first:last]
    yield f"{len(kept)} of {len(found)} tags qualify"
    yield from _more(first, "rank above")
    yield from _rows(shown)
    yield from _more(len(kept) - first - len(shown), "rank below")
    yield from _by_rule(verdict for verdict in found if verdict.verdict == "dropped")


def _rows(shown: Sequence[Verdict]) -> Iterator[str]:
    tags = max((len(verdict.tag) for verdict in shown), default=0)
    words = max((len(verdict.verdict) for verdict in shown), default=0)
    for verdict in shown:
        mark = ">" if verdict.verdict == "chosen" else " "
        rule = f" ({verdict.rule})" if verdict.rule else ""
        word = f"{verdict.verdict:<{words}}"
        yield f"{mark} {verdict.tag:<{tags}}  {word}  {verdict.reason}{rule}"


def _more(count: int, where: str) -> Iterator[str]:
    if count:
        yield f"  … {count} more {where}"


def _by_rule(dropped: Iterable[Verdict]) -> Iterator[str]:
    """Yield a line for each rule, the one that dropped most first, with examples."""
    ordered = sorted(dropped, key=lambda verdict: verdict.rule)
    rules = [(rule, list(tags)) for rule, tags in groupby(ordered, lambda verdict: verdict.rule)]
    width = max((len(rule) for rule, _ in rules), default=0)
    for rule, tags in sorted(rules, key=lambda item: -len(item[1])):
        examples = "; ".join(f"{v.tag}: {v.reason}" for v in tags[:_EXAMPLES])
        more = "; …" if len(tags) > _EXAMPLES else ""
        yield f"- {rule:<{width}}  dropped {len(tags)}: {examples}{more}"
