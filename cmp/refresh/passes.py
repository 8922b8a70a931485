"""What one pass begins with, and what it came to."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cmp.core.image import Image, Repository
from cmp.core.people import Instruction
from cmp.errors import CmpError, InvalidInput
from cmp.refresh.known import history_key
from cmp.refresh.plan import ApplicationPlan, SourcePlan
from cmp.registry.configuration import Registries

log = logging.getLogger(__name__)

OUTCOMES = ("changed", "kept", "held", "none", "undecided", "invalid")

Deployed = Callable[[Repository], tuple[Image, ...]]
"""Returns what one Application runs of a repository, as far as Argo CD says so."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass over Applications begins with."""

    plans: tuple[ApplicationPlan, ...]
    now: datetime
    registries: Registries
    deployed: Mapping[str, Deployed] = field(default_factory=dict)
    """By instance, what a cluster says of what runs."""
    listed: frozenset[Repository] = frozenset()
    """Repositories whose snapshot is of late: they are not listed again."""
    has_all: bool = True
    """These are all Applications there are: what is published may be complete."""
    natives: frozenset[str] = frozenset()
    """Instances that our plugin does not render: no render waits for their registries."""
    forgotten: frozenset[tuple[str, str]] = frozenset()
    """Documents to delete, by kind and identity: nobody uses them."""
    instructions: Mapping[str, Mapping[str, Instruction]] = field(default_factory=dict)
    """By instance, and by the names of its images: what people said."""
    unreadable: Mapping[str, CmpError] = field(default_factory=dict)
    """By instance, why it cannot be told what people said: nothing is decided for it."""

    def instruction(
        self, plan: ApplicationPlan, source: SourcePlan, alias: str
    ) -> Instruction | None:
        """Return what a person said of an image, while its time has not run out."""
        told = self.instructions.get(plan.instance)
        found = told.get(history_key(plan, source, alias)) if told else None
        return found if found and found.is_in_force(self.now) else None


@dataclass(slots=True)
class Summary:
    """What a cycle did, for its last log line and the exit status."""

    applications: int = 0
    images: int = 0
    repositories: int = 0
    changed: int = 0
    unanswered: int = 0
    """Questions that something outside did not answer: trying again may help."""
    invalid: int = 0
    """Things that someone has to change."""
    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    """Images by what became of them."""
    answered: frozenset[Repository] = frozenset()
    """Repositories whose listing is whole."""
    news: frozenset[Repository] = frozenset()
    """Repositories that hold something else than before."""
    rows: list[tuple[str, ...]] = field(default_factory=list)
    """Of each image: Application, alias, the tag before, the tag now, and a word."""
    problems: dict[str, None] = field(default_factory=dict)
    """In the order in which they came, each once."""
    ended: dict[str, dict[str, Instruction]] = field(default_factory=dict)
    """By instance and name: what people said, and has ended."""

    @property
    def counts(self) -> dict[str, int]:
        """All counts by their names."""
        return {
            name: value for name in self.__slots__ if isinstance(value := getattr(self, name), int)
        }

    @property
    def exit_status(self) -> int:
        """What the process says of a pass: 2 input is wrong, 1 something did not answer."""
        return 2 if self.invalid else 1 if self.unanswered else 0

    def problem(self, error: CmpError, **where: object) -> None:
        """Log and count what went wrong."""
        if isinstance(error, InvalidInput):
            self.invalid += 1
        else:
            self.unanswered += 1
        if str(error) in self.problems:
            return  # of a registry that gives no answer, thousands may be as many lines
        self.problems[str(error)] = None
        log.warning("not refreshed", extra={**where, "reason": error})
