"""The table of Helm options: what plugin.yaml announces and docs/parameters.md has."""

from cmp.renderers.options import Option

_HELM = "spec.source.helm"

HELM_OPTIONS: tuple[Option, ...] = (
    Option(
        "helm.valueFiles",
        "array",
        f"{_HELM}.valueFiles",
        "files of the repository, from its root with `/` in front; globs, `https://` and "
        "`http://` addresses; `$ARGOCD_APP_NAME` and its like are replaced",
    ),
    Option(
        "helm.ignoreMissingValueFiles",
        "string",
        f"{_HELM}.ignoreMissingValueFiles",
        "`true`: a value file that does not exist is left out",
    ),
    Option("helm.values", "string", f"{_HELM}.values", "values as YAML; they win over all files"),
    Option(
        "helm.valuesObject",
        "string",
        f"{_HELM}.valuesObject",
        "values as YAML; `helm.values` then has no effect",
    ),
    Option(
        "helm.parameters",
        "map",
        f"{_HELM}.parameters",
        "name to value, typed as helm does; `$ARGOCD_APP_NAME` and its like are replaced",
    ),
    Option(
        "helm.forceStringParameters",
        "map",
        f"{_HELM}.parameters with forceString",
        "name to value, always a string; `$ARGOCD_APP_NAME` and its like are replaced",
    ),
    Option(
        "helm.fileParameters",
        "map",
        f"{_HELM}.fileParameters",
        "name to the file that holds the value; paths as in `helm.valueFiles`, without globs",
    ),
    Option(
        "helm.releaseName",
        "string",
        f"{_HELM}.releaseName",
        "the release's name; else the Application's",
    ),
    Option(
        "helm.namespace",
        "string",
        f"{_HELM}.namespace",
        "the namespace helm is told; else the destination's",
    ),
    Option(
        "helm.kubeVersion",
        "string",
        f"{_HELM}.kubeVersion",
        "the Kubernetes version helm is told; else the cluster's",
    ),
    Option(
        "helm.apiVersions",
        "array",
        f"{_HELM}.apiVersions",
        "the APIs helm is told, as `group/version` and `group/version/Kind`; else the cluster's",
    ),
    Option("helm.skipCrds", "string", f"{_HELM}.skipCrds", "`true`: without the chart's `crds/`"),
    Option("helm.skipTests", "string", f"{_HELM}.skipTests", "`true`: without its test hooks"),
    Option(
        "helm.skipSchemaValidation",
        "string",
        f"{_HELM}.skipSchemaValidation",
        "`true`: values are not held against `values.schema.json`",
    ),
)
