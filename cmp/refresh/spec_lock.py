"""The parameter ``image-lock`` in the sources of an Application: what is there, what is to be.

With ``write-back-method: argocd`` it stands in the spec (design §6). Everything else there is
somebody else's: other parameters, their order and fields that we do not know stay.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cmp.core.application import PLUGIN, Application, Source
from cmp.core.keys import IMAGE_LOCK
from cmp.refresh.observed import Locks, Observed
from cmp.refresh.wanted import Wanted


def is_written(app: Observed, wanted: Wanted) -> bool:
    """Tell whether the spec has all images as they are wanted."""
    return pending(app, wanted) == 0


def pending(app: Observed, wanted: Wanted) -> int:
    """Return how many images stand in the spec otherwise than they are wanted."""
    locks = zip(_desired_locks(app, wanted), app.locks, strict=True)
    return sum(
        len({alias for alias, _ in lock.items() ^ (present or {}).items()})
        for lock, present in locks
        if lock is not None
    )


def written_sources(app: Observed, wanted: Wanted) -> list[dict[str, Any]]:
    """Return the spec's sources with what each is to have; a lock of nothing is left out."""
    locks = zip(app.sources, _desired_locks(app, wanted), app.locks, strict=True)
    return [
        dict(source) if lock in (None, present or {}) else with_lock(source, lock or None)
        for source, lock, present in locks
    ]


def with_lock(source: Mapping[str, Any], lock: Mapping[str, str] | None) -> dict[str, Any]:
    """Return a source with this lock, where one was before or else at the end; None for none."""
    plugin = dict(source["plugin"])
    parameters: list[Mapping[str, Any]] = []
    place = None
    for parameter in plugin.get("parameters") or ():
        if parameter.get("name") != IMAGE_LOCK:
            parameters.append(parameter)
        elif place is None:
            place = len(parameters)
    if lock is not None:
        at = len(parameters) if place is None else place
        parameters.insert(at, {"name": IMAGE_LOCK, "map": dict(lock)})
    plugin["parameters"] = parameters
    return {**source, "plugin": plugin}


def given_by_spec(app: Observed, wanted: Wanted) -> str:
    """Return what the spec has other than decided, where nothing else keeps it from running.

    Such a parameter is a person's, or was left by ``write-back-method: argocd``, and goes
    before every decision.
    """
    given = []
    locks = {s.id: lock for s, lock in zip(app.application.sources, app.locks, strict=True)}
    for image in wanted.images:
        if image.is_among(app.seen(image.repository)):
            continue
        there = (locks.get(image.source) or {}).get(image.alias, "")
        if there in ("", image.locked):
            return ""
        given.append(f"{image.alias} {there}")
    return ", ".join(given)


def without_locks(application: Application) -> Application:
    """Return an Application as its owner wrote it: without what we write into its spec."""
    if not any(IMAGE_LOCK in source.parameters for source in application.sources):
        return application
    return replace(
        application,
        sources=tuple(
            replace(
                source,
                parameters={n: v for n, v in source.parameters.items() if n != IMAGE_LOCK},
            )
            for source in application.sources
        ),
    )


def _desired_locks(app: Observed, wanted: Wanted) -> Locks:
    """Return what each source of the spec is to have; None where it is left as it is.

    An image of the image-list for which nothing is decided keeps what it has: that there is no
    decision is no wish for Git's image. What is no image of the list goes.
    """
    return tuple(
        _desired(source, lock, wanted)
        for source, lock in zip(app.application.sources, app.locks, strict=True)
    )


def _desired(
    source: Source, present: Mapping[str, str] | None, wanted: Wanted
) -> Mapping[str, str] | None:
    if source.plugin != PLUGIN or source.id not in wanted.in_spec:
        return None
    aliases, lock = wanted.in_spec[source.id], wanted.lock(source.id)
    return _of(present or {}, aliases) | lock


def _of(lock: Mapping[str, str], aliases: Iterable[str]) -> dict[str, str]:
    return {alias: lock[alias] for alias in sorted(aliases) if alias in lock}
