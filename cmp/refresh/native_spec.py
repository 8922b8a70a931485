"""Images in the spec of a native Application: Helm parameters, Kustomize images.

Everything else there is somebody else's, and stays: other entries, their order, fields that we
do not know (reference/image-updater.md §5).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cmp.core.application import HELM, KUSTOMIZE
from cmp.core.injection import Choice
from cmp.refresh.observed import Observed
from cmp.writeback.helm_parameters import parameters
from cmp.writeback.kustomize_images import placed

Source = Mapping[str, Any]
_PLACES = {HELM: ("helm", "parameters"), KUSTOMIZE: ("kustomize", "images")}
KINDS = tuple(_PLACES)
"""Of sources that take images."""


def with_choices(source: Source, kind: str, choices: Sequence[Choice]) -> Source:
    """Return a source of one of the `KINDS` with these images; raise `InvalidPolicy`."""
    if not choices:
        return source
    section, name = _PLACES[kind]
    merged = _with_parameters if kind == HELM else _with_images
    present = source.get(section) or {}
    return {**source, section: {**present, name: merged(present.get(name) or (), choices)}}


def says_otherwise(before: Source, after: Source, kind: str) -> bool:
    """Tell whether an entry of a source has another value after `with_choices`."""
    section, name = _PLACES[kind]

    def values(source: Source) -> list[Any]:
        listed = (source.get(section) or {}).get(name) or ()
        return [item.get("value") if isinstance(item, Mapping) else item for item in listed]

    return any(one != other for one, other in zip(values(before), values(after), strict=False))


def spec_patch(app: Observed, sources: Sequence[Source]) -> dict[str, Any]:
    """Return the merge patch that gives the spec these sources, as long as it is as it was seen.

    Of several sources a merge patch takes all.
    """
    body: dict[str, Any] = {"metadata": {"resourceVersion": app.resource_version}}
    if app.is_multi_source:
        return {**body, "spec": {"sources": list(sources)}}
    (before,), (after,) = app.sources, sources
    changed = {name: value for name, value in after.items() if value != before.get(name)}
    return {**body, "spec": {"source": changed}}


def _with_parameters(listed: Sequence[Mapping[str, Any]], choices: Sequence[Choice]) -> list[Any]:
    values = {parameter.name: parameter.value for parameter in parameters(choices)}
    names = {item.get("name") for item in listed}
    return [
        *(
            {**item, "value": values[item["name"]], "forceString": True}
            if item.get("name") in values
            else item
            for item in listed
        ),
        *(
            {"name": name, "value": value, "forceString": True}
            for name, value in values.items()
            if name not in names
        ),
    ]


def _with_images(listed: Sequence[str], choices: Sequence[Choice]) -> list[str]:
    put, more = placed(listed, choices)
    return [*(put.get(number, image) for number, image in enumerate(listed)), *more]
