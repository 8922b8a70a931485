"""Whose credentials a repository is asked with: those annotations name, then its registry's."""

import logging
from collections.abc import Mapping, Sequence

from cmp.core.image import Repository
from cmp.refresh.place import Place
from cmp.registry.auth.docker_config import place as host_and_path
from cmp.registry.auth.keychain import described
from cmp.registry.auth.reference import PullSecret, Reference, is_for

log = logging.getLogger(__name__)

Source = Reference | None
"""None for the registry's own."""


class Sources:
    """The order in which sources are tried, for each repository; what served is first."""

    def __init__(self) -> None:
        """Begin with none."""
        self._named: Mapping[Repository, Sequence[Reference]] = {}
        self._served: dict[Repository, Source] = {}
        self._told: dict[tuple[Repository, Reference], str] = {}

    def begin(self, named: Mapping[Repository, Sequence[Reference]]) -> None:
        """Begin a pass with what annotations name; of other repositories nothing is kept."""
        self._named = named
        self._served = {r: source for r, source in self._served.items() if r in named}
        self._told = {key: why for key, why in self._told.items() if key[0] in named}

    def of(self, place: Place, repository: Repository) -> list[Source]:
        """Return those that may be sent to a place for a repository.

        Where it is listed elsewhere than its name says, what is named for it goes only where
        that is said.
        """
        is_elsewhere = place.registry.prefix and place.host != host_and_path(repository.host)[0]
        named = [
            reference
            for reference in self._named.get(repository, ())
            if is_for(reference, place.host)
            and (reference.registry or isinstance(reference, PullSecret) or not is_elsewhere)
        ]
        sources = [*named, None]
        if repository in self._served:
            sources.sort(key=lambda source: source != self._served[repository])
        return sources

    def served(self, repository: Repository, source: Source) -> None:
        """Note that one did."""
        self._served[repository] = source

    def failed(self, repository: Repository, source: Source, why: str) -> None:
        """Log once that a pull-secret did not do: others may do instead."""
        if source is not None and self._told.get((repository, source)) != why:
            self._told[repository, source] = why
            where = {"repository": repository, "source": described(source)}
            log.warning("pull-secret not used", extra={**where, "reason": why})
