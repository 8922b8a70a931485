"""Which plugin parameter replaces which native option, and how the one is written as the other."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from cmp.core.keys import nearest
from cmp.errors import InvalidApplication


class Kind(Enum):
    """How a native option is written, and the plugin parameter that replaces it."""

    TEXT = "text"
    """A text, and the same text."""
    TRUTH = "truth"
    """``true``, and the text ``"true"``."""
    LIST = "list"
    """A list of texts, and the same list."""
    MAP = "map"
    """A map of texts, and the same map."""
    YAML = "yaml"
    """Anything, and a text that is YAML."""
    PAIRS = "pairs"
    """A list of names and values, and a map."""

    @property
    def collection(self) -> str:
        """The field of a plugin parameter that holds it."""
        collections = {Kind.LIST: "array", Kind.MAP: "map", Kind.PAIRS: "map"}
        return collections.get(self, "string")


class Option(NamedTuple):
    """One native option and the parameter that replaces it."""

    section: str
    field: str
    kind: Kind
    parameter: str
    item: str = ""
    """Of pairs: the field of each that holds its value."""
    is_forced: bool = False
    """Of pairs: they have ``forceString: true``."""


def _options(section: str, kind: Kind, *fields: str) -> dict[str, Option]:
    return {
        f"{section}.{field}": Option(section, field, kind, f"{section}.{field}") for field in fields
    }


def _pairs(section: str, field: str, item: str) -> dict[str, Option]:
    name = f"{section}.{field}"
    return {name: Option(section, field, Kind.PAIRS, name, item)}


_FORCED = "helm.forceStringParameters"
OPTIONS: dict[str, Option] = {
    **_options("helm", Kind.LIST, "valueFiles", "apiVersions"),
    **_options("helm", Kind.TEXT, "values", "releaseName", "namespace", "kubeVersion"),
    **_options("helm", Kind.YAML, "valuesObject"),
    **_pairs("helm", "parameters", "value"),
    _FORCED: Option("helm", "parameters", Kind.PAIRS, _FORCED, "value", is_forced=True),
    **_pairs("helm", "fileParameters", "path"),
    **_options("helm", Kind.TRUTH, "ignoreMissingValueFiles", "skipCrds", "skipTests"),
    **_options("helm", Kind.TRUTH, "skipSchemaValidation"),
    **_options("kustomize", Kind.TEXT, "namePrefix", "nameSuffix", "namespace", "kubeVersion"),
    **_options("kustomize", Kind.LIST, "images", "components", "apiVersions"),
    **_pairs("kustomize", "replicas", "count"),
    **_options("kustomize", Kind.MAP, "commonLabels", "commonAnnotations"),
    **_options("kustomize", Kind.TRUTH, "forceCommonLabels", "forceCommonAnnotations"),
    **_options("kustomize", Kind.TRUTH, "commonAnnotationsEnvsubst", "labelWithoutSelector"),
    **_options("kustomize", Kind.TRUTH, "labelIncludeTemplates", "ignoreMissingComponents"),
    **_options("kustomize", Kind.YAML, "patches"),
    **_options("directory", Kind.TRUTH, "recurse", "disableExtensionFilter"),
    **_options("directory", Kind.TEXT, "include", "exclude"),
}
"""By the parameter's name: all that the plugin understands (cmp.renderers, OPTIONS)."""

SECTIONS = ("helm", "kustomize", "directory")
WITHOUT_PARAMETER = (
    "helm.version",
    "helm.passCredentials",
    "kustomize.version",
    "directory.jsonnet",
)
"""Native options that the plugin has none for (cmp.core.conversion.reasons says why)."""


def native_option(section: str, field: str) -> Option | None:
    """Return the option of a native field, None where no parameter replaces it.

    Raises `InvalidApplication` for a field that Argo CD does not have.
    """
    name = f"{section}.{field}"
    if name in OPTIONS and name != _FORCED:
        return OPTIONS[name]
    if name in WITHOUT_PARAMETER:
        return None
    known = [o.field for o in OPTIONS.values() if o.section == section]
    raise InvalidApplication(
        f"no option {field!r}{nearest(field, known)}; correct it, for Argo CD does not know it",
        where=f"spec.source.{section}",
    )


def forced(option: Option) -> Option:
    """Return the option that takes the pairs of another with ``forceString: true``."""
    return OPTIONS[_FORCED] if option.parameter == "helm.parameters" else option
