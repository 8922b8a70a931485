"""Policies, and the images that they change in what is rendered."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.parity.kustomize_skeleton import AXES, COMPONENT, FILES, RESOURCES
from tests.support.judge import Axes, Options

WEB, INIT = "r.test/team/web", "r.test:5000/team/init"
TAGS = {
    WEB: ("v1", "v2", "v3", "v10-rc1"),
    INIT: ("v1", "v1.5", "v2"),
    "nginx": ("1.26", "1.27"),
    "postgres": ("16", "17"),
}
"""What the registries hold."""
DIGEST = f"sha256:{'d' * 64}"
_NONE: Mapping[str, Any] = MappingProxyType({})
_LIST = {"image-list": f"web={WEB}"}
_CRON_JOB = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: 0 1 * * *
  jobTemplate:
    spec:
      template:
        spec:
          initContainers: [{name: a, image: "r.test/team/web:v2"}]
          containers: [{name: b, image: "r.test/team/web@sha256:%s"}]
          ephemeralContainers: [{name: c, image: "r.test/team/webs:v1"}]
""" % ("e" * 64)
_BY_PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, image: "r.test/team/web:patched"}]}}}
"""
_THING = "{apiVersion: sample.test/v1, kind: Thing, metadata: {name: a}, spec: {image: nginx}}\n"


class Chosen(NamedTuple):
    """A policy for a source, and what becomes of the images there."""

    policy: Mapping[str, str]
    expected: Mapping[str, str]
    """From what is rendered without the policy; any other image stays."""
    kustomization: str = RESOURCES
    options: Options = _NONE
    files: Mapping[str, str] = _NONE
    natively: tuple[str, ...] = ()
    """An owner's ``kustomize.images`` with which Argo CD renders the same."""


CHOSEN: dict[str, Chosen] = {
    "a tag": Chosen(_LIST, {f"{WEB}:v1": f"{WEB}:v3"}, natively=(f"{WEB}:v3",)),
    "a constraint": Chosen(
        {"image-list": f"web={WEB}:<3"}, {f"{WEB}:v1": f"{WEB}:v2"}, natively=(f"{WEB}:v2",)
    ),
    "a tag and a digest": Chosen(
        {**_LIST, "web.pin": f"v2@{DIGEST}"},
        {f"{WEB}:v1": f"{WEB}:v2@{DIGEST}"},
        natively=(f"{WEB}:v2@{DIGEST}",),
    ),
    "a digest only": Chosen(
        {**_LIST, "web.pin": f"v2@{DIGEST}", "web.digest": "digest-only"},
        {f"{WEB}:v1": f"{WEB}@{DIGEST}"},
        natively=(f"{WEB}@{DIGEST}",),
    ),
    "two repositories, each by its own strategy": Chosen(
        {
            "image-list": f"web={WEB}, init={INIT}:~1, nginx",
            "web.update-strategy": "alphabetical",
            "nginx.allow-tags": "regexp:^1.26$",
        },
        {f"{WEB}:v1": f"{WEB}:v3", f"{INIT}:v1": f"{INIT}:v1.5", "nginx": "nginx:1.26"},
        natively=(f"{WEB}:v3", f"{INIT}:v1.5", "nginx:1.26"),
    ),
    "containers of every kind": Chosen(
        _LIST,
        {f"{WEB}:v2": f"{WEB}:v3", f"{WEB}@sha256:{'e' * 64}": f"{WEB}:v3"},
        "resources: [cron.yaml]\n",
        files={"app/cron.yaml": _CRON_JOB},
        natively=(f"{WEB}:v3",),
    ),
    "a tag over a digest of the manifests": Chosen(
        {"image-list": "db=postgres"},
        {f"postgres:16@sha256:{'0' * 64}": "postgres:17"},
        natively=("postgres:17",),
    ),
    "a new name of the kustomization": Chosen(
        _LIST,
        {"mirror.test:5000/web:v1": "mirror.test:5000/web:v3"},
        f"{RESOURCES}images: [{{name: {WEB}, newName: 'mirror.test:5000/web'}}]\n",
        natively=(f"{WEB}=*:v3",),
    ),
    "a tag over a digest of the kustomization": Chosen(
        _LIST,
        {f"m.test/web@{DIGEST}": "m.test/web:v3"},
        f"{RESOURCES}images: [{{name: {WEB}, newName: m.test/web, digest: '{DIGEST}'}}]\n",
        natively=(f"{WEB}=*:v3",),
    ),
    "a digest over a tag of the kustomization": Chosen(
        {**_LIST, "web.pin": f"v2@{DIGEST}", "web.digest": "digest-only"},
        {f"{WEB}:v1.9": f"{WEB}@{DIGEST}"},
        f"{RESOURCES}images: [{{name: {WEB}, newTag: v1.9}}]\n",
        natively=(f"{WEB}=*@{DIGEST}",),
    ),
    "another name in the manifests": Chosen(
        {**_LIST, "web.kustomize.image-name": "nginx"},
        {"nginx": f"{WEB}:v3"},
        natively=(f"nginx={WEB}:v3",),
    ),
    "an owner's image of the same name": Chosen(
        _LIST,
        {f"{WEB}:v1.1": f"{WEB}:v3"},
        options={"images": [f"{WEB}:v1.1", "nginx:1.26"]},
        natively=("nginx:1.26", f"{WEB}:v3"),
    ),
    "an owner's new name": Chosen(
        _LIST,
        {"other.test/web:v1": "other.test/web:v3"},
        options={"images": [f"{WEB}=other.test/web:v1"]},
        natively=(f"{WEB}=other.test/web:v3",),
    ),
    "a base that renames": Chosen(
        {**_LIST, "web.kustomize.image-name": "base.test/web"},
        {"base.test/web:base": f"{WEB}:v3"},
        "resources: [../base]\n",
        files={
            "base/kustomization.yaml": "resources: [a.yaml]\n"
            f"images: [{{name: {WEB}, newName: base.test/web, newTag: base}}]\n",
            "base/a.yaml": FILES["app/deployment.yaml"],
        },
        natively=(f"base.test/web={WEB}:v3",),
    ),
    "an option's component that sets it": Chosen(
        _LIST,
        {f"{WEB}:component": f"{WEB}:v3"},
        options={"components": ["../components/image"]},
        files={
            "components/image/kustomization.yaml": COMPONENT
            % f"images: [{{name: {WEB}, newTag: component}}]"
        },
        natively=(f"{WEB}:v3",),
    ),
    "an option's patch that sets it": Chosen(
        _LIST,
        {f"{WEB}:patched": f"{WEB}:v3"},
        options={"patches": [{"patch": _BY_PATCH}]},
        natively=(f"{WEB}:v3",),
    ),
    "a custom resource by a configuration": Chosen(
        {"image-list": "nginx"},
        {"nginx": "nginx:1.27"},
        "resources: [thing.yaml]\nconfigurations: [images.yaml]\n",
        files={
            "app/thing.yaml": _THING,
            "app/images.yaml": "images: [{kind: Thing, path: spec/image}]\n",
        },
        natively=("nginx:1.27",),
    ),
    "an image that is not there": Chosen(
        {"image-list": f"web={WEB}"}, {}, "resources: [service.yaml]\n", natively=(f"{WEB}:v3",)
    ),
    "the tag that is there": Chosen({**_LIST, "web.pin": "v1"}, {}, natively=(f"{WEB}:v1",)),
}

# With one policy, over options that leave images alone.
PAIRS = Chosen(
    {"image-list": f"web={WEB},init={INIT}"},
    {f"{WEB}:v1": f"{WEB}:v3", f"{INIT}:v1": f"{INIT}:v2"},
    natively=(f"{INIT}=*:v2", f"{WEB}=*:v3"),
)
PAIRS_AXES: Axes = {
    **AXES,
    "nameSuffix": [None, "-b"],
    "namespace": [None, "elsewhere"],
    "replicas": [None, [{"name": "web", "count": 5}]],
    "commonLabels": [None, {"team": "$ARGOCD_APP_NAME"}],
    "labelWithoutSelector": [None, True],
    "commonAnnotations": [None, {"a": "b"}],
    ".appName": [None, "team_guestbook"],
}
