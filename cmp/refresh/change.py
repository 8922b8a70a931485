"""What one Application is to be told, and whether that is news to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cmp.refresh.observed import Observed
from cmp.refresh.running import runs
from cmp.refresh.spec_lock import is_written
from cmp.refresh.update_log import Updated
from cmp.refresh.wanted import Told, Wanted

# Our own words in Argo CD's error: the index did not answer, which passes.
_PASSING = re.compile(r"-m cmp render` failed exit status 1\b")


@dataclass(frozen=True, slots=True)
class Change:
    """What an Application is to be told."""

    wanted: Wanted
    told: Told | None
    """What it was told before; None where nothing is known of that."""
    before: Mapping[str, str] = field(default_factory=dict)
    """References by the images' names, of what ran when it was first looked at."""
    is_contested: bool = False
    """Somebody else owns the spec: it is not written."""

    @property
    def in_spec(self) -> bool:
        """Tell whether the images are to stand in the spec."""
        return bool(self.wanted.in_spec) and not self.is_contested

    @property
    def other_images(self) -> bool:
        """Tell whether other images are wanted than were told."""
        return self.told is None or self.told.decisions != self.wanted.decisions

    def is_news(self, app: Observed) -> bool:
        """Tell whether Argo CD has to be told anything.

        Where it is not known what it was told, as after the loss of the state, what it
        reports as synced decides.
        """
        if _PASSING.search(app.error):
            return True
        if self.in_spec and not is_written(app, self.wanted):
            return True
        if self.told is not None:
            told = (self.told.decisions, self.told.policy)
            return told != (self.wanted.decisions, self.wanted.policy)
        if not self.wanted.images:
            return False
        return app.sync_status != "Synced" or bool(app.error) or not runs(app, self.wanted.images)

    def updates(self) -> tuple[Updated, ...]:
        """Return each image that is another.

        One that never ran before has not changed; one that is Git's again has no reference.
        """
        now = {image.name: image.reference for image in self.wanted.images}
        found = (Updated(name, before, now.get(name, "")) for name, before in self.before.items())
        return tuple(update for update in found if update.before != update.after)

    def images(self) -> tuple[tuple[str, str], ...]:
        """Return (reference before, reference now) of each image that is another."""
        return tuple((update.before, update.after) for update in self.updates())
