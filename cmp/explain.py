"""COMMAND  Which images an Application has, since when, and why no others."""

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from cmp.core.decide import Decision, decide
from cmp.core.groups import Member, agree
from cmp.core.image_list import ManagedImage, read_image_list
from cmp.core.keys import nearest
from cmp.core.obey import obeyed
from cmp.core.people import Instruction
from cmp.core.record import History, Recorded, SourceRecord, shared_name
from cmp.core.snapshot import Snapshot
from cmp.core.verdicts import Verdict, table, verdicts
from cmp.errors import CmpError, InvalidInput
from cmp.index import open_index
from cmp.index.found import find
from cmp.index.protocols import Store
from cmp.settings import DEFAULT_INDEX, setting

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def configure(parser: "ArgumentParser") -> None:
    """Declare the command's arguments."""
    parser.add_argument("application", metavar="APP", help="as Argo CD lists it")
    parser.add_argument("--alias", metavar="A", help="only this image")
    parser.add_argument(
        "--all", action="store_true", help="all tags, however many, and not only those that tell"
    )
    parser.add_argument("--index", metavar="URL", help=f"the index (default: {DEFAULT_INDEX})")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


def main(args: "Namespace", env: Mapping[str, str], _: datetime) -> int:
    """Explain each image of an Application."""
    url = setting(args.index, env, "CMP_INDEX", DEFAULT_INDEX)
    index = open_index(url, env)
    record = find(index, url, args.application)
    history = index.history(record.instance)
    sources = [_source(source, index, history, args.alias) for source in record.sources]
    if args.alias and not any(source["images"] for source in sources):
        aliases = [alias for source in record.sources for alias in source.decisions]
        raise InvalidInput(
            f"no image is called {args.alias!r}{nearest(args.alias, aliases)}",
            where=record.application,
        )
    report = {"application": record.application, "instance": record.instance, "sources": sources}
    if args.output == "json":
        text = json.dumps(report, indent=2)
    else:
        text = "\n".join(_lines(report, everything=args.all))
    sys.stdout.write(f"{text}\n")
    return 0


def _source(
    source: SourceRecord, index: Store, history: History, alias: str | None
) -> dict[str, Any]:
    keys = {**source.annotations, **source.parameters}
    report: dict[str, Any] = {"source": str(source.source), "policy": keys, "images": []}
    try:
        image_list = read_image_list(keys)
    except CmpError as error:
        return report | {"problem": str(error)}
    report["notes"] = list(image_list.notes)
    recorded = source.decisions
    decided = _decided(image_list.images, source, index)
    report["images"] = [
        _image(image, recorded.get(image.alias), decided[image.alias])
        | {"history": [_decision(past) for past in _past(image.alias, source, history)]}
        | {"told": _told(source.instructions.get(image.alias))}
        for image in image_list.images
        if alias in (None, image.alias)
    ]
    return report


class _Decided(NamedTuple):
    """What an image would be decided to be now, or why nothing can be said."""

    snapshot: Snapshot | None
    decision: Decision | None
    problem: str = ""


def _decided(
    images: Iterable[ManagedImage], source: SourceRecord, index: Store
) -> dict[str, _Decided]:
    """Decide as the refresher does, groups together; the time of a window is not looked at."""
    decided: dict[str, _Decided] = {}
    groups: dict[str, dict[str, Member]] = {}
    for image in images:
        snapshot, previous = index.snapshot(image.repository), source.decisions.get(image.alias)
        told = source.instructions.get(image.alias)
        decision, problem = None, "its repository is not in the index yet"
        if snapshot is not None:
            try:
                decision = decide(image.policy, image.repository, snapshot, previous)
                decision = obeyed(decision, image.policy, snapshot, previous, told)
            except CmpError as error:
                problem = str(error)
        decided[image.alias] = _Decided(snapshot, decision, "" if decision else problem)
        if image.policy.group:
            member = Member(image.policy, snapshot, previous, decision, told)
            groups.setdefault(image.policy.group, {})[image.alias] = member
    for word, members in groups.items():
        for alias, decision in agree(word, members).items():
            decided[alias] = decided[alias]._replace(decision=decision)
    return decided


def _past(alias: str, source: SourceRecord, history: History) -> tuple[Recorded, ...]:
    """Return an image's history: under its alias, or with the path where two sources have it."""
    return history.get(shared_name(source.source, alias)) or history.get(alias, ())


def _image(image: ManagedImage, recorded: Recorded | None, decided: _Decided) -> dict[str, Any]:
    report: dict[str, Any] = {
        "alias": image.alias,
        "image": str(image.repository),
        "policy": image.policy.fingerprint(),
        "chosen": _decision(recorded) if recorded and recorded.tag else None,
        "held": recorded.held if recorded else "",
        "candidates": [],
    }
    snapshot, decision, problem = decided
    if snapshot is None or decision is None:
        return report | {"problem": problem}
    candidates = verdicts(decision)
    if recorded and recorded.tag != decision.tag:
        candidates = tuple(_as_recorded(verdict, recorded, decision) for verdict in candidates)
    listed_at = snapshot.listed_at.isoformat()
    return report | {"listed_at": listed_at, "candidates": [v._asdict() for v in candidates]}


def _as_recorded(verdict: Verdict, recorded: Recorded, decision: Decision) -> Verdict:
    """Return the verdict on a tag where the record is not what the snapshot leads to."""
    if verdict.tag == recorded.tag:
        return Verdict(verdict.tag, "chosen", recorded.why)
    if verdict.tag == decision.tag:
        if recorded.held:
            return Verdict(verdict.tag, "kept", f"not taken: {recorded.held}")
        return Verdict(verdict.tag, "next", "the next refresh decides")
    return verdict


def _decision(recorded: Recorded) -> dict[str, str]:
    return {
        "id": recorded.id,
        "tag": recorded.tag,
        "digest": recorded.digest,
        "since": recorded.since.isoformat(),
        "why": recorded.why,
    }


def _told(told: Instruction | None) -> dict[str, Any] | None:
    """Return what a person said of an image: who, when, why, and until when."""
    if told is None:
        return None
    from cmp.index.instruction_document import dump_instruction

    return {**dump_instruction(told), "why": told.why}


def _lines(report: Mapping[str, Any], *, everything: bool) -> list[str]:
    lines = [f"application {report['application']}"]
    for source in report["sources"]:
        lines.append(f"  source {source['source']}")
        lines += [f"    note: {note}" for note in source.get("notes", ())]
        if "problem" in source:
            lines.append(f"    problem: {source['problem']}")
        for image in source["images"]:
            lines += [f"    {line}" for line in _image_lines(image, everything=everything)]
    return lines


def _image_lines(image: Mapping[str, Any], *, everything: bool) -> list[str]:
    chosen = image["chosen"]
    lines = [f"{image['alias']}: {image['image']}", f"  policy  {image['policy']}"]
    if chosen:
        digest = f"@{chosen['digest']}" if chosen["digest"] else ""
        why = f"since {chosen['since']} ({chosen['id']}): {chosen['why']}"
        lines.append(f"  chosen  {chosen['tag']}{digest} {why}")
    else:
        lines.append("  chosen  nothing: the image is Git's")
    if told := image["told"]:
        lines.append(f"  told    {told['why']} (said {told['at']}; `release` ends it)")
    if image["held"]:
        lines.append(f"  held    {image['held']}")
    if "problem" in image:
        lines.append(f"  problem {image['problem']}")
    if image["candidates"]:
        lines.append(f"  tags    listed {image['listed_at']}")
        found = [Verdict(**candidate) for candidate in image["candidates"]]
        lines += [f"    {line}" for line in table(found, everything=everything)]
    lines += [
        f"  before  {d['tag']} since {d['since']} ({d['id']}): {d['why']}"
        for d in image["history"][1:]
    ]
    return lines
