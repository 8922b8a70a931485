"""What every kustomization here is made of, and the options it is tried with."""

from collections.abc import Mapping
from typing import Any

from tests.support.judge import Axes, Source

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web, tier: front}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {port: "8080"}}
    spec:
      initContainers:
      - {name: init, image: "r.test:5000/team/init:v1"}
      containers:
      - name: web
        image: r.test/team/web:v1
        env:
        - {name: TEXT, valueFrom: {configMapKeyRef: {name: settings, key: text}}}
        - {name: HOST, value: $(HOST)}
      - {name: proxy, image: nginx}
      volumes:
      - {name: settings, configMap: {name: settings}}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web, annotations: {owner: team}}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""
STATEFUL_SET = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 1
  serviceName: web
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "postgres:16@sha256:%s"}]}
""" % ("0" * 64)
RESOURCES = "resources: [deployment.yaml, service.yaml, db.yaml]\n"
COMPONENT = "{apiVersion: kustomize.config.k8s.io/v1alpha1, kind: Component,\n%s}\n"
COMPONENTS = {
    "components/one/kustomization.yaml": COMPONENT
    % "patches: [{target: {kind: Deployment}, path: patch.yaml}]",
    "components/one/patch.yaml": "- {op: replace, path: /spec/replicas, value: 7}\n",
    "components/two/kustomization.yml": COMPONENT % "commonAnnotations: {two: 'yes'}",
    "nothing/README.md": "no component\n",
}
FILES = {
    "app/deployment.yaml": DEPLOYMENT,
    "app/service.yaml": SERVICE,
    "app/db.yaml": STATEFUL_SET,
    "app/patch.yaml": "- {op: add, path: /metadata/annotations, value: {patched: 'yes'}}\n",
    **COMPONENTS,
}
PATCHES = [
    {"patch": "- op: add\n  path: /spec/paused\n  value: true\n", "target": {"kind": "Deployment"}},
    {"path": "patch.yaml", "target": {"kind": "StatefulSet", "name": "d.*"}},
]
# Each of these makes Argo CD write the kustomization anew: by kustomize's own commands, by its
# own reading and writing for patches, and not at all.
AXES: Axes = {
    "namePrefix": [None, "pre-"],
    "patches": [None, PATCHES],
    "components": [None, ["../components/one"]],
}


def app(kustomization: str, files: Mapping[str, Any] | None = None, axes: Axes = AXES) -> Source:
    """Return a source with this kustomization, and ``files`` besides those all have."""
    return Source(
        "kustomize", {**FILES, "app/kustomization.yaml": kustomization, **(files or {})}, axes
    )
