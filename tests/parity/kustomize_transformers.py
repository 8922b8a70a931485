"""What a kustomization changes in its resources, by each of its fields."""

from tests.parity.kustomize_skeleton import AXES, RESOURCES, app
from tests.support.judge import Axes, Source

_SMP = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web},\n%s}\n"
_LABELLED: Axes = {
    **AXES,
    "commonLabels": [None, {"new": "label"}],
    "labelWithoutSelector": [None, True],
}
_REPLACED: Axes = {**AXES, "images": [None, ["nginx:9", "r.test/team/web=x.test/web:9"]]}
_CUSTOM = """\
apiVersion: sample.test/v1
kind: Thing
metadata: {name: thing}
spec:
  settings: settings
  service: {name: web}
  picture: nginx:1
  size: 1
  list: [{name: a, value: 1}, {name: b, value: 2}]
"""
_SCHEMA = """\
{"definitions": {"test.sample.v1.Thing": {"properties": {
  "apiVersion": {"type": "string"}, "kind": {"type": "string"},
  "metadata": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
  "spec": {"type": "object", "properties": {"list": {"type": "array",
    "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge",
    "items": {"type": "object"}}}}},
  "x-kubernetes-group-version-kind": [{"group": "sample.test", "kind": "Thing", "version": "v1"}]}}}
"""
_THING_PATCH = """\
- patch: |-
    apiVersion: sample.test/v1
    kind: Thing
    metadata: {name: thing}
    spec: {list: [{name: b, value: 3}]}
"""

SOURCES: dict[str, Source] = {
    "patches of every kind": app(
        RESOURCES
        + "patches:\n"
        + "- path: smp.yaml\n"
        + "- path: smp-all.yaml\n  target: {kind: Deployment|StatefulSet}\n"
        + "- target: {kind: Service, name: web, version: v1}\n"
        + "  patch: |-\n    - {op: add, path: /spec/ports/-, value: {port: 443}}\n"
        + "    - {op: test, path: /spec/ports/0/port, value: 80}\n"
        + "    - {op: copy, from: /metadata/name, path: /metadata/annotations/a~1b}\n"
        + "- target: {labelSelector: 'app=web,tier in (front)', annotationSelector: '!no'}\n"
        + '  patch: \'[{"op": "move", "from": "/spec/replicas", "path": "/spec/more"}]\'\n'
        + "- patch: '{$patch: delete, apiVersion: apps/v1, kind: StatefulSet,\n"
        + "    metadata: {name: db}}'\n"
        + "- target: {kind: Service}\n  options: {allowNameChange: true, allowKindChange: true}\n"
        + "  patch: '{apiVersion: v1, kind: Renamed, metadata: {name: renamed}}'\n",
        {
            "app/smp.yaml": _SMP
            % "spec: {template: {spec: {containers: [{name: web, args: [a]}, {name: new}]}}}",
            "app/smp-all.yaml": "{apiVersion: x, kind: x, metadata: {name: x},\n"
            "spec: {template: {spec: {initContainers: null, $setElementOrder/containers: []}}}}\n",
        },
        {**AXES, "patches": [None, [{"path": "patch.yaml", "target": {"kind": "Deployment"}}]]},
    ),
    "strategic merges of old": app(
        f"{RESOURCES}patchesStrategicMerge:\n- smp.yaml\n- |-\n"
        "  apiVersion: v1\n  kind: Service\n  metadata: {name: web}\n"
        "  spec: {ports: [{port: 80, $patch: replace}]}\n",
        {
            "app/smp.yaml": _SMP % "spec: {template: {spec: {volumes: [{name: v, emptyDir: {}}]}}}"
            + "---\n{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: null}\n"
        },
    ),
    "JSON patches of old": app(
        f"{RESOURCES}patchesJson6902:\n"
        "- target: {group: apps, version: v1, kind: Deployment, name: web}\n"
        "  patch: |-\n    - {op: replace, path: /spec/replicas, value: 0x10}\n"
        "- target: {version: v1, kind: Service, name: web}\n  path: json.json\n",
        {"app/json.json": '[{"op": "remove", "path": "/metadata/annotations"}]'},
    ),
    "replacements": app(
        f"{RESOURCES}replacements:\n- path: replacement.yaml\n"
        "- source:\n    kind: Deployment\n"
        "    fieldPath: spec.template.spec.containers.[name=web].image\n"
        "    options: {delimiter: ':', index: 1}\n"
        "  targets:\n  - select: {kind: StatefulSet}\n"
        "    fieldPaths: ['spec.template.spec.containers.[name=db].image']\n"
        "    options: {delimiter: ':', index: 1}\n"
        "  - select: {kind: Service}\n    reject: [{name: other}]\n"
        "    fieldPaths: [metadata.annotations.version]\n    options: {create: true}\n",
        {
            "app/replacement.yaml": "source: {kind: Service, name: web}\n"
            "targets: [{select: {kind: Deployment},\n"
            "  fieldPaths: [spec.template.spec.containers.0.env.1.value]}]\n"
        },
        _REPLACED,
    ),
    "vars": app(
        f"{RESOURCES}vars:\n"
        "- {name: HOST, objref: {kind: Service, name: web, apiVersion: v1}}\n"
        "- name: PORT\n  objref: {kind: Service, name: web, apiVersion: v1}\n"
        "  fieldref: {fieldpath: 'spec.ports[0].port'}\n",
    ),
    "images by every means": app(
        f"{RESOURCES}images:\n- {{name: nginx, newTag: 1.27}}\n".replace("1.27", "'1.27'")
        + "- {name: r.test/team/web, newName: mirror.test:5000/web}\n"
        + f"- {{name: postgres, digest: 'sha256:{'2' * 64}'}}\n"
        + "- {name: 'r.test:5000/team/init', newTag: v2, tagSuffix: -slim}\n",
        axes={
            **AXES,
            "images": [
                None,
                ["nginx:9", "postgres:17"],
                ["nginx=*:9", "r.test/team/web=*:9"],
                ["r.test:5000/team/init@sha256:" + "3" * 64, "nginx=other.test/nginx"],
            ],
        },
    ),
    "labels with selectors and templates": app(
        f"{RESOURCES}labels:\n- {{pairs: {{a: '1'}}, includeSelectors: true}}\n"
        "- {pairs: {b: '2'}, includeTemplates: true}\n- {pairs: {c: '3'}}\n"
        "- pairs: {d: '4'}\n  fields: [{path: spec/more, create: true, kind: Service}]\n",
        axes=_LABELLED,
    ),
    "common labels and annotations": app(
        f"{RESOURCES}commonLabels: {{a: '1', b: ''}}\ncommonAnnotations: {{c: 'é: \"x\"'}}\n",
        axes=_LABELLED,
    ),
    "replicas and names": app(
        f"{RESOURCES}replicas: [{{name: web, count: 0}}, {{name: db, count: 4}}]\n"
        "namePrefix: a-\nnameSuffix: -b\nnamespace: own\n",
        axes={
            **AXES,
            "replicas": [None, [{"name": "web", "count": 1}]],
            "namespace": [None, "other"],
        },
    ),
    "configurations of its own": app(
        "resources: [deployment.yaml, service.yaml, thing.yaml]\nconfigurations: [own.yaml]\n"
        "configMapGenerator: [{name: settings, literals: [text=x]}]\n"
        "images: [{name: nginx, newTag: '2'}]\nnamePrefix: x-\n"
        "commonLabels: {a: b}\n",
        {
            "app/thing.yaml": _CUSTOM,
            "app/own.yaml": "nameReference:\n"
            "- {kind: ConfigMap, version: v1, fieldSpecs: [{kind: Thing, path: spec/settings}]}\n"
            "- {kind: Service, version: v1, fieldSpecs: [{kind: Thing, path: spec/service/name}]}\n"
            "images: [{kind: Thing, path: spec/picture}]\n"
            "commonLabels: [{kind: Thing, path: spec/labels, create: true}]\n",
        },
        _REPLACED,
    ),
    "definitions and schemas of its own": app(
        "resources: [thing.yaml, deployment.yaml]\nopenapi: {path: schema.json}\n"
        f"crds: [crd.json]\npatches:\n{_THING_PATCH}",
        {
            "app/thing.yaml": _CUSTOM,
            "app/schema.json": _SCHEMA,
            "app/crd.json": '{"test.sample.v1.Thing": {"Schema": {"properties": {"spec":\n'
            '{"$ref": "test.sample.v1.Spec"}}}, "Dependencies": ["test.sample.v1.Spec"]},\n'
            '"test.sample.v1.Spec": {"Schema": {"properties": {"settings":\n'
            '{"x-kubernetes-object-ref-api-version": "v1",\n'
            '"x-kubernetes-object-ref-kind": "ConfigMap"}}}}}\n',
        },
    ),
    "sorted as of old": app(
        "resources: [db.yaml, service.yaml, deployment.yaml]\n"
        "sortOptions: {order: legacy, legacySortOptions: {orderFirst: [Deployment],\n"
        "  orderLast: [Service]}}\n",
    ),
    "sorted first in, first out": app(
        "resources: [service.yaml, deployment.yaml]\nsortOptions: {order: fifo}\n"
        "configMapGenerator: [{name: settings, literals: [a=b]}]\n",
    ),
    "metadata of the build": app(
        f"{RESOURCES}buildMetadata: [managedByLabel, originAnnotations, transformerAnnotations]\n"
        "configMapGenerator: [{name: settings, literals: [a=b]}]\n",
    ),
}
