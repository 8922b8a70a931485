"""Sources of helm's that nobody renders: what Argo CD says of each, and what we do."""

from typing import NamedTuple

from tests.parity.helm_skeleton import Files, depends, files_of, parameters
from tests.support.judge import Options


class Error(NamedTuple):
    """A source with options that is refused."""

    options: Options
    native: str
    """The telling part of what Argo CD says."""
    ours: str
    """All that we say."""
    files: Files = files_of()


_NO_NAME = (
    "invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    r"(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53"
)
_NO_CREDENTIALS = (
    " (a plugin has none of Argo CD's credentials: put a private chart into charts/, or leave this "
    "Application native)"
)
_CACHED = "helm-manager-482230cd11890d13bcfe3afbf83e040560e3d70ce55fe44dc7755e68e3a83621"
_SCHEMA = '{"$schema": "http://json-schema.org/draft-07/schema#", "required": ["needed"]}'


def _printing(template: str) -> Files:
    return files_of(templates={"a.yaml": template})


def _chart(text: str) -> Files:
    return {**files_of(), "app/Chart.yaml": text}


ERRORS: dict[str, Error] = {
    "value file that is not there": Error(
        {"valueFiles": ["absent.yaml"]},
        "/app/absent.yaml: no such file or directory",
        "helm template: open app/absent.yaml: no such file or directory",
    ),
    "value file that is a folder": Error(
        {"valueFiles": ["templates"]},
        "/app/templates: is a directory",
        "helm template: read app/templates: is a directory",
    ),
    "value file out of the repository": Error(
        {"valueFiles": ["../../other/values.yaml"]},
        "file '../../other/values.yaml' resolved to outside repository root",
        "helm.valueFiles: '../../other/values.yaml' leads out of the repository; name a file "
        "inside it",
    ),
    "value file that is a link in a circle": Error(
        {"valueFiles": ["/loop.yaml"]},
        "failed to resolve path",
        "helm.valueFiles: '/loop.yaml' is a link to a link to a link ...; name a file",
        {**files_of(), "loop.yaml": "-> loop.yaml"},
    ),
    "glob that matches nothing": Error(
        {"valueFiles": ["env/*.yaml"]},
        'values file glob "env/*.yaml" matched no files',
        "helm.valueFiles: 'env/*.yaml' matched no files",
    ),
    "glob that is none": Error(
        {"valueFiles": ["env/[*.yaml"]},
        'error expanding glob pattern "env/[*.yaml": syntax error in pattern',
        "helm.valueFiles: 'env/[*.yaml' is no pattern: [ is never closed",
    ),
    "scheme that is not allowed": Error(
        {"valueFiles": ["s3://bucket/values.yaml"]},
        "the URL scheme 's3' is not allowed",
        "helm.valueFiles: the URL scheme 's3' is not allowed; use https, or a file of the "
        "repository",
    ),
    "value file at an address that does not answer": Error(
        {"valueFiles": ["http://127.0.0.1:1/values.yaml"]},
        "connect: connection refused",
        'helm template: Get "http://127.0.0.1:1/values.yaml": dial tcp 127.0.0.1:1: connect: '
        "connection refused",
    ),
    "value file that is not YAML": Error(
        {"valueFiles": ["bad.yaml"]},
        "/app/bad.yaml: cannot unmarshal yaml document",
        "helm template: failed to parse app/bad.yaml: cannot unmarshal yaml document: error "
        "converting YAML to JSON: yaml: line 1: did not find expected node content",
        {**files_of(), "app/bad.yaml": "a: [\n"},
    ),
    "values.yaml that is not YAML": Error(
        {},
        "cannot load values.yaml",
        "helm template: cannot load values.yaml: cannot unmarshal yaml document: error "
        "converting YAML to JSON: yaml: line 1: did not find expected node content",
        files_of(values="a: [\n"),
    ),
    "values that are not YAML": Error(
        {"values": "a: [\n"},
        "did not find expected node content",
        "helm template: failed to parse helm.values: cannot unmarshal yaml document: error "
        "converting YAML to JSON: yaml: line 1: did not find expected node content",
    ),
    "values that are a list": Error(
        {"values": "- a\n"},
        "cannot unmarshal array into Go value of type map[string]interface {}",
        "helm template: failed to parse helm.values: cannot unmarshal yaml document: error "
        "unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of "
        "type map[string]interface {}",
    ),
    "parameter that helm cannot read": Error(
        {"parameters": parameters(("list[x]", "a"))},
        "failed parsing --set data: error parsing index",
        'helm template: failed parsing --set data: error parsing index: strconv.Atoi: parsing "x": '
        "invalid syntax",
    ),
    "file parameter that is not there": Error(
        {"fileParameters": [{"name": "a", "path": "absent.txt"}]},
        "failed parsing --set-file data: open ",
        "helm template: failed parsing --set-file data: open app/absent.txt: no such file or "
        "directory",
    ),
    "file parameter out of the repository": Error(
        {"fileParameters": [{"name": "a", "path": "/../../etc/passwd"}]},
        "resolved to outside repository root",
        "helm.fileParameters a: '/../../etc/passwd' leads out of the repository; name a file "
        "inside it",
    ),
    "release name that is too long": Error(
        {"releaseName": "a" * 54},
        "invalid release name, must match regex",
        f'helm template: release name check failed: release name "{"a" * 54}": {_NO_NAME}',
    ),
    "release name with other letters": Error(
        {".appName": "Team.App_x!"},
        'release name "x!": invalid release name, must match regex',
        f'helm template: release name check failed: release name "x!": {_NO_NAME}',
    ),
    "version of Kubernetes": Error(
        {"kubeVersion": "latest"},
        "could not parse kubernetes version latest",
        "helm.kubeVersion: could not parse kubernetes version 'latest'; write it as 1.30.2",
    ),
    "version of Kubernetes that the chart is not for": Error(
        {},
        "chart requires kubeVersion: < 1.20.0 which is incompatible with Kubernetes v1.37.0",
        "helm template: chart requires kubeVersion: < 1.20.0 which is incompatible with "
        "Kubernetes v1.37.0",
        files_of(chart="kubeVersion: < 1.20.0\n"),
    ),
    "version of helm": Error(
        {"version": "v2"},
        "helm version 'v2' is not supported",
        "helm.version: the sidecar has one helm, and so has Argo CD itself; leave it out",
    ),
    "schema that is violated": Error(
        {},
        "missing property 'needed'",
        "helm template: values don't meet the specifications of the schema(s) in the following "
        "chart(s):\napp:\n- at '': missing property 'needed'",
        files_of(others={"values.schema.json": _SCHEMA}),
    ),
    "template that fails": Error(
        {},
        "execution error at (app/templates/a.yaml:1:4): set a host",
        "helm template: execution error at (app/templates/a.yaml:1:4): set a host",
        _printing("{{- fail `set a host` }}\n"),
    ),
    "value that is required": Error(
        {},
        "set a host",
        "helm template: execution error at (app/templates/a.yaml:1:9): set a host",
        _printing("host: {{ required `set a host` .Values.host }}\n"),
    ),
    "value that is not there": Error(
        {},
        "nil pointer evaluating interface {}.port",
        'helm template: app/templates/a.yaml:1:16\n  executing "app/templates/a.yaml" at '
        "<.Values.web.port>:\n    nil pointer evaluating interface {}.port",
        _printing("port: {{ .Values.web.port }}\n"),
    ),
    "function that is not there": Error(
        {},
        'function "frobnicate" not defined',
        'helm template: parse error at (app/templates/a.yaml:1): function "frobnicate" not defined',
        _printing("a: {{ frobnicate 1 }}\n"),
    ),
    "template that is not YAML": Error(
        {},
        "YAML parse error on app/templates/a.yaml",
        "helm template: YAML parse error on app/templates/a.yaml: error converting YAML to JSON: "
        "yaml: line 1: did not find expected node content",
        _printing("a: [\n"),
    ),
    "library chart by itself": Error(
        {},
        "library charts are not installable",
        "helm template: library charts are not installable",
        files_of(chart="type: library\n"),
    ),
    "Chart.yaml that is not YAML": Error(
        {},
        "error converting YAML to JSON: yaml: line 1: did not find expected node content",
        "helm template: cannot load Chart.yaml: error converting YAML to JSON: yaml: line 1: did "
        "not find expected node content",
        _chart("a: [\n"),
    ),
    "Chart.yaml without a name": Error(
        {},
        "chart.metadata.name is required",
        "helm template: validation: chart.metadata.name is required",
        _chart("apiVersion: v2\nversion: 1.0.0\n"),
    ),
    "Chart.yaml with a version that is none": Error(
        {},
        'chart.metadata.version "one" is invalid',
        'helm template: validation: chart.metadata.version "one" is invalid',
        _chart("apiVersion: v2\nname: app\nversion: one\n"),
    ),
    "Chart.yaml that is not there": Error(
        {"releaseName": "other"},
        "/app/Chart.yaml: no such file or directory",
        "helm template: unable to detect chart at app/Chart.yaml: open app/Chart.yaml: no such "
        "file or directory",
        {"app/values.yaml": "a: 1\n"},
    ),
    "archive in charts/ that is none": Error(
        {},
        "error unpacking subchart sub.tgz in app: gzip: invalid header",
        "helm template: error unpacking subchart sub.tgz in app: gzip: invalid header",
        {**files_of(), "app/charts/sub.tgz": b"no archive"},
    ),
    "dependency that is nowhere": Error(
        {},
        "directory charts/sub not found",
        "helm dependency: directory charts/sub not found",
        files_of(chart=depends({"name": "sub"})),
    ),
    "dependency in a folder that is not there": Error(
        {},
        "directory ../sub not found",
        "helm dependency: directory ../sub not found",
        files_of(chart=depends({"name": "sub", "repository": "file://../sub"})),
    ),
    "dependency out of the repository": Error(
        {},
        "not found",
        "Chart.yaml: the dependency of 'file://../../sub' leads out of the repository; name a "
        "folder inside it",
        files_of(chart=depends({"name": "sub", "repository": "file://../../sub"})),
    ),
    "dependency of a repository that does not answer": Error(
        {},
        "is not a valid chart repository or cannot be reached",
        'helm repo: looks like "https://127.0.0.1:1/charts" is not a valid chart repository or '
        'cannot be reached: Get "https://127.0.0.1:1/charts/index.yaml": dial tcp 127.0.0.1:1: '
        f"connect: connection refused{_NO_CREDENTIALS}",
        files_of(chart=depends({"name": "sub", "repository": "https://127.0.0.1:1/charts"})),
    ),
    "dependency of a repository that Argo CD does not ask": Error(
        {},
        f"no cached repository for {_CACHED} found",
        f"helm dependency: no cached repository for {_CACHED} found. (try 'helm repo update'): "
        f"open <temporary>/CACHE/repository/{_CACHED}-index.yaml: no such file or directory"
        f"{_NO_CREDENTIALS}",
        files_of(chart=depends({"name": "sub", "repository": "http://127.0.0.1:1/charts"})),
    ),
    "dependency in a registry that does not answer": Error(
        {},
        "could not retrieve list of tags for repository oci://127.0.0.1:1/charts",
        "helm dependency: could not retrieve list of tags for repository oci://127.0.0.1:1/charts: "
        'Get "https://127.0.0.1:1/v2/charts/sub/tags/list": dial tcp 127.0.0.1:1: connect: '
        f"connection refused{_NO_CREDENTIALS}",
        files_of(chart=depends({"name": "sub", "repository": "oci://127.0.0.1:1/charts"})),
    ),
    "dependency of a repository by its name": Error(
        {},
        "failed to add helm repository",
        "Chart.yaml: the dependency of '@mine' names a repository in Argo CD's settings, which "
        "a plugin does not see; write its https address, put the chart into charts/, or leave "
        "this Application native",
        files_of(chart=depends({"name": "sub", "repository": "@mine"})),
    ),
    "lock that is out of date": Error(
        {},
        "the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml)",
        "helm dependency: the lock file (Chart.lock) is out of sync with the dependencies file "
        "(Chart.yaml). Please update the dependencies with 'helm dependency update'",
        {
            **files_of(chart=depends({"name": "sub", "repository": "file://../sub"})),
            **files_of("sub"),
            "app/Chart.lock": "digest: sha256:0\ngenerated: '2026-01-01T00:00:00Z'\n",
        },
    ),
}
