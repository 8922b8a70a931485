"""The images that are given instead of decided: by a parameter, or by Git in a lock file.

Of both together with what a person pins, the first wins (design §4): the parameter, a pin, the
file. Where there is a file, no image is decided: one it lacks is as the manifests say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.core.injection import Choice
from cmp.core.instructions import Pin, is_in_force
from cmp.core.keys import IMAGE_LOCK, lock_file_name
from cmp.core.lock import Locked, LockFile, parse_lock, strangers
from cmp.errors import InvalidPolicy
from cmp.lock_file import read_lock_file
from cmp.renderers.paths import repository_root

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Self

    from cmp.core.image_list import ManagedImage
    from cmp.core.record import Recorded
    from cmp.index.protocols import IndexReader
    from cmp.settings import RenderRequest


class Given(NamedTuple):
    """An image that is not decided."""

    choice: Choice | None
    """None where it is Git's."""
    by: str


class Locks(NamedTuple):
    """All that are given for one source."""

    parameter: Mapping[str, Locked]
    file: LockFile | None

    @classmethod
    def of(
        cls, request: RenderRequest, directory: str, *, has_file: bool, is_proposed: bool = False
    ) -> Self:
        """Read the parameter and the lock file; raise `InvalidInput` for what cannot be used.

        One that is proposed, and nobody has merged, is as if it were there and empty.
        """
        parameter = parse_lock(request.parameters.get(IMAGE_LOCK, {}))
        if is_proposed:
            return cls(parameter, LockFile(lock_file_name(request.instance), {}))
        if not has_file:
            return cls(parameter, None)
        root = repository_root(directory, request.source.path)
        return cls(parameter, read_lock_file(root, directory, request.instance))

    def strangers(self, aliases: Collection[str]) -> tuple[str, ...]:
        """Return what a person should hear of locks that no image has."""
        found = strangers(self.parameter, aliases, IMAGE_LOCK)
        return found + (strangers(self.file.images, aliases, self.file.name) if self.file else ())

    def given(
        self, image: ManagedImage, recorded: Recorded | None, reader: IndexReader
    ) -> Given | None:
        """Return what is given for an image, or None where it is decided or pinned."""
        if lock := self.parameter.get(image.alias):
            return Given(Choice(image, lock.tag, lock.digest), IMAGE_LOCK)
        if not self.file or _is_pinned(image, recorded, reader):
            return None
        lock = self.file.images.get(image.alias)
        return Given(Choice(image, lock.tag, lock.digest) if lock else None, self.file.name)


def _is_pinned(image: ManagedImage, recorded: Recorded | None, reader: IndexReader) -> bool:
    """Tell whether a person names the image outright, in the policy or to the refresher.

    A pin with a time is in force until the repository was listed then (docs/policy.md).
    """
    if recorded and recorded.by and recorded.tag:
        return True
    if recorded and recorded.is_pinned and recorded.fingerprint == image.policy.fingerprint():
        return True
    if not image.policy.pin:
        return False
    try:
        until = Pin.parse(image.policy.pin).until
    except InvalidPolicy as error:
        raise error.within(f"image {image.alias}") from None
    snapshot = reader.snapshot(image.repository) if until else None
    return snapshot is None or is_in_force(until, snapshot.listed_at)
