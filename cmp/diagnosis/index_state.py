"""Whether the index is published and fresh, and each mirror has a copy."""

from collections.abc import Iterator
from datetime import timedelta

from cmp.core.age import in_words
from cmp.diagnosis.facts import Facts
from cmp.diagnosis.finding import Finding, advice, ok, some, wrong
from cmp.diagnosis.workloads import REPO_SERVER, ready, workload

_PASSES = 3
"""An interval is jittered, and a pass takes its time."""
_STALE = timedelta(hours=1)
"""From then on each render says so (README, When something is missing)."""


def index(facts: Facts) -> Iterator[Finding]:
    """Look at when the index was published last, and whether all of it was."""
    manifest = facts.manifest
    if manifest is None:
        yield wrong(
            "nothing was ever published in the store, so no render succeeds",
            "look into the refresher's log",
        )
        return
    age = facts.now - manifest.time
    said = f"generation {manifest.generation}, the last pass {in_words(age)} ago"
    if not manifest.complete:
        yield wrong(
            f"the index is not complete yet: {said}",
            "look into the refresher's log for the Application or registry that keeps it from that",
        )
    elif age > _STALE:
        yield wrong(f"the index is stale: {said}", "look into the refresher's log: no pass ended")
    elif age > facts.interval * _PASSES:
        interval = in_words(facts.interval)
        yield advice(
            f"the index is older than {_PASSES} intervals of {interval}: {said}",
            "look into the refresher's log: passes fail, or take longer than the interval",
        )
    else:
        yield ok(said)


def mirrors(facts: Facts) -> Iterator[Finding]:
    """Look at what each mirror acknowledges, and whether each Pod of repo-server has one."""
    manifest, found = facts.manifest, facts.mirrors
    repo_server = workload(facts, REPO_SERVER)
    pods = ready(repo_server)[0] if repo_server else 0
    if not found or len(found) < pods:
        there = f"{len(found)} of {pods}" if pods else "no"
        yield wrong(
            f"{there} mirrors acknowledge what they have",
            f"look into the log of the container image-cmp-mirror in each Pod of {REPO_SERVER}: "
            "may it reach the store, and write image-cmp:ack:* there?",
        )
    if manifest is None or not found:
        return
    behind = [
        f"{mirror.pod} (generation {mirror.generation})"
        for mirror in found
        if mirror.epoch == manifest.epoch and mirror.generation < manifest.generation
    ]
    foreign = [mirror.pod for mirror in found if mirror.epoch != manifest.epoch]
    tools = sorted({mirror.tools for mirror in found if mirror.tools})
    if behind:
        yield wrong(
            f"behind generation {manifest.generation}: {some(behind)}",
            "look into their logs: what they cannot copy, their Pods do not render",
        )
    if foreign:
        yield wrong(
            f"with a copy of another store, or of one that was lost since: {some(foreign)}",
            "see that CMP_STORE is the refresher's, and look into their logs",
        )
    if len(tools) > 1:
        yield advice(
            f"Pods render with different tools: {' | '.join(tools)}",
            "wait for the roll-out to end; where none runs, give all Pods one image",
        )
    if not behind and not foreign and len(found) >= pods:
        number = "one mirror has" if len(found) == 1 else f"all {len(found)} mirrors have"
        yield ok(f"{number} generation {manifest.generation}")
