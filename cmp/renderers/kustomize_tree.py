"""The kustomizations that one leads to in its repository, read without kustomize."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import yaml

from cmp.renderers import KUSTOMIZATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

_PATHS = (
    *("resources", "bases", "components", "crds", "configurations"),
    *("generators", "transformers", "validators", "patchesStrategicMerge"),
)
_OBJECTS = {
    "patches": ("path",),
    "patchesJson6902": ("path",),
    "replacements": ("path",),
    "openapi": ("path",),
    "configMapGenerator": ("files", "envs", "env"),
    "secretGenerator": ("files", "envs", "env"),
    "helmCharts": ("repo", "valuesFile", "additionalValuesFiles"),
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_CHARTS = ("helmCharts", "helmChartInflationGenerator")
_GENERATOR = "HelmChartInflationGenerator"


class Kustomization(NamedTuple):
    """What one names, as it is written there."""

    file: str
    paths: tuple[str, ...]
    charts: tuple[Mapping[str, Any], ...]


def kustomizations(directory: str, more: Iterable[str] = ()) -> Iterator[Kustomization]:
    """Return the kustomization in ``directory`` and all that it leads to; ``more`` of it first.

    What cannot be read is left to kustomize, which says why.
    """
    waiting = [directory, *(os.path.join(directory, path) for path in more)]
    seen: set[str] = set()
    while waiting:
        place = os.path.realpath(waiting.pop())
        if place in seen:
            continue
        seen.add(place)
        for file in _files(place):
            for content in _documents(file):
                paths = tuple(_paths(content))
                yield Kustomization(file, paths, tuple(_charts(content)))
                waiting += (os.path.join(os.path.dirname(file), path) for path in paths)


def text_of(file: str) -> str:
    """Return the text of a file in an encoding that YAML has, without the mark that says so."""
    with open(file, "rb") as opened:
        content = opened.read()
    return content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig")


def _files(place: str) -> list[str]:
    """Return a folder's kustomizations; a file may be the configuration of a generator."""
    names = (
        [os.path.join(place, name) for name in KUSTOMIZATIONS] if os.path.isdir(place) else [place]
    )
    return [name for name in names if os.path.isfile(name)]


def _documents(file: str) -> Iterator[Mapping[str, Any]]:
    is_kustomization = os.path.basename(file) in KUSTOMIZATIONS
    try:
        text = text_of(file)
        if not is_kustomization and _GENERATOR not in text:
            return
        for content in yaml.load_all(text, Loader=yaml.BaseLoader):  # only text
            if isinstance(content, dict):
                yield content
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return


def _charts(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if content.get("kind") == _GENERATOR:
        yield content
    for field in _CHARTS:
        yield from (item for item in _items(content.get(field)) if isinstance(item, dict))


def _paths(content: Mapping[str, Any]) -> Iterator[str]:
    """Return every path or URL that a kustomization, or a chart's generator, names."""
    if content.get("kind") == _GENERATOR:
        yield from _texts(content.get("repo"))
        return
    for field in _PATHS:
        yield from _texts(content.get(field))
    for field, names in _OBJECTS.items():
        for item in _items(content.get(field)):
            for name in names:
                yield from _texts(item.get(name) if isinstance(item, dict) else None)


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _texts(value: object) -> Iterator[str]:
    """Return the texts of one or a list; a block is YAML of its own, and no path."""
    for item in _items(value):
        if isinstance(item, str) and item and "\n" not in item:
            yield item
