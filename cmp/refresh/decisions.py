"""Deciding, and what becomes of a decision in the record."""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from cmp.core.decide import Decision, decide, kept_before
from cmp.core.groups import Member, agree
from cmp.core.image import Repository
from cmp.core.image_list import ManagedImage
from cmp.core.obey import is_over, obeyed
from cmp.core.people import Instruction
from cmp.core.policy import NEWEST_BUILD
from cmp.core.record import History, Recorded
from cmp.core.snapshot import Snapshot
from cmp.core.update_window import is_open
from cmp.errors import InvalidPolicy
from cmp.refresh.questions import Question

log = logging.getLogger(__name__)

_HISTORY = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one image in a cycle."""

    image: ManagedImage
    previous: Recorded | None
    decision: Decision | None
    """None when there is nothing to decide from."""
    problem: str = ""
    """Why there is no new decision."""
    refused: bool = False
    """There was a winner, and it cannot be pulled."""
    invalid: bool = False
    """The policy cannot be read."""
    waits: bool = False
    """Nothing was chosen yet, and nothing may be before its window opens, or its group's."""
    stopped: str = ""
    """Why it is not what it would be changed to."""
    instruction: Instruction | None = None
    """What a person said, as far as that has not ended."""

    @property
    def question(self) -> Question | None:
        """What has to be asked of the registry before this can be so."""
        decision, policy = self.decision, self.image.policy
        if decision is None:
            return None
        created = policy.strategy == NEWEST_BUILD
        is_winner = self.changes or bool(decision.lacks_digest)
        tag = decision.lacks_digest or decision.tag
        if not tag or not (is_winner or decision.follows_tag):
            return None
        platforms = policy.platforms if is_winner else ()
        return Question(self.image.repository, tag, platforms, is_winner, created)

    @property
    def changes(self) -> bool:
        """Tell whether another tag or digest is chosen than before."""
        if self.decision is None or self.decision.tag is None:
            return False
        chosen = (self.image.repository, self.decision.tag, self.decision.digest or "")
        previous = self.previous
        return previous is None or chosen != (previous.repository, previous.tag, previous.digest)


Key = tuple[str, int, str]
"""Of an image: the instance of its Application, the number of its source, and its alias."""

Outcomes = Mapping[Key, Outcome]


def decide_image(
    image: ManagedImage,
    snapshot: Snapshot | None,
    previous: Recorded | None,
    instruction: Instruction | None = None,
) -> Outcome:
    """Decide for one image; a policy that cannot be read is a problem, not an exception."""
    outcome = _decide(image, snapshot, previous, instruction)
    return outcome if outcome.decision else replace(outcome, instruction=instruction)


def _decide(
    image: ManagedImage,
    snapshot: Snapshot | None,
    previous: Recorded | None,
    instruction: Instruction | None,
) -> Outcome:
    if previous is not None and previous.repository != image.repository:
        previous = None  # the old choice says nothing of where the image is now
    if snapshot is None:
        return Outcome(image, previous, None, "its repository could not be listed yet")
    policy = image.policy
    try:
        decision = decide(policy, image.repository, snapshot, previous)
        if instruction and is_over(instruction, policy, snapshot, previous):
            instruction = None
        decision = obeyed(decision, policy, snapshot, previous, instruction)
        return Outcome(image, previous, decision, instruction=instruction)
    except InvalidPolicy as error:
        return Outcome(image, previous, None, str(error), invalid=True)
    except Exception:
        # A mistake of ours, about one image; the others are not to suffer.
        log.exception("image not decided", extra={"image": image.repository, "alias": image.alias})
        return Outcome(image, previous, None, "a mistake of the refresher's: see its log")


def agreed(outcomes: Outcomes, snapshots: Mapping[Repository, Snapshot]) -> dict[Key, Outcome]:
    """Return the outcomes of the images that belong to a group, as the groups decide."""
    found = {}
    for word, members in _groups(outcomes):
        keys = _named(members)
        decisions = agree(
            word,
            {
                name: Member(
                    members[key].image.policy,
                    snapshots.get(members[key].image.repository),
                    members[key].previous,
                    members[key].decision,
                    members[key].instruction,
                )
                for name, key in keys.items()
            },
        )
        for name, key in keys.items():
            found[key] = replace(members[key], decision=decisions[name])
    return found


def together(outcomes: Outcomes) -> Outcomes:
    """Return the outcomes with no member of a group changed while another one is stopped."""
    held = dict(outcomes)
    for word, members in _groups(outcomes):
        names = {key: name for name, key in _named(members).items()}
        stopped = [f"{names[key]}: {o.stopped}" for key, o in members.items() if o.stopped]
        for key, outcome in members.items():
            if stopped and outcome.changes and not _is_pinned(outcome):
                held[key] = _stopped(outcome, f"group {word}: {'; '.join(stopped)}")
    return held


def _groups(outcomes: Outcomes) -> Iterator[tuple[str, Outcomes]]:
    """Yield each group's word with its members; those of an Application are its own."""
    groups: dict[tuple[str, str], dict[Key, Outcome]] = {}
    for key, outcome in outcomes.items():
        if outcome.image.policy.group:
            groups.setdefault((key[0], outcome.image.policy.group), {})[key] = outcome
    for (_, word), members in groups.items():
        yield word, members


def _is_pinned(outcome: Outcome) -> bool:
    """Tell whether its owner says outright what it is: before any window or group."""
    return outcome.decision is not None and outcome.decision.pinned


def _named(members: Iterable[Key]) -> dict[str, Key]:
    """Return the members of a group by alias; with the source's number where two have it."""
    keys = list(members)
    shared = Counter(alias for _, _, alias in keys)
    return {
        key[2] if shared[key[2]] == 1 else f"{key[2]} of source {key[1] + 1}": key for key in keys
    }


def _stopped(outcome: Outcome, why: str) -> Outcome:
    """Return the outcome with what was chosen before, and not what it would change to."""
    if outcome.previous is None or outcome.decision is None:
        # Without a record a render would decide by itself.
        return replace(outcome, decision=None, problem=why, waits=True, stopped=why)
    return replace(
        outcome, decision=kept_before(outcome.previous, outcome.decision, why), stopped=why
    )


def in_window(outcome: Outcome, now: datetime) -> Outcome:
    """Return the outcome as its update-window has it: outside nothing changes."""
    if not outcome.image.window:
        return outcome
    try:
        if is_open(outcome.image.window, now) or not outcome.changes or _is_pinned(outcome):
            return outcome
    except InvalidPolicy as error:
        return replace(outcome, decision=None, problem=str(error), invalid=True, stopped=str(error))
    return _stopped(outcome, f"outside the update-window {outcome.image.window}")


def unverified(outcome: Outcome, reason: str) -> Outcome:
    """Return the outcome when the winner cannot be pulled: what was chosen before stays."""
    tag = outcome.question.tag if outcome.question else ""
    problem = f"{tag} cannot be pulled: {reason}"
    return replace(outcome, decision=None, problem=problem, refused=True, stopped=problem)


def record(outcome: Outcome, instance: str, now: datetime) -> Recorded | None:
    """Return what the record says of an image from now on; None when there is nothing to say.

    Identity and time of a decision stay as long as the chosen tag and digest do.
    """
    previous, decision, image = outcome.previous, outcome.decision, outcome.image
    fingerprint = image.policy.fingerprint()
    if outcome.invalid:
        # Not an answer to this policy: a render has to come upon the mistake itself.
        return previous
    if decision is None or decision.tag is None:
        by = decision.by if decision else ""
        why = outcome.problem or (decision.why if decision else "")
        if previous is not None:
            return previous._replace(fingerprint=fingerprint, held=why)
        if outcome.refused or outcome.waits or by:
            # Without a record a render would decide by itself, and choose what was refused.
            nothing = ("", "", fingerprint, "", now, "", why)
            return Recorded("", image.repository, *nothing, by=by)
        return None
    bound_to = "" if decision.pinned else image.policy.floor_key()
    if previous is not None and not outcome.changes:
        return previous._replace(
            fingerprint=fingerprint,
            chosen_under=previous.chosen_under if decision.held else bound_to,
            why=decision.why,
            held=decision.held,
            created=decision.created,
            # What a window or a group keeps from ending a rollback is still a person's choice.
            by=decision.by or (previous.by if outcome.instruction else ""),
        )
    digest = decision.digest or ""
    return Recorded(
        id=decision_id(instance, image, decision.tag, digest, now),
        repository=image.repository,
        tag=decision.tag,
        digest=digest,
        fingerprint=fingerprint,
        chosen_under=bound_to,
        since=now,
        why=decision.why,
        held=decision.held,
        created=decision.created,
        by=decision.by,
    )


def extended(past: History, decisions: Mapping[str, Recorded]) -> dict[str, tuple[Recorded, ...]]:
    """Return the history with new decisions in front: the last twenty of each alias.

    One that is there already takes the place of what it was.
    """
    history = dict(past)
    for alias, decision in decisions.items():
        known = {before.id: before for before in history.get(alias, ())}
        if decision.id in known:
            history[alias] = tuple({**known, decision.id: decision}.values())
        elif decision.tag:
            history[alias] = (decision, *known.values())[:_HISTORY]
    return history


def decision_id(instance: str, image: ManagedImage, tag: str, digest: str, now: datetime) -> str:
    """Return a name for a decision that no other has, nor this one when it is made again."""
    parts = (instance, image.alias, str(image.repository), tag, digest, now.isoformat())
    return f"d-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:10]}"
