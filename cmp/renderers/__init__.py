"""The renderers: what a source directory is, and how Argo CD would render it natively."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.keys import OWN_PARAMETERS, is_policy_key, nearest
from cmp.errors import InvalidSource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from cmp.core.injection import Choice
    from cmp.settings import RenderRequest

    class Renderer(Protocol):
        """A module of this package."""

        OPTIONS: tuple[str, ...]
        """The native options it takes, as plugin parameters."""

        def render(self, job: Job) -> bytes:
            """Return the manifests, as the native tool prints them.

            Raises `InvalidSource`, `RenderRefused` or `ToolFailed`; never returns a part.
            """


class Job(NamedTuple):
    """One source directory to render."""

    directory: str
    """Absolute: the application's source directory."""
    root: str
    """Absolute: the repository's root; no option may lead out of it."""
    request: RenderRequest
    choices: tuple[Choice, ...]
    env: Mapping[str, str]
    """For the children: as this process has it."""
    locks: tuple[int, ...] = ()
    """Of this render: open files that the children hold on to besides us."""


RENDERERS: Mapping[str, str] = MappingProxyType(
    {
        "helm": "cmp.renderers.helm",
        "kustomize": "cmp.renderers.kustomize",
        "directory": "cmp.renderers.directory",
    }
)

_BY_NO_PLUGIN: Mapping[str, str] = MappingProxyType(
    {
        "helm.version": "the sidecar has one helm, and so has Argo CD itself; leave it out",
        "kustomize.version": "Argo CD tells a plugin nothing of the versions registered with it; "
        "leave it out to have the sidecar's kustomize, or leave this Application native",
        "directory.jsonnet": "jsonnet is evaluated by Argo CD only; render it to YAML in the "
        "repository, or leave this Application native",
    }
)

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""In the order in which kustomize looks for them."""


def detect(names: list[str]) -> str:
    """Return which renderer a directory with these files is for.

    As Argo CD does (argo-cd, util/app/discovery): files are taken in the order of bytes and
    the last that says anything decides, so a kustomization beside a Chart.yaml wins.
    """
    kind = "directory"
    for name in sorted(names):
        if name.endswith("Chart.yaml"):
            kind = "helm"
        elif name in KUSTOMIZATIONS:
            kind = "kustomize"
    return kind


def renderer(kind: str) -> Renderer:
    """Return the renderer called ``kind``."""
    return import_module(RENDERERS[kind])


def is_option(name: str) -> bool:
    """Tell whether a plugin parameter is a native option, and no policy key.

    ``helm.version`` could be the key ``version`` of an image called helm; to pass over a
    version that is asked for would be worse than to have that image renamed.
    """
    return name in _BY_NO_PLUGIN or (name not in OWN_PARAMETERS and not is_policy_key(name))


def check_options(kind: str, names: list[str]) -> None:
    """Raise `InvalidSource` for a parameter the renderer does not take."""
    options = renderer(kind).OPTIONS
    for name in names:
        if name in options:
            continue
        if name in _BY_NO_PLUGIN:
            raise InvalidSource(_BY_NO_PLUGIN[name], where=name)
        other = name.partition(".")[0]
        if other in RENDERERS and other != kind:
            raise InvalidSource(f"the source is {kind}, so {name} has no place", where="parameters")
        hint = nearest(name, options) or f"; {kind} takes: {', '.join(options)}"
        raise InvalidSource(f"no parameter {name!r}{hint}", where="parameters")
