"""The options of ``spec.source.kustomize``, as plugin parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.renderers.options import Option, array, is_set, mapping, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, Self

    from cmp.core.parameters import Value


def _option(name: str, collection: Literal["string", "array", "map"], meaning: str) -> Option:
    return Option(f"kustomize.{name}", collection, f"spec.source.kustomize.{name}", meaning)


TABLE = (
    _option("namePrefix", "string", "goes before every name"),
    _option("nameSuffix", "string", "goes after every name"),
    _option("namespace", "string", "the namespace of every resource"),
    _option(
        "images",
        "array",
        "as for `kustomize edit set image`; `$ARGOCD_APP_NAME` and its like are replaced; an image "
        "that is chosen wins over one of the same name",
    ),
    _option("replicas", "map", "name of a workload to the number of its replicas"),
    _option("commonLabels", "map", "labels for all; `$ARGOCD_APP_NAME` and its like are replaced"),
    _option("commonAnnotations", "map", "annotations for all"),
    _option("forceCommonLabels", "string", "`true`: over labels that the kustomization has"),
    _option("forceCommonAnnotations", "string", "`true`: over annotations that it has"),
    _option(
        "commonAnnotationsEnvsubst", "string", "`true`: `$ARGOCD_APP_NAME` and its like in them too"
    ),
    _option("labelWithoutSelector", "string", "`true`: no common labels in selectors"),
    _option(
        "labelIncludeTemplates",
        "string",
        "`true`: common labels in templates, though not selectors",
    ),
    _option("patches", "string", "YAML, a list of `path` or `patch`, with `target` and `options`"),
    _option(
        "components", "array", "paths below the repository's root, from the source's directory"
    ),
    _option(
        "ignoreMissingComponents",
        "string",
        "`true`: of the components only the first that is there, as in Argo CD 3.6",
    ),
    _option("kubeVersion", "string", "for Helm charts in the kustomization"),
    _option("apiVersions", "array", "for Helm charts in the kustomization"),
)


class KustomizeOptions(NamedTuple):
    """All of them, with a value for each that is not given."""

    name_prefix: str
    name_suffix: str
    namespace: str
    images: tuple[str, ...]
    replicas: Mapping[str, str]
    common_labels: Mapping[str, str]
    common_annotations: Mapping[str, str]
    force_common_labels: bool
    force_common_annotations: bool
    common_annotations_envsubst: bool
    label_without_selector: bool
    label_include_templates: bool
    patches: str
    components: tuple[str, ...]
    ignore_missing_components: bool
    kube_version: str
    api_versions: tuple[str, ...]

    @classmethod
    def read(cls, given: Mapping[str, Value]) -> Self:
        """Return the options among the parameters; raise `InvalidSource` for a wrong value."""
        return cls(
            name_prefix=text(given, "kustomize.namePrefix"),
            name_suffix=text(given, "kustomize.nameSuffix"),
            namespace=text(given, "kustomize.namespace"),
            images=array(given, "kustomize.images"),
            replicas=mapping(given, "kustomize.replicas"),
            common_labels=mapping(given, "kustomize.commonLabels"),
            common_annotations=mapping(given, "kustomize.commonAnnotations"),
            force_common_labels=is_set(given, "kustomize.forceCommonLabels"),
            force_common_annotations=is_set(given, "kustomize.forceCommonAnnotations"),
            common_annotations_envsubst=is_set(given, "kustomize.commonAnnotationsEnvsubst"),
            label_without_selector=is_set(given, "kustomize.labelWithoutSelector"),
            label_include_templates=is_set(given, "kustomize.labelIncludeTemplates"),
            patches=text(given, "kustomize.patches"),
            components=array(given, "kustomize.components"),
            ignore_missing_components=is_set(given, "kustomize.ignoreMissingComponents"),
            kube_version=text(given, "kustomize.kubeVersion"),
            api_versions=array(given, "kustomize.apiVersions"),
        )
