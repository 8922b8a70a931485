"""What Argo CD's Parameters tab is told of a source: its policy, and the images it has now.

Argo CD shows an announced value where the Application has no parameter of that name, and saves one
only when a person edits it (argo-cd, ui/src/app/shared/components/array-input). It shows the title
and not the tooltip. So the title says what is so, and each value is one that may be saved: what is
chosen stands under ``<alias>.pin``, where another tag is what a person means by writing it. It
does not stand under ``image-lock``: editing one image of a map saves all of them, and holds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.core.image import reference_suffix
from cmp.core.keys import IMAGE_LIST, KEYS, split_alias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cmp.core.image_list import ManagedImage
    from cmp.core.injection import Choice

_MEANINGS = {key.name: key.meaning.replace("`", "") for key in KEYS}
_MOST = 300
"""Characters of a title: it stands beside a field."""


class Announcement(NamedTuple):
    """One parameter that Argo CD offers (argo-cd, repository.proto: ParameterAnnouncement)."""

    name: str
    title: str
    tooltip: str
    string: str

    def as_json(self) -> dict[str, str]:
        """Return it as Argo CD reads it."""
        return {**self._asdict(), "collectionType": "string"}


class Now(NamedTuple):
    """What an image is now, and why."""

    image: ManagedImage
    choice: Choice | None
    """None where it is Git's."""
    said: str
    """Why and since when."""


def announce(
    keys: Mapping[str, str], images: Iterable[Now], problem: str = ""
) -> list[Announcement]:
    """Return what to offer: the image-list, then each image with what its owner would edit.

    Other keys only where they are set. A ``problem`` is told beside the image-list.
    """
    rows: dict[str, Announcement] = {}
    for row in _rows(keys, images, problem):
        rows.setdefault(row.name, row)
    return list(rows.values())


def _rows(keys: Mapping[str, str], images: Iterable[Now], problem: str) -> Iterator[Announcement]:
    yield _key(IMAGE_LIST, keys.get(IMAGE_LIST, ""), problem)
    for now in images:
        # `_` stands for a slash in a key, and goes before it (cmp.core.image_list).
        alias, policy = now.image.alias.replace("/", "_"), now.image.policy
        yield _pin(alias, now)
        yield _key(f"{alias}.update-strategy", policy.strategy)
        yield _key(f"{alias}.allow-tags", policy.allow_tags)
        for name, value in keys.items():
            if name.startswith(f"{alias}.") and value.strip():
                yield _key(name, value)
    for name, value in keys.items():
        if value.strip():
            yield _key(name, value)


def _pin(alias: str, now: Now) -> Announcement:
    name, pin = f"{alias}.pin", now.image.policy.pin
    title = _short(f"{name}: {now.said}")
    return Announcement(name, title, _MEANINGS["pin"], pin or _written(now.choice))


def _written(choice: Choice | None) -> str:
    """Return the choice as a pin, which names a tag; nothing where there is none."""
    if choice is None or not choice.tag:
        return ""
    return reference_suffix(choice.tag, choice.digest).removeprefix(":")


def _key(name: str, value: str, problem: str = "") -> Announcement:
    split = split_alias(name)
    meaning = _MEANINGS.get(split[1] if split else name, "no key that is known; it is ignored")
    return Announcement(name, _short(f"{name}: {problem or meaning}"), meaning, value)


def _short(title: str) -> str:
    line = " ".join(title.split())
    return line if len(line) <= _MOST else f"{line[: _MOST - 1]}…"
