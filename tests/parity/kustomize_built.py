"""What needs options of ``kustomize build``: charts, and files from elsewhere in the repository."""

from typing import Any, NamedTuple

from tests.parity.kustomize_skeleton import AXES, FILES, RESOURCES, app
from tests.support.judge import Axes, Source

_HELM = "--enable-helm"
_CHART = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-made, namespace: {{ .Release.Namespace }}}
data:
  kube: {{ .Capabilities.KubeVersion | quote }}
  has: {{ .Capabilities.APIVersions.Has "sample/v2" | quote }}
  values: {{ .Values | toJson | quote }}
---
{{- if .Values.deployed }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec: {template: {spec: {containers: [{name: a, image: "nginx:{{ .Values.tag }}"}]}}}
{{- end }}
"""
_TEST = """\
apiVersion: v1
kind: Pod
metadata: {name: tested, annotations: {helm.sh/hook: test}}
spec: {containers: [{name: a, image: nginx}]}
"""
_CRD = (
    "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a.b}}\n"
)


def _chart(folder: str) -> dict[str, Any]:
    return {
        f"{folder}/Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n",
        f"{folder}/values.yaml": "{deployed: true, tag: v1, list: [a], map: {a: 1, b: 2}}\n",
        f"{folder}/templates/made.yaml": _CHART,
        f"{folder}/templates/test.yaml": _TEST,
        f"{folder}/crds/crd.yaml": _CRD,
    }


_CHARTED: Axes = {
    **AXES,
    "kubeVersion": [None, "v1.30.2+IKS", "1.29"],
    "apiVersions": [None, ["sample/v2", "apps/v1/Deployment"]],
    ".apiVersions": [None, []],
    "images": [None, ["nginx:9"]],
    "namespace": [None, "web"],
}


class Built(NamedTuple):
    """A source, and what its Argo CD has as ``kustomize.buildOptions``."""

    options: str
    source: Source

    def asked(self) -> Source:
        """Return the source with these options in each request."""
        options = [{"buildOptions": self.options}]
        return self.source._replace(axes={**self.source.axes, ".kustomizeOptions": options})


SOURCES: dict[str, Built] = {
    "charts": Built(
        _HELM,
        app(
            f"{RESOURCES}helmCharts:\n"
            "- {name: x, releaseName: first, namespace: own, includeCRDs: true,\n"
            "   valuesInline: {tag: 1.10, list: [c], map: {b: null, big: 9007199254740993}}}\n"
            "- {name: x, version: 1.0.0, valuesFile: own.yaml, skipTests: true,\n"
            "   additionalValuesFiles: [more.yaml], nameTemplate: named, valuesMerge: replace,\n"
            "   valuesInline: {deployed: false}, kubeVersion: 1.28.0, apiVersions: [a/v1]}\n",
            {
                **_chart("app/charts/x"),
                "app/own.yaml": "tag: own\nmap: {c: 3}\n",
                "app/more.yaml": "tag: more\n",
            },
            _CHARTED,
        ),
    ),
    "charts in a base, from elsewhere": Built(
        f"{_HELM} --load-restrictor LoadRestrictionsNone",
        app(
            "resources: [../base]\nnamespace: x\n",
            {
                "base/kustomization.yaml": "helmGlobals: {chartHome: ../vendored}\n"
                "helmCharts: [{name: x, releaseName: r, valuesFile: ../vendored/v.yaml}]\n",
                "vendored/v.yaml": "tag: vendored\n",
                **_chart("vendored/x"),
            },
        ),
    ),
    "the generator of charts, by field and by file": Built(
        _HELM,
        app(
            "helmChartInflationGenerator: [{chartName: x, releaseName: a, chartHome: charts}]\n"
            "generators: [generator.yaml]\n",
            {
                **_chart("app/charts/x"),
                "app/generator.yaml": "apiVersion: builtin\nkind: HelmChartInflationGenerator\n"
                "metadata: {name: any}\nname: x\nreleaseName: b\n"
                "skipTests: true\nvaluesInline: {tag: made}\n",
            },
        ),
    ),
    "files above the kustomization": Built(
        " --load-restrictor   LoadRestrictionsNone ",
        app(
            "resources: [../shared.yaml]\nconfigMapGenerator: [{name: settings, files: [../a]}]\n"
            "patches: [{path: ../patch.yaml, target: {kind: Service}}]\n",
            {
                "shared.yaml": FILES["app/service.yaml"],
                "a": "a\n",
                "patch.yaml": FILES["app/patch.yaml"],
            },
            {
                **AXES,
                "patches": [
                    None,
                    [{"path": "../patch.yaml", "target": {"kind": "ConfigMap"}}],
                    [{"path": "./sub/../../patch.yaml", "target": {"kind": "ConfigMap"}}],
                ],
            },
        ),
    ),
    "another order, and a label": Built(
        "--reorder=legacy --enable-managedby-label",
        app("resources: [db.yaml, service.yaml, deployment.yaml]\n"),
    ),
}
