"""Bases, overlays and components: kustomizations that lead to others."""

from tests.parity.kustomize_skeleton import AXES, COMPONENT, FILES, RESOURCES, app
from tests.support.judge import Source

_BASE = {name.replace("app/", "base/"): text for name, text in FILES.items() if "app/" in name}
_IMAGES = "images: [{name: r.test/team/web, newName: base.test/web, newTag: base}]\n"
_ALL = """\
{apiVersion: v1, kind: Namespace, metadata: {name: web}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: web}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {kind: ClusterRole, name: web, apiGroup: rbac.authorization.k8s.io}
subjects:
- {kind: ServiceAccount, name: default, namespace: web}
- {kind: ServiceAccount, name: web, namespace: web}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: web}, rules: []}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.sample.test}
---
apiVersion: sample.test/v1
kind: Thing
metadata: {name: web}
spec: {image: nginx, template: {spec: {containers: [{image: nginx}]}}}
"""

SOURCES: dict[str, Source] = {
    "an overlay of a base": app(
        "resources: [../base]\nnamespace: web\nnameSuffix: -over\n",
        {**_BASE, "base/kustomization.yaml": f"{RESOURCES}namePrefix: base-\n{_IMAGES}"},
    ),
    "overlays upon overlays": app(
        "resources: [../staging]\nnamePrefix: a-\nimages: [{name: base.test/web, newTag: over}]\n",
        {
            **_BASE,
            "base/kustomization.yaml": f"{RESOURCES}namePrefix: c-\n{_IMAGES}",
            "staging/kustomization.yml": "resources: [../base]\nnamePrefix: b-\nnamespace: web\n"
            "patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web},\n"
            "  spec: {replicas: 4}}'}]\n",
        },
    ),
    "two bases, one of them twice": app(
        "resources: [one, two]\n",
        {
            **_BASE,
            "base/kustomization.yaml": RESOURCES,
            "app/one/kustomization.yaml": "resources: [../../base]\nnamePrefix: one-\n",
            "app/two/kustomization.yaml": "resources: [../../base]\nnamePrefix: two-\n",
        },
    ),
    "components of its own": app(
        f"{RESOURCES}components: [../components/two, ../components/one]\nnamespace: x\n",
    ),
    "components that bring generators and components": app(
        f"{RESOURCES}components: [../components/deep]\n"
        "configMapGenerator: [{name: settings, literals: [text=own, kept=yes]}]\n",
        {
            "components/deep/kustomization.yaml": COMPONENT
            % "components: [../two], resources: [more.yaml], configMapGenerator: [\n"
            "{name: settings, behavior: merge, literals: [text=merged]}],\n"
            "replicas: [{name: web, count: 2}]",
            "components/deep/more.yaml": "{apiVersion: v1, kind: Secret, metadata: {name: more}}\n",
        },
    ),
    "the application's path is itself below a base": Source(
        "kustomize",
        {
            **{name.replace("app/", "base/"): text for name, text in FILES.items()},
            "base/kustomization.yaml": RESOURCES,
            "base/overlays/prod/kustomization.yaml": "resources: [../../parts]\nnameSuffix: -p\n",
            "base/parts/kustomization.yaml": "resources: [a.yaml]\n",
            "base/parts/a.yaml": FILES["app/deployment.yaml"],
            "base/overlays/prod/patch.yaml": FILES["app/patch.yaml"],
        },
        {**AXES, "components": [None, ["../../../components/one"]]},
        "base/overlays/prod",
    ),
    "resources of the cluster, and custom ones": app(
        "resources: [../base]\nnamespace: other\n",
        {
            "base/kustomization.yaml": "resources: [all.yaml]\n",
            "base/all.yaml": _ALL,
        },
    ),
}
