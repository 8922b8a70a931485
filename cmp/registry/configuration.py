"""``registries.conf``, as argocd-image-updater's users have it.

Which registry an image belongs to: reference/image-updater.md §4, less its order-dependence.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Self, TypeVar

from cmp.core.image import DOCKER_HUB, Repository
from cmp.core.keys import nearest
from cmp.errors import InvalidInput
from cmp.registry.entries import Read, ignored_keys, read_entry
from cmp.registry.registry import DOCKER_HUB_API, DOCKER_HUB_LIMIT, Registry, ScanAs, is_under

__all__ = ["Registries", "Registry", "ScanAs"]

_LOOPBACK = re.compile(r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?")
_Entry = TypeVar("_Entry", Registry, ScanAs)


@dataclass(frozen=True, slots=True)
class Registries:
    """All configured registries."""

    entries: tuple[Registry, ...] = ()
    notes: tuple[str, ...] = ()
    """What has no effect, a sentence each."""
    listed_elsewhere: tuple[ScanAs, ...] = ()

    @classmethod
    def parse(cls, document: Any, *, read: Read) -> Self:
        """Read the file's parsed YAML; raise `InvalidInput` naming entry and key.

        ``read`` is what returns the text of the file that a ``ca_file`` names.
        """
        listed = _listed(document)
        all_entries = [read_entry(item, number, read) for number, item in enumerate(listed, 1)]
        entries = tuple(entry for entry in all_entries if isinstance(entry, Registry))
        elsewhere = tuple(entry for entry in all_entries if isinstance(entry, ScanAs))
        _refuse_two_defaults(entries)
        _refuse_two_for_one_place(all_entries)
        for entry in elsewhere:
            _refuse_two_steps(entry, entries, elsewhere)
        notes = (f"registries.conf: {note}" for item in listed for note in ignored_keys(item))
        return cls(entries, tuple(notes), elsewhere)

    def locate(self, repository: Repository) -> tuple[Registry, str]:
        """Return the registry that is asked about ``repository``, and the path to ask it for.

        It is the one with the longest prefix that ends where a part of the name does. A
        repository on Docker Hub belongs to the default registry where one is set, and any
        other to the host it names. Under a prefix with ``scan_as`` that is looked for instead.

        Raises `InvalidInput` when the repository is such a prefix, and no image under it.
        """
        registry = _closest(self.entries, str(repository))
        elsewhere = _closest(self.listed_elsewhere, str(repository))
        if elsewhere and (registry is None or len(registry.prefix) < len(elsewhere.prefix)):
            repository = elsewhere.listed(repository)
            registry = _closest(self.entries, str(repository))
        registry = registry or self._without_prefix(repository)
        return registry, registry.path(repository)

    def _without_prefix(self, repository: Repository) -> Registry:
        """Return the registry of what no prefix is for."""
        if repository.host == DOCKER_HUB:
            # The one that says so comes before the one that only has no prefix.
            for entry in sorted(self.entries, key=lambda entry: not entry.is_default):
                if entry.is_default or not entry.prefix:
                    return entry
            return Registry("Docker Hub", DOCKER_HUB_API, DOCKER_HUB, limit=DOCKER_HUB_LIMIT)
        scheme = "http" if _LOOPBACK.fullmatch(repository.host) else "https"
        return Registry(repository.host, f"{scheme}://{repository.host}", repository.host)


def _closest(entries: Iterable[_Entry], place: str) -> _Entry | None:
    around = [entry for entry in entries if is_under(place, entry.prefix)]
    return max(around, key=lambda entry: len(entry.prefix), default=None)


def _listed(document: Any) -> list[Any]:
    for key in document if isinstance(document, dict) else ():
        if key != "registries":
            raise InvalidInput(f"no key {key!r}{nearest(str(key), ['registries'])}")
    listed = document.get("registries") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise InvalidInput("write a list under the key registries")
    return listed


def _refuse_two_defaults(entries: Sequence[Registry]) -> None:
    defaults = [entry for entry in entries if entry.is_default]
    if len(defaults) > 1:
        raise InvalidInput(
            f"cannot set registry {defaults[1].name} as default: "
            f"only one can be, and {defaults[0].name} is"
        )
    nameless = [entry for entry in entries if not entry.prefix]
    if len(nameless) > 1:
        raise InvalidInput(
            f"there must be only one default registry (already is {nameless[0].name}); "
            f"give {nameless[1].name} a prefix"
        )


def _refuse_two_for_one_place(entries: Sequence[Registry | ScanAs]) -> None:
    for one, other in combinations(entries, 2):
        if one.prefix == other.prefix:
            raise InvalidInput(
                f"{one.name} and {other.name} have the same prefix {one.prefix!r}; remove one"
            )


def _refuse_two_steps(
    entry: ScanAs, entries: Sequence[Registry], elsewhere: Sequence[ScanAs]
) -> None:
    """Raise `InvalidInput` when an image at ``entry.scan_as`` can be one that is listed elsewhere.

    That is: the closest prefix around it has ``scan_as``, or one within it has.
    """
    where = f"registry {entry.name}: scan_as"
    around = _closest(elsewhere, entry.scan_as)
    asked = _closest(entries, entry.scan_as)
    within = [other for other in elsewhere if is_under(other.prefix, entry.scan_as)]
    if around and (asked is None or len(asked.prefix) < len(around.prefix)):
        within.insert(0, around)
    for other in within:
        if other is entry:
            raise InvalidInput(
                f"{entry.scan_as} and its own prefix {entry.prefix} are not apart, so it leads "
                f"back to {entry.name}; write a place outside",
                where=where,
            )
        raise InvalidInput(
            f"{entry.scan_as} leads to registry {other.name}, which has scan_as itself "
            f"({other.prefix} as {other.scan_as}), and {entry.name} may take one step only; "
            "write the place where images are listed",
            where=where,
        )
