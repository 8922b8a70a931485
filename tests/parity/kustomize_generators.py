"""ConfigMaps, Secrets and what refers to them."""

from tests.parity.kustomize_skeleton import AXES, RESOURCES, app
from tests.support.judge import Axes, Source

_NAMED: Axes = {**AXES, "nameSuffix": [None, "-v2"], "commonLabels": [None, {"new": "label"}]}
_FILES = {
    "app/files/a.properties": "a=1\nb: 'é ☃'\n",
    "app/files/binary": bytes(range(256)),
    "app/files/empty": "",
    "app/files/crlf.txt": "one\r\ntwo \n\n three\t\n",
    "app/env": '# a comment\nTEXT=from env\nQUOTED="x y"\n\nEQUALS=a=b\nEMPTY=\n',
    "app/more.env": "\ufeffMORE=1\n",
}
_ENVIRONMENT = "\n".join(
    [
        *("ARGOCD_APP_NAME", "ARGOCD_APP_NAMESPACE", "ARGOCD_APP_PROJECT_NAME"),
        *("ARGOCD_APP_SOURCE_PATH", "ARGOCD_APP_SOURCE_TARGET_REVISION"),
        *("ARGOCD_APP_PARAMETERS", "KUBE_VERSION", "KUBE_API_VERSIONS", "UNKNOWN"),
        *("PARAM_KUSTOMIZE_NAMEPREFIX", "CMP_INDEX", "ARGOCD_CMP_WORKDIR"),
    ]
)
_TRANSFORMERS = """\
{apiVersion: builtin, kind: LabelTransformer, metadata: {name: any}, labels: {built: in},
fieldSpecs: [{path: metadata/labels, create: true}]}
---
{apiVersion: builtin, kind: ImageTagTransformer, metadata: {name: any},
imageTag: {name: nginx, newTag: '1.27'}}
---
{apiVersion: builtin, kind: NamespaceTransformer, metadata: {name: any, namespace: built},
unsetOnly: true}
---
{apiVersion: builtin, kind: ReplicaCountTransformer, metadata: {name: any},
replica: {name: db, count: 6}, fieldSpecs: [{path: spec/replicas}]}
---
{apiVersion: builtin, kind: PatchTransformer, metadata: {name: any}, target: {kind: Service},
patch: '[{"op": "remove", "path": "/spec/ports"}]'}
---
{apiVersion: builtin, kind: AnnotationsTransformer, metadata: {name: any},
annotations: {built: in}, fieldSpecs: [{path: metadata/annotations, create: true}]}
"""
_POD = """\
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  volumes: [{name: a, configMap: {name: gone}}, {name: b, secret: {secretName: secret}}]
  containers: [{name: a, image: nginx, envFrom: [{configMapRef: {name: settings}}]}]
"""

SOURCES: dict[str, Source] = {
    "config maps of files, literals and envs": app(
        f"{RESOURCES}configMapGenerator:\n"
        "- name: settings\n"
        "  files: [files/a.properties, other=files/crlf.txt, files/binary, files/empty]\n"
        "  literals: [text=hello, 'quoted=\"a b\"', \"single='x'\", e=a=b, 'u=é ☃', 'nl=a\\nb']\n"
        "  envs: [env, more.env]\n"
        "- {name: one, env: more.env, options: {labels: {a: b}, annotations: {c: d}}}\n",
        _FILES,
        _NAMED,
    ),
    "secrets of every type": app(
        f"{RESOURCES}secretGenerator:\n"
        "- {name: settings, type: Opaque, literals: [password=x], files: [files/binary]}\n"
        "- {name: tls, type: kubernetes.io/tls, files: [tls.crt=files/empty, tls.key=env]}\n"
        "- {name: env, envs: [env], options: {disableNameSuffixHash: true, immutable: true}}\n",
        _FILES,
        _NAMED,
    ),
    "options of generators": app(
        f"{RESOURCES}generatorOptions:\n"
        "  disableNameSuffixHash: true\n  immutable: true\n  labels: {all: a}\n"
        "  annotations: {all: b}\n"
        "configMapGenerator:\n"
        "- {name: settings, literals: [text=x], options: {labels: {own: c}, immutable: false}}\n"
        "- {name: hashed, namespace: own, literals: [a=b],\n"
        "   options: {disableNameSuffixHash: false}}\n",
    ),
    "generated maps merged and replaced": app(
        "resources: [../base]\nconfigMapGenerator:\n"
        "- {name: settings, behavior: merge, literals: [text=over, new=1]}\n"
        "- {name: gone, behavior: replace, literals: [only=this]}\n"
        "- {name: made, behavior: create, literals: [a=b]}\n"
        "secretGenerator: [{name: secret, behavior: merge, literals: [b=2]}]\n",
        {
            "base/kustomization.yaml": "configMapGenerator:\n"
            "- {name: settings, literals: [text=base, kept=yes]}\n"
            "- {name: gone, literals: [text=base, kept=yes]}\n"
            "secretGenerator: [{name: secret, literals: [a=1]}]\nresources: [a.yaml]\n",
            "base/a.yaml": _POD,
        },
        _NAMED,
    ),
    "the environment in a generated map": app(
        "configMapGenerator: [{name: environment, envs: [env]}]\n",
        {"app/env": _ENVIRONMENT + "\n"},
        {**AXES, ".appName": [None, "team_guestbook"], ".namespace": [None, ""]},
    ),
    "generators and transformers by file": app(
        f"{RESOURCES}generators: [made]\ntransformers: [prefix.yaml, more.yaml]\nvalidators: []\n",
        {
            "app/made/kustomization.yaml": "resources: [generator.yaml]\n",
            "app/made/generator.yaml": "apiVersion: builtin\nkind: ConfigMapGenerator\n"
            "metadata: {name: settings}\nliterals: [text=made]\n",
            "app/prefix.yaml": "apiVersion: builtin\nkind: PrefixTransformer\n"
            "metadata: {name: any}\nprefix: built-\nfieldSpecs: [{path: metadata/name}]\n",
            "app/more.yaml": _TRANSFORMERS,
        },
    ),
}
