"""How a kustomization is written, and where it lies."""

from tests.parity.kustomize_skeleton import AXES, FILES, RESOURCES, app
from tests.support.judge import Source

_OTHERS = {name: text for name, text in FILES.items() if not name.endswith("kustomization.yaml")}
_CHART = "apiVersion: v2\nname: app\nversion: 1.0.0\n"
_LIST = """\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: first}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: second}}
---
# nothing but a comment
---
apiVersion: v1
kind: ConfigMapList
items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: third}}]
---
null
"""
_NUMBERS = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: numbers
  annotations: &same {a: "012", b: "yes", c: "1e3", d: "1_000", e: "2001-01-01", f: ".inf"}
  labels: {<<: *same}
data:
  quoted: "0x1F"
  block: |
    a: b

  folded: >-
    one
    two
  unicode: "é ☃ \\U0001F600 \\u2028 \\x07"
  tab: "a\\tb"
  long: %s
---
apiVersion: sample.test/v1
kind: Numbers
metadata: {name: numbers}
spec:
  octal: 0755
  octal2: 0o17
  hex: 0x1F
  exponent: 1e3
  float: 1.0
  big: 12345678901234567890
  minus: -0.0
  underscore: 1_000
  bools: [yes, No, on, OFF, y, n, True, "true"]
  nulls: [~, null, Null, ""]
  time: 2001-12-14t21:59:43.10-05:00
  sexagesimal: 1:30
  key: {"1": one, a b: "2"}
""" % ("word " * 60)
_ANCHORS = """\
resources: [deployment.yaml, service.yaml]
labels:
- pairs: &pairs {a: b}
- pairs: {<<: *pairs, c: d}
commonAnnotations:
  <<: *pairs
  e: f
"""
_COMMENTS = """\
# before
---
# the kind
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization

# what is in it
resources:
  # first
  - deployment.yaml   # of all
  - service.yaml

# no prefix
# namePrefix: x-
nameSuffix: "-b"  # a suffix
patches:
    # deep
    - target: {kind: Service}
      patch: |-
        - op: add
          path: /metadata/labels
          value: {a: "#b"}
    # the end
# after
"""


def _named(name: str, text: str = RESOURCES, path: str = "app") -> Source:
    files = {file.replace("app/", f"{path}/", 1): text for file, text in _OTHERS.items()}
    components = {n: t for n, t in FILES.items() if n.startswith("components/")}
    up = "../" * len([part for part in path.split("/") if part != "."])
    axes = {**AXES, "components": [None, [f"{up}components/one"]]}
    return Source("kustomize", {**files, **components, f"{path}/{name}": text}, axes, path=path)


SOURCES: dict[str, Source] = {
    "kustomization.yml": _named("kustomization.yml"),
    "Kustomization": _named("Kustomization"),
    "beside a chart": app(RESOURCES, {"app/Chart.yaml": _CHART, "app/values.yaml": "{}\n"}),
    "root of the repository": _named("kustomization.yaml", path="."),
    "a path with spaces": _named("kustomization.yaml", path="an app/in, é"),
    "comments": app(_COMMENTS),
    "CRLF": app(_COMMENTS.replace("\n", "\r\n")),
    "byte order mark": app("\ufeff" + RESOURCES),
    "UTF-16": Source(
        "kustomize",
        {**FILES, "app/kustomization.yaml": (RESOURCES + "nameSuffix: -é\n").encode("utf-16")},
        AXES,
    ),
    "no newline at its end": app(RESOURCES + "nameSuffix: -b\npatches: []"),
    "several documents": app(RESOURCES + "nameSuffix: -first\n---\nnameSuffix: -second\n"),
    "an end mark and a directive": app(f"%YAML 1.1\n---\n{RESOURCES}...\n"),
    "JSON": app('{"resources": ["deployment.yaml", "db.yaml"], "nameSuffix": "-\\u00e9"}'),
    "flow over lines": app(
        "{resources: [\n  deployment.yaml,\n  db.yaml,\n], nameSuffix: -x,\n}\n"
    ),
    "indented": app("  resources:\n  - deployment.yaml\n  - db.yaml\n  nameSuffix: -x\n"),
    "fields in other cases": app("Resources: [deployment.yaml, db.yaml]\nnameprefix: x-\n"),
    "a field twice": app(
        "nameSuffix: -one\nresources: [service.yaml]\nresources: [deployment.yaml, db.yaml]\n"
        "patches: [{path: patch.yaml, target: {kind: X}}]\nnameSuffix: -two\n"
        "patches: [{path: patch.yaml, target: {kind: Deployment}}]\n"
    ),
    "anchors and merges": app(_ANCHORS),
    "quoted keys and values": app(
        "\"resources\": ['deployment.yaml', \"db.yaml\"]\n? nameSuffix\n: '-x'\n"
    ),
    "apiVersion and kind of old": app(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        "metadata: {name: x, labels: {a: b}}\n" + RESOURCES
    ),
    "a component by itself": app(
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n" + RESOURCES
    ),
    "deprecated fields": app(
        "bases: [../base]\nimageTags: [{name: nginx, newTag: '1.2'}]\n"
        "commonLabels: {a: b}\npatchesStrategicMerge: [smp.yaml]\n"
        "patchesJson6902: [{target: {version: v1, kind: Service, name: web}, path: patch.yaml}]\n"
        "vars: [{name: HOST, objref: {kind: Service, name: web, apiVersion: v1}}]\n",
        {
            "base/kustomization.yaml": "resources: [deployment.yaml, service.yaml]\n",
            "base/deployment.yaml": FILES["app/deployment.yaml"],
            "base/service.yaml": FILES["app/service.yaml"],
            "app/smp.yaml": "{apiVersion: v1, kind: Service, metadata: {name: web},\n"
            "spec: {type: NodePort}}\n",
        },
    ),
    "lists and several documents": app("resources: [list.yaml]\n", {"app/list.yaml": _LIST}),
    "numbers and texts": app("resources: [numbers.yaml]\n", {"app/numbers.yaml": _NUMBERS}),
    "resources in JSON, with links": app(
        "resources: [a.json, link.yaml, linked/b.yaml]\n",
        {
            "app/a.json": '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"\\u00e9"}}',
            "app/link.yaml": "-> service.yaml",
            "app/real/b.yaml": FILES["app/db.yaml"],
            "app/linked": "-> real",
        },
    ),
    "a kustomization that is a link": Source(
        "kustomize",
        {
            **FILES,
            "app/kustomization.yaml": "-> other/real.yaml",
            "app/other/real.yaml": RESOURCES,
        },
        AXES,
    ),
    "a base that is a link": app(
        "resources: [linked]\n",
        {
            "app/linked": "-> ../base",
            "base/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: a-\n",
            "base/a.yaml": FILES["app/deployment.yaml"],
        },
    ),
    "resources with tabs, CRLF and a mark": app(
        "resources: [a.yaml]\n",
        {"app/a.yaml": "\ufeff" + FILES["app/deployment.yaml"].replace("\n", "\r\n")},
    ),
    "helm's and kubectl's own objects": app(
        "resources: [a.yaml]\n",
        {
            "app/a.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n"
            "  annotations: {argocd.argoproj.io/hook: PreSync, config.kubernetes.io/index: '1'}\n"
            "  creationTimestamp: null\nspec: {containers: [{name: a, image: 'nginx:1'}]}\n"
            "status: {}\n"
        },
    ),
}
