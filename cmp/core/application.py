"""An Argo CD Application, as far as images and rendering are concerned."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cmp.core.image_list import for_source
from cmp.core.keys import PREFIX, SOURCE, nearest, policy_keys
from cmp.core.native_helm import OBJECTS, native_helm
from cmp.core.native_kustomize import native_kustomize
from cmp.core.parameters import Value, parse_parameters
from cmp.core.record import SourceId, without_credentials
from cmp.errors import InvalidApplication, InvalidPolicy

PLUGIN = "image-cmp"
HELM, KUSTOMIZE = "Helm", "Kustomize"
"""Kinds of native sources that take images (argo-cd, types.go ApplicationSourceType)."""


@dataclass(frozen=True, slots=True)
class Source:
    """One of an Application's sources."""

    id: SourceId
    name: str
    plugin: str | None
    """Name of the plugin that renders it; None for a native source."""
    parameters: Mapping[str, Value]
    """Plugin parameters, or those a native source's options convert to."""
    is_reference: bool = False
    """Holds only files for other sources (``ref:``) and renders nothing."""
    kind: str = ""
    """What Argo CD renders a native source as, where it says so: ``Helm``, ``Kustomize`` …"""


@dataclass(frozen=True, slots=True)
class Application:
    """One Application with the policy keys of its annotations."""

    name: str
    namespace: str
    destination_namespace: str
    annotations: Mapping[str, str]
    """Policy keys only, without their prefix."""
    sources: tuple[Source, ...]

    def instance(self, control_plane: str) -> str:
        """Return the name the plugin sees (argo-cd, util/argo: InstanceName)."""
        if not control_plane or not self.namespace or self.namespace == control_plane:
            return self.name
        return f"{self.namespace}_{self.name}"

    @property
    def is_native(self) -> bool:
        """Tell whether our plugin renders none of it."""
        return all(source.plugin != PLUGIN for source in self.sources)

    @property
    def policy_sources(self) -> tuple[Source, ...]:
        """The sources whose images the annotations may speak of.

        Those of our plugin; of a native Application those that render anything.
        """
        if not self.is_native:
            return tuple(source for source in self.sources if source.plugin == PLUGIN)
        return tuple(s for s in self.sources if s.plugin is None and not s.is_reference)

    @property
    def policy_source(self) -> Source | None:
        """The one of `policy_sources` that they speak of by default: the first.

        Of native ones the first that Argo CD says takes images, as argocd-image-updater has it
        (reference/image-updater.md §3).
        """
        found = self.policy_sources
        return next((s for s in found if s.kind in (HELM, KUSTOMIZE)), next(iter(found), None))

    def policy(self, source: Source) -> Mapping[str, str]:
        """Return the annotations' policy keys that apply to ``source``.

        They speak of the `policy_source`, but for images whose key ``source`` names another.
        Raises `InvalidPolicy` for one that names none.
        """
        is_default = source is self.policy_source
        named = {v.strip() for key, v in self.annotations.items() if key.endswith(f".{SOURCE}")}
        if not named - {""}:
            return self.annotations if is_default else {}
        known = {name for s in self.sources for name in (s.name, s.id.path)} - {""}
        for name in sorted(named - known - {""}):
            raise InvalidPolicy(
                f"no source is called {name!r}; they are {', '.join(sorted(known))}"
                f"{nearest(name, known)}",
                where=SOURCE,
            )
        if source not in self.policy_sources:
            return {}
        return for_source(self.annotations, (source.name, source.id.path), is_default=is_default)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def parse_application(manifest: Mapping[str, Any]) -> Application:
    """Read an Application manifest; raise `InvalidApplication` naming the field."""
    metadata = _mapping(manifest, "metadata")
    name = _text(metadata, "name", "metadata")
    if not name:
        raise InvalidApplication("the Application has no name", where="metadata.name")
    spec = _mapping(manifest, "spec")
    sources = spec.get("sources")
    if sources in (None, []):
        sources = [spec["source"]] if "source" in spec else []
    if not isinstance(sources, list) or not sources:
        raise InvalidApplication("write source or a list of sources", where="spec.source")
    return Application(
        name=name,
        namespace=_text(metadata, "namespace", "metadata"),
        destination_namespace=_text(_mapping(spec, "destination"), "namespace", "spec.destination"),
        annotations=_policy_annotations(metadata),
        sources=tuple(map(_source, sources, _kinds(manifest, len(sources)))),
    )


def _kinds(manifest: Mapping[str, Any], sources: int) -> list[str]:
    """Return what Argo CD has found each source to be, where it has."""
    status = manifest.get("status") or {}
    found = status.get("sourceTypes") or [status.get("sourceType") or ""]
    return [str(found[number]) if number < len(found) else "" for number in range(sources)]


def _source(manifest: Any, found: str) -> Source:
    if not isinstance(manifest, dict):
        raise InvalidApplication("a source is not a mapping", where="spec.source")
    plugin = manifest.get("plugin")
    if plugin is None:
        parameters, name = _native_parameters(manifest), None
        parameters |= native_kustomize(_mapping(manifest, "kustomize"))
    else:
        plugin = _mapping(manifest, "plugin")
        parameters, name = parse_parameters(plugin.get("parameters")), str(plugin.get("name") or "")
    where = "spec.source"
    return Source(
        id=SourceId(
            repo_url=without_credentials(_text(manifest, "repoURL", where)),
            path=_text(manifest, "path", where),
            chart=_text(manifest, "chart", where),
            target_revision=_text(manifest, "targetRevision", where),
        ),
        name=_text(manifest, "name", where),
        plugin=name,
        parameters=parameters,
        is_reference="ref" in manifest and not manifest.get("path") and not manifest.get("chart"),
        kind=_kind(manifest, found) if name is None else "",
    )


def _kind(manifest: Mapping[str, Any], found: str) -> str:
    """Return what a native source is: as it says outright, else as Argo CD has found it to be.

    (argo-cd, types.go ExplicitType.)
    """
    kinds = (HELM, KUSTOMIZE, "Directory")
    said = [kind for kind in kinds if manifest.get(kind.lower()) is not None]
    return said[0] if len(said) == 1 else HELM if manifest.get("chart") else found


# Argo CD takes the helm it has for either of these versions and refuses any other, and a chart
# in Git needs no credentials (argo-cd, util/helm NewCmd; reposerver/repository).
_WITHOUT_EFFECT = {"helm.version": ("v3", "v4"), "helm.passCredentials": (True,)}


def _native_parameters(manifest: Mapping[str, Any]) -> dict[str, Value]:
    """Return a native source's options as the plugin parameters named after them.

    An option that is no parameter yet keeps its name, so that rendering refuses it by name.
    """
    parameters: dict[str, Value] = {}
    for kind in ("helm", "kustomize", "directory"):
        for option, value in _mapping(manifest, kind).items():
            name = f"{kind}.{option}"
            if value in (None, "", [], {}, False) or name in OBJECTS:
                continue
            if value in _WITHOUT_EFFECT.get(name, ()):
                continue
            if isinstance(value, int | float) and not isinstance(value, bool):
                raise InvalidApplication(
                    f"{value!r} is a number; put it in quotes", where=f"spec.source.{name}"
                )
            if isinstance(value, list) and all(isinstance(element, str) for element in value):
                parameters[name] = tuple(value)
            else:
                text = "true" if value is True else str(value)
                parameters[name] = text
    return parameters | native_helm(_mapping(manifest, "helm"))


def _mapping(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidApplication("not a mapping", where=key)
    return value


def _policy_annotations(metadata: Mapping[str, Any]) -> dict[str, str]:
    annotations = _mapping(metadata, "annotations")
    keys = policy_keys({str(name): value for name, value in annotations.items()})
    for name, value in keys.items():
        if not isinstance(value, str):
            raise InvalidApplication(
                f"{PREFIX}{name} is {value!r}, which YAML does not read as text; put it in quotes",
                where="metadata.annotations",
            )
    return keys


def _text(parent: Mapping[str, Any], key: str, where: str) -> str:
    value = parent.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidApplication(f"{value!r} is no text; put it in quotes", where=f"{where}.{key}")
    return value
