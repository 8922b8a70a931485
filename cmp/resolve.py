"""COMMAND  The choice for a list of tags, or for an indexed repository."""

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cmp.core.decide import Decision, decide
from cmp.core.image import Repository
from cmp.core.image_list import parse_entry
from cmp.core.keys import KEYS
from cmp.core.policy import OPTIONS, Policy
from cmp.core.remarks import remarks
from cmp.core.snapshot import Snapshot, Tag
from cmp.core.verdicts import table, verdicts
from cmp.errors import IndexUnavailable, InvalidInput, NoCandidate
from cmp.index import open_reader
from cmp.settings import DEFAULT_INDEX, setting

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

_LONGEST = 128  # characters of a tag (distribution specification)
_SHOWN = 40  # of what is longer


def configure(parser: "ArgumentParser") -> None:
    """Declare the command's arguments."""
    parser.add_argument("image", metavar="IMAGE[:CONSTRAINT]")
    meanings = {key.name: key.meaning for key in KEYS}
    for option in OPTIONS:
        parser.add_argument(f"--{option}", default="", metavar="VALUE", help=meanings[option])
    parser.add_argument(
        "--tags", metavar="FILE", help="choose among these tags, one a line; - is standard input"
    )
    parser.add_argument("--index", metavar="URL", help=f"the index (default: {DEFAULT_INDEX})")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


def main(args: "Namespace", env: Mapping[str, str], now: datetime) -> int:
    """Print the choice; exit status 3 when no tag qualifies."""
    _, repository, constraint = parse_entry(args.image)
    options = {option: getattr(args, option.replace("-", "_")) for option in OPTIONS}
    policy = Policy.parse(options, constraint)
    if args.tags:
        snapshot = Snapshot(repository, now, {name: Tag(name) for name in _read_tags(args.tags)})
    else:
        snapshot = _indexed(repository, setting(args.index, env, "CMP_INDEX", DEFAULT_INDEX), env)
    for remark in remarks(policy):
        _say(f"note: {remark}")
    decision = decide(policy, repository, snapshot)
    if args.output == "json":
        _print_json(_report(policy, repository, decision))
    elif decision.tag is not None:
        _print(decision.tag + (f"@{decision.digest}" if decision.digest else ""))
    if decision.tag is None:
        for line in table(verdicts(decision)):
            _say(line)
        raise NoCandidate(decision.why, where=str(repository))
    return 0


def _read_tags(path: str) -> list[str]:
    try:
        if path == "-":
            text = sys.stdin.read()
        else:
            with open(path, encoding="utf-8") as file:
                text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"cannot be read: {error}", where=path) from error
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        if len(line) > _LONGEST:
            _say(f"note: {line[:_SHOWN]!r}… is too long for a tag, and passed over")
    return [line for line in lines if len(line) <= _LONGEST]


def _indexed(repository: Repository, url: str, env: Mapping[str, str]) -> Snapshot:
    snapshot = open_reader(url, env).snapshot(repository)
    if snapshot is None:
        raise IndexUnavailable(
            f"{repository} is not in it; list it with `refresh --once`, "
            "or give the tags with --tags",
            where=url,
        )
    return snapshot


def _report(policy: Policy, repository: Repository, decision: Decision) -> dict[str, Any]:
    return {
        "image": str(repository),
        "tag": decision.tag,
        "digest": decision.digest,
        "strategy": policy.strategy,
        "constraint": policy.constraint,
        "candidates": [verdict._asdict() for verdict in verdicts(decision)],
    }


def _print_json(document: Mapping[str, Any]) -> None:
    import json

    _print(json.dumps(document, indent=2))


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
