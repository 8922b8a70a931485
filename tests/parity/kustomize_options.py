"""Every option of a kustomize section, with what a kustomization may have said already."""

from tests.parity.kustomize_skeleton import AXES, RESOURCES, app
from tests.support.judge import Axes, Source

DIGEST = f"sha256:{'1' * 64}"
SMP = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - {name: web, args: [yes, 0x10, 1e3, 012, "\\u00e9 \\U0001f600", ~], image: "r.test/x:1"}
      - {name: proxy, $patch: delete}
"""
PATCHES = [
    None,
    [{"patch": SMP}, {"path": "patch.yaml", "target": {"kind": "Service"}}],
    [
        {
            "patch": '[{"op": "replace", "path": "/metadata/name", "value": "other"}]',
            "target": {"group": "apps", "version": "v1", "labelSelector": "tier=front"},
            "options": {"allowNameChange": True},
        },
        {
            "patch": "kind: Renamed\nmetadata: {name: any, annotations: {a: b}}\napiVersion: v1\n",
            "target": {"annotationSelector": "owner=team", "name": "w.b"},
            "options": {"allowKindChange": True, "allowNameChange": False},
        },
    ],
    [
        {
            "patch": "{apiVersion: v1, kind: X, metadata: {name: x, labels: {all: 'yes'}}}",
            "target": {},
        },
        {
            "patch": SMP,
            "target": {"namespace": "other", "kind": "Deployment|StatefulSet"},
            "options": {},
        },
    ],
]
EVERY: Axes = {
    "namePrefix": [None, "pre-", "-x"],
    "nameSuffix": [None, "-v2"],
    "namespace": [None, "elsewhere"],
    "images": [
        None,
        ["r.test/team/web:v2", f"nginx=mirror.test:5000/nginx@{DIGEST}"],
        [f"postgres@{DIGEST}", "r.test:5000/team/init=*:$ARGOCD_APP_NAME", "web:v9"],
        [f"r.test/team/web=other.test/web:v3@{DIGEST}", "nginx=nginx"],
        ["${ARGOCD_APP_NAME}=x:$UNKNOWN-1", "nginx:1", "nginx:2"],
    ],
    "replicas": [
        None,
        [{"name": "web", "count": 5}, {"name": "db", "count": "0"}],
        [{"name": "web", "count": "+07"}, {"name": "web", "count": 2}],
    ],
    "commonLabels": [
        None,
        {"team": "$ARGOCD_APP_NAME", "a/b.c": "x:y", "empty": ""},
        {"tier": "front", "quoted": '"1"'},
    ],
    "commonAnnotations": [None, {"a": "$ARGOCD_APP_NAMESPACE:${x}$$", "b": "é, 'x: y'"}],
    "forceCommonLabels": [None, True],
    "forceCommonAnnotations": [None, True],
    "commonAnnotationsEnvsubst": [None, True],
    "labelWithoutSelector": [True],  # else the next is an error: it is tried below
    "labelIncludeTemplates": [None, True],
    "patches": PATCHES,
    "components": [None, ["../components/one"], ["../components/t*", "../components/one"]],
    "ignoreMissingComponents": [None, True],
    "kubeVersion": [None, "v1.30.2+IKS"],
    "apiVersions": [None, ["sample/v2"]],
    ".namespace": [None, ""],
    ".appName": [None, "team_guestbook"],
}
_LABELS: Axes = {
    "commonLabels": [None, {"app": "other", "new": "1"}, {"new": "true"}],
    "forceCommonLabels": [None, True],
    "labelWithoutSelector": [None, True],
    "labelIncludeTemplates": [None, True],
    "patches": AXES["patches"],
}
_COMPONENTS: Axes = {
    "components": [
        ["../components/no"],
        ["../nothing", "../components/two", "../components/one"],
        ["../components/one", "../components/one/"],
        ["../components/*"],
        ["../components/[no]*", "./../components/two"],
        ["../components/[^o-z]*"],
        ["../components/{one,two}"],
        ["inner", "in*"],
        ["../../outside", "../components/two"],
        ["../link"],
        ["", "../components/two"],
        ["deployment.yaml"],
    ],
    "ignoreMissingComponents": [None, True],
    "namespace": [None, "web"],
}

SOURCES: dict[str, Source] = {
    "every option": app(RESOURCES, axes=EVERY),
    "every option, said already": app(
        RESOURCES
        + "namePrefix: own-\nnameSuffix: -own\nnamespace: own\n"
        + "images: [{name: nginx, newName: own.test/nginx, newTag: '1.0'},\n"
        + f"  {{name: r.test/team/web, newTag: v5, digest: '{DIGEST}'}}]\n"
        + "replicas: [{name: web, count: 9}]\n"
        + "commonAnnotations: {a: own}\n"
        + "patches: [{path: patch.yaml, target: {kind: Deployment}}]\n"
        + "components: [../components/one]\n",
        axes={**EVERY, "forceCommonLabels": [True], "forceCommonAnnotations": [True]},
    ),
    "labels that are there": app(
        RESOURCES + "labels: [{pairs: {app: own}, includeSelectors: true}, {pairs: {x: z}}]\n",
        axes=_LABELS,
    ),
    "common labels that are there": app(RESOURCES + "commonLabels: {app: own}\n", axes=_LABELS),
    "components, some of them missing": app(
        RESOURCES,
        {
            "app/inner/kustomization.yaml": "kind: Component\n"
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nnameSuffix: -inner\n",
            "link": "-> components/two",
        },
        _COMPONENTS,
    ),
    "no option at all": app(RESOURCES, axes={}),
}
