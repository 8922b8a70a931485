"""Policies as plugin parameters, and the image scalars that each is to change in a chart."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from tests.parity.helm_skeleton import depends, files_of, parameters
from tests.support.judge import Options

APP, PROXY, TOOL, DAILY = "r.test/team/app", "r.test/team/proxy", "r.test/tool", "r.test/daily"
DIGEST = f"sha256:{'1' * 64}"
TAGS = {
    APP: ("v1", "v2", "v10"),
    PROXY: ("1.0.0", "1.2.0", "2.0.0"),
    TOOL: ("a", "b"),
    DAILY: ("20240101", "20240202"),
}
DIGESTS = {APP: {"latest": DIGEST}}

_VALUES = f"""\
image: {{name: {APP}, tag: v1}}
proxy: {{repository: {PROXY}, tag: 1.0.0, whole: "{PROXY}:1.0.0"}}
plain: {{repository: {TOOL}, tag: 1}}
"""
_POD = """\
spec:
  template:
    spec:
      containers:
      - {name: app, image: "{{ .Values.image.name }}:{{ .Values.image.tag }}"}
      - {name: proxy, image: "{{ .Values.proxy.repository }}:{{ .Values.proxy.tag }}"}
      - {name: whole, image: "{{ .Values.proxy.whole }}"}
      - {name: plain, image: "{{ .Values.plain.repository }}:{{ .Values.plain.tag }}"}
"""
_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}-{{ .Chart.Name }}}
"""
_OF_SUB = """\
spec:
  template: {spec: {containers: [{image: "{{ .Values.image.name }}:{{ .Values.image.tag }}"}]}}
"""
_KEPT = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: kept}
data: {text: {{ .Values.text | default "r.test/team/app:v1" | quote }} }
"""
FILES = {
    **files_of(
        chart=depends({"name": "sub", "alias": "other"}),
        values=_VALUES,
        templates={"deployment.yaml": _DEPLOYMENT + _POD, "shows.yaml": _KEPT},
    ),
    **{
        f"app/charts/{name}": text
        for name, text in files_of(
            "sub",
            values=f"image: {{name: {APP}, tag: v1}}\n",
            templates={"shows.yaml": _DEPLOYMENT + _OF_SUB},
        ).items()
    },
    "app/tag.txt": "v6",
    "app/production.yaml": "image: {tag: v2}\nproxy: {tag: 1.1.0}\n",
}
_CONTAINERS = "Deployment/guestbook-app.spec.template.spec.containers"
MAIN = f"{_CONTAINERS}[0].image"
_PROXY = f"{_CONTAINERS}[1].image"
_WHOLE = f"{_CONTAINERS}[2].image"
_PLAIN = f"{_CONTAINERS}[3].image"
_SUB = "Deployment/guestbook-other.spec.template.spec.containers[0].image"


class Policy(NamedTuple):
    """Policy keys, and what they come to."""

    keys: Mapping[str, str]
    changes: Mapping[str, tuple[str, str]]
    options: Options = MappingProxyType({})


_PROXY_KEYS = {"proxy.helm.image-name": "proxy.repository", "proxy.helm.image-tag": "proxy.tag"}

POLICIES: dict[str, Policy] = {
    "none": Policy({}, {}),
    "default parameters": Policy({"image-list": f"app={APP}"}, {MAIN: (f"{APP}:v1", f"{APP}:v10")}),
    "without an alias": Policy({"image-list": f"{APP}:~v2"}, {MAIN: (f"{APP}:v1", f"{APP}:v2")}),
    "what is chosen is there already": Policy({"image-list": f"app={APP}:v1"}, {}),
    "parameters of its own": Policy(
        {"image-list": f"proxy={PROXY}:^1", **_PROXY_KEYS},
        {_PROXY: (f"{PROXY}:1.0.0", f"{PROXY}:1.2.0")},
    ),
    "the whole reference": Policy(
        {"image-list": f"proxy={PROXY}", "proxy.helm.image-spec": "proxy.whole"},
        {_WHOLE: (f"{PROXY}:1.0.0", f"{PROXY}:2.0.0")},
    ),
    "two aliases of two repositories": Policy(
        {"image-list": f"app={APP}, proxy={PROXY}", **_PROXY_KEYS},
        {MAIN: (f"{APP}:v1", f"{APP}:v10"), _PROXY: (f"{PROXY}:1.0.0", f"{PROXY}:2.0.0")},
    ),
    "two aliases of one repository": Policy(
        {
            "image-list": f"app={APP}:v2, other={APP}",
            "other.helm.image-name": "other.image.name",
            "other.helm.image-tag": "other.image.tag",
        },
        {MAIN: (f"{APP}:v1", f"{APP}:v2"), _SUB: (f"{APP}:v1", f"{APP}:v10")},
    ),
    "parameters of a subchart": Policy(
        {
            "image-list": f"other={APP}",
            "other.helm.image-name": "other.image.name",
            "other.helm.image-tag": "other.image.tag",
        },
        {_SUB: (f"{APP}:v1", f"{APP}:v10")},
    ),
    "a tag that looks like a number": Policy(
        {"image-list": f"daily={DAILY}", "daily.update-strategy": "alphabetical"},
        {MAIN: (f"{APP}:v1", f"{DAILY}:20240202")},
    ),
    "the digest of a tag": Policy(
        {"image-list": f"app={APP}:latest", "app.update-strategy": "digest"},
        {MAIN: (f"{APP}:v1", f"{APP}:latest@{DIGEST}")},
    ),
    "a digest alone": Policy(
        {
            "image-list": f"app={APP}:latest",
            "app.update-strategy": "digest",
            "app.digest": "digest-only",
        },
        {MAIN: (f"{APP}:v1", f"{APP}@{DIGEST}")},
    ),
    "a digest in the whole reference": Policy(
        {
            "image-list": f"app={APP}:latest",
            "app.update-strategy": "digest",
            "app.helm.image-spec": "proxy.whole",
        },
        {_WHOLE: (f"{PROXY}:1.0.0", f"{APP}:latest@{DIGEST}")},
    ),
    "letters that are no versions": Policy(
        {
            "image-list": f"tool={TOOL}",
            "tool.update-strategy": "alphabetical",
            "tool.helm.image-name": "plain.repository",
            "tool.helm.image-tag": "plain.tag",
        },
        {_PLAIN: (f"{TOOL}:1", f"{TOOL}:b")},
    ),
    "allowed, ignored and denied tags": Policy(
        {
            "image-list": f"app={APP}",
            "app.allow-tags": "regexp:^v",
            "app.ignore-tags": "v10",
            "app.deny-tags": "v3*",
        },
        {MAIN: (f"{APP}:v1", f"{APP}:v2")},
    ),
    "force-update": Policy(
        {"image-list": f"app={APP}", "app.force-update": "true"},
        {MAIN: (f"{APP}:v1", f"{APP}:v10")},
    ),
    "no tag qualifies": Policy({"image-list": f"app={APP}:^9"}, {}),
    "an image that is not listed": Policy({"image-list": "app=r.test/team/unknown"}, {}),
    "a pin": Policy(
        {"image-list": f"app={APP}", "app.pin": "v2"}, {MAIN: (f"{APP}:v1", f"{APP}:v2")}
    ),
    "a parameter of the owner's": Policy(
        {"image-list": f"app={APP}"},
        {MAIN: (f"{APP}:v3", f"{APP}:v10")},
        {"parameters": parameters(("image.tag", "v3"))},
    ),
    "a string of the owner's": Policy(
        {"image-list": f"app={APP}"},
        {MAIN: ("another:v4", f"{APP}:v10")},
        {"parameters": parameters(**{"image.tag": "v4", "image.name": "another"})},
    ),
    "a file of the owner's": Policy(
        {"image-list": f"app={APP}"},
        {MAIN: (f"{APP}:v6", f"{APP}:v10")},
        {"fileParameters": [{"name": "image.tag", "path": "tag.txt"}]},
    ),
    "values of the owner's, everywhere": Policy(
        {"image-list": f"app={APP}, proxy={PROXY}:^1", **_PROXY_KEYS},
        {MAIN: ("own:v5", f"{APP}:v10"), _PROXY: (f"{PROXY}:1.1.0", f"{PROXY}:1.2.0")},
        {
            "valueFiles": ["production.yaml"],
            "valuesObject": {"image": {"name": "own"}},
            "parameters": parameters(("image.tag", "v5"), ("text", "kept, as it was")),
        },
    ),
}
