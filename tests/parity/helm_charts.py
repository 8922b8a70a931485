"""Charts by what is in them: hooks, CRDs, files, schemas, capabilities and the like."""

from tests.parity.helm_skeleton import IN_CHARTS, each, files_of, parameters, source
from tests.support.judge import Source

_HOOK = """\
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {kind}
  annotations: {{helm.sh/hook: "{kind}", helm.sh/hook-weight: "-5"}}
"""
_HOOKS = (
    *("pre-install", "post-install", "pre-delete", "post-delete", "pre-upgrade", "post-upgrade"),
    *("pre-rollback", "post-rollback", "test", "test-success", "test-failure", "crd-install"),
    *("pre-install,post-upgrade", "unknown"),
)
_CRD = """\
# of the chart
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {name}.sample.test}}
spec: {{group: sample.test, x: "{{{{ .Values.not.rendered }}}}"}}
"""
_SCHEMA = """\
{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
 "properties": {"replicas": {"type": "integer", "maximum": 9}}, "required": ["replicas"]}
"""
_CAPABILITIES = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: capabilities}
data:
  version: {{ .Capabilities.KubeVersion.Version | quote }}
  git: {{ .Capabilities.KubeVersion.GitVersion | quote }}
  major: {{ .Capabilities.KubeVersion.Major | quote }}
  newer: {{ semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version | quote }}
  exactly: {{ semverCompare "1.30.x" .Capabilities.KubeVersion.Version | quote }}
  helm: {{ .Capabilities.HelmVersion.Version | quote }}
  apps: {{ .Capabilities.APIVersions.Has "apps/v1" | quote }}
  sample: {{ .Capabilities.APIVersions.Has "sample/v2/Sample" | quote }}
  number: {{ len .Capabilities.APIVersions | quote }}
  release: {{ .Release | toJson | quote }}
  chart: {{ .Chart | toJson | quote }}
  template: {{ .Template | toJson | quote }}
  subcharts: {{ keys .Subcharts | toJson | quote }}
"""
_LOOKUP = """\
{{- $found := lookup "v1" "Secret" "default" "any" }}
apiVersion: v1
kind: Secret
metadata: {name: kept}
data: {{ $found.data | default (dict "new" "bmV3") | toJson }}
stringData: {items: {{ (lookup "v1" "Pod" "" "").items | default list | len | quote }} }
"""
_FILES = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: files}
data:
  got: {{ .Files.Get "files/a.txt" | quote }}
  none: {{ .Files.Get "files/absent" | quote }}
  lines: {{ .Files.Lines "files/a.txt" | toJson | quote }}
  root: {{ .Files.Get "guestbook.yaml" | quote }}
  {{- (.Files.Glob "files/*.txt").AsConfig | nindent 2 }}
  {{- range $path, $_ := .Files.Glob "**.conf" }}
  {{ base $path }}: {{ $.Files.Get $path | b64enc }}
  {{- end }}
binaryData: {binary: {{ .Files.GetBytes "files/binary" | toString | b64enc | quote }} }
---
apiVersion: v1
kind: Secret
metadata: {name: files}
data: {{- (.Files.Glob "files/*").AsSecrets | nindent 2 }}
"""
_TPL = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: tpl}
data:
  text: {{ tpl .Values.template . | quote }}
  file: {{ tpl (.Files.Get "snippet.tpl") (dict "Values" .Values "Template" .Template) | quote }}
"""
_IGNORE = """\
# a comment
*.bak
/templates/ignored.yaml
files/?.txt
folder/
/files/[xy].conf
"""


CHARTS: dict[str, Source] = {
    "CRDs": source(
        {
            **files_of(others={"crds/one.yaml": _CRD.format(name="ones")}),
            "app/crds/more.yaml": f"---\n{_CRD.format(name='a')}---\n{_CRD.format(name='b')}---\n",
            "app/crds/folder/deep.yaml": _CRD.format(name="deep"),
            "app/crds/README.md": "No CRD.\n",
            **IN_CHARTS,
            "app/charts/sub/crds/sub.yaml": _CRD.format(name="subs"),
        },
        {"skipCrds": [None, True], "skipTests": [None, True], "releaseName": [None, "another"]},
    ),
    "hooks": source(
        files_of(templates={"hooks.yaml": "".join(_HOOK.format(kind=h) for h in _HOOKS)}),
        {"skipCrds": [None, True], "skipTests": [None, True], ".namespace": [None, ""]},
    ),
    "hooks of a subchart, and tests/": source(
        {
            **files_of(templates={"tests/pod.yaml": _HOOK.format(kind="test")}),
            **IN_CHARTS,
            "app/charts/sub/templates/tests/pod.yaml": _HOOK.format(kind="test-success"),
        },
        {"skipCrds": [None, True], "skipTests": [None, True]},
    ),
    "NOTES.txt": source(
        {
            **files_of(templates={"NOTES.txt": "Visit {{ .Values.absent | default 1 }}\n"}),
            **IN_CHARTS,
            "app/charts/sub/templates/NOTES.txt": "kind: Of nothing\n",
        }
    ),
    "lookup": source(files_of(templates={"lookup.yaml": _LOOKUP})),
    ".Files": source(
        {
            **files_of(templates={"files.yaml": _FILES}),
            "app/files/a.txt": "one\ntwo: {{ no template }}\n",
            "app/files/b.txt": "é ☃\r\n",
            "app/files/binary": bytes(range(256)),
            "app/files/c.conf": "a=b",
            "app/guestbook.yaml": "text: beside\n",
        }
    ),
    "tpl": source(
        files_of(
            values="template: '{{ .Release.Name }} {{ .Values.text }}'\ntext: a\n",
            templates={"tpl.yaml": _TPL},
            others={"snippet.tpl": "{{ .Values.text | upper }} in {{ .Template.Name }}"},
        )
    ),
    "values.schema.json": source(
        files_of(values="replicas: 1\n", others={"values.schema.json": _SCHEMA}),
        {
            "parameters": [
                None,
                *each(("replicas", "10"), ("replicas", "2")),
                parameters(replicas="3"),
            ],
            "values": [None, "replicas: 8\n", "replicas: null\n"],
            "skipSchemaValidation": [None, True],
        },
    ),
    "values.schema.json of a subchart": source(
        {**files_of(), **IN_CHARTS, "app/charts/sub/values.schema.json": _SCHEMA},
        {
            "parameters": [None, *each(("sub.replicas", "ten"))],
            "skipSchemaValidation": [None, True],
            "skipCrds": [None, True],
        },
    ),
    ".helmignore": source(
        {
            **files_of(
                templates={
                    "ignored.yaml": "{{ fail `not ignored` }}",
                    "old.yaml.bak": "{{ fail `not ignored` }}",
                    "files.yaml": _FILES,
                }
            ),
            "app/.helmignore": _IGNORE,
            "app/files/a.txt": "ignored",
            "app/files/aa.txt": "kept",
            "app/files/x.conf": "ignored",
            "app/files/z.conf": "kept",
            "app/folder/a.conf": "ignored",
        }
    ),
    "kubeVersion of a chart": source(
        files_of(chart="kubeVersion: '>= 1.28.0-0 < 1.31.0-0'\n"),
        {
            "kubeVersion": [
                None,
                "1.29",
                "v1.30.2+IKS",
                "v1.30.9-gke.100",
                "1.31.0",
                "v1.31.0-eks-1",
            ],
            "releaseName": [None, "another"],
        },
    ),
    "capabilities": source(
        files_of(templates={"capabilities.yaml": _CAPABILITIES}),
        {
            "kubeVersion": [None, "1.29", "v1.30.2+IKS", "1.30.2-gke.3000", "v1.30.2-eks-1-2", "1"],
            ".kubeVersion": [None, "v1.30.11+k3s1", "1.25+"],
            "apiVersions": [None, ["sample/v2/Sample"], ["apps/v1", "apps/v1"]],
            ".apiVersions": [None, []],
        },
    ),
    "deprecated chart with all fields": source(
        {
            "app/Chart.yaml": (
                "apiVersion: v2\nname: app\nversion: 1.0.0-rc.1+build.5\ndeprecated: true\n"
                "type: application\nicon: https://x.test/i.png\nannotations: {a.b/c: 'd'}\n"
                "maintainers: [{name: somebody, email: some@body.test}]\nkeywords: [a]\n"
                "unknownField: [ignored]\n"
            ),
            "app/templates/capabilities.yaml": _CAPABILITIES,
        }
    ),
    "options that Argo CD accepts and does not use": source(
        files_of(),
        {"version": [None, "v3", "v4"], "passCredentials": [None, True], "skipCrds": [None, True]},
    ),
}
