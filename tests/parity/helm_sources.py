"""A chart with all options at once, and the tables of all other charts."""

from tests.parity.helm_charts import CHARTS
from tests.parity.helm_paths import PATHS
from tests.parity.helm_skeleton import CHART, parameters, source
from tests.parity.helm_subcharts import SUBCHARTS
from tests.parity.helm_templates import TEMPLATES
from tests.parity.helm_values import VALUES
from tests.support.judge import Axes, Source

_VALUES = """\
image: {repository: r.test/team/app, tag: v1}
replicas: 1
labels: {}
list: [a, b]
text: from the chart
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-app
  namespace: {{ .Release.Namespace }}
  labels: {{- toYaml .Values.labels | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
      - name: app
        image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
        args: {{ .Values.list | toJson }}
"""
CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: values}
data:
  values: {{ .Values | toJson | quote }}
  version: {{ .Capabilities.KubeVersion | quote }}
  minor: {{ .Capabilities.KubeVersion.Minor | quote }}
  has: {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" | quote }}
"""
FILES = {
    "app/Chart.yaml": CHART,
    "app/values.yaml": _VALUES,
    "app/templates/deployment.yaml": DEPLOYMENT,
    "app/templates/config.yaml": CONFIG,
    "app/values-a.yaml": "text: from a\nlist: [c]\nlabels: {a: 'yes'}\n",
    "app/values-b.yaml": "text: from b\nlabels: {b: 'on'}\nreplicas: 3\n",
    "app/values/one.yaml": "text: one\n",
    "app/values/two.yaml": "text: two\nreplicas: 2\n",
    "app/guestbook.yaml": "text: of the application\n",
    "shared/base.yaml": "text: shared\nimage: {tag: v2}\n",
    "shared/file.txt": "a, text = with {braces} and\nlines\n",
}


AXES: Axes = {
    "valueFiles": [
        None,
        ["values-a.yaml", "values-b.yaml"],
        ["values/*.yaml", "/shared/base.yaml"],
        ["missing.yaml", "$ARGOCD_APP_NAME.yaml", "values-b.yaml", "values-b.yaml"],
        ["/shared/**/*.yaml", "values-[ab].yaml", "values-a.yaml"],
    ],
    "ignoreMissingValueFiles": [None, True],
    "values": [None, "text: |\n  in: the Application\nreplicas: 4\n"],
    "valuesObject": [None, {"text": "é ☃ \u2028", "list": [1, 2.5, None, "true"], "labels": {}}],
    "parameters": [
        None,
        parameters(("replicas", "5"), ("text", "a,b\\,c")),
        parameters(("list", "{x,y}"), ("labels.a\\.b/c", "$ARGOCD_APP_NAME")),
        parameters(("list[0]", "null"), replicas="7", text="012"),
    ],
    "fileParameters": [None, [{"name": "text", "path": "/shared/file.txt"}]],
    "releaseName": [None, "another"],
    "namespace": [None, "elsewhere"],
    "kubeVersion": [None, "v1.30.2+IKS", "1.29"],
    "apiVersions": [None, ["sample/v2", "apps/v1/Deployment"]],
    "skipCrds": [None, True],
    "skipTests": [None, True],
    "skipSchemaValidation": [None, True],
    ".namespace": [None, ""],
    ".appName": [None, "team_guestbook"],
}

SOURCES: dict[str, Source] = {
    "all options": source(FILES, AXES),
    **CHARTS,
    **SUBCHARTS,
    **TEMPLATES,
    **VALUES,
    **PATHS,
}
