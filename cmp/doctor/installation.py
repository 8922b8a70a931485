"""An installation: what its checks found, as a table or as JSON."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cmp.diagnosis import Diagnosed, diagnose, exit_status
from cmp.diagnosis.finding import UNCHECKED, VERDICTS
from cmp.doctor.collect import collect

if TYPE_CHECKING:
    from argparse import Namespace


def main(args: "Namespace", env: Mapping[str, str], now: datetime) -> int:
    """Look at all that can be seen of it, change nothing, and say what was found."""
    facts = collect(args, env, now)
    found = list(diagnose(facts))
    status = exit_status(facts, found)
    if args.output == "json":
        findings = [
            {
                "check": diagnosed.check,
                "verdict": diagnosed.finding.verdict,
                "what": diagnosed.finding.what,
                "next": diagnosed.finding.next_step,
            }
            for diagnosed in found
        ]
        text = json.dumps({"findings": findings, "status": status}, indent=2)
    else:
        counts = [sum(d.finding.verdict == verdict for d in found) for verdict in VERDICTS]
        summary = ", ".join(f"{n} {verdict}" for n, verdict in zip(counts, VERDICTS, strict=True))
        text = "\n".join((*lines(found), summary))
    sys.stdout.write(f"{text}\n")
    return status


def lines(found: Sequence[Diagnosed]) -> Iterator[str]:
    """Yield what was found, as a table; what was not looked at last, by reason."""
    verdicts = max(map(len, VERDICTS))
    names = max(len(diagnosed.check) for diagnosed in found)
    unchecked: dict[str, list[str]] = {}
    for check, finding in found:
        if finding.verdict == UNCHECKED:
            unchecked.setdefault(finding.what, []).append(check)
            continue
        yield f"{finding.verdict:<{verdicts}}  {check:<{names}}  {_shown(finding.what)}"
        if finding.next_step:
            yield f"{'':<{verdicts}}  {'':<{names}}  next: {_shown(finding.next_step)}"
    for why, checks in unchecked.items():
        yield f"{UNCHECKED:<{verdicts}}  {', '.join(dict.fromkeys(checks))}: {_shown(why)}"


def _shown(text: str) -> str:
    """Return it so that what a server says cannot steer a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)
