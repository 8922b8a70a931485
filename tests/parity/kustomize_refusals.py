"""Kustomizations that cannot be built, and what their error says."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.parity.kustomize_skeleton import FILES, PATCHES, RESOURCES
from tests.support.judge import Options

_NONE: Mapping[str, Any] = MappingProxyType({})
_EXEC = """\
apiVersion: sample.test/v1
kind: Thing
metadata: {name: a, annotations: {config.kubernetes.io/function: 'exec: {path: ./x}'}}
"""


class Refusal(NamedTuple):
    """A source that cannot be rendered."""

    telling: str
    """What the native error has of the reason."""
    kustomization: str = RESOURCES
    options: Options = _NONE
    files: Mapping[str, str] = _NONE
    ours: str = ""
    """What ours has instead, where it says it better, or sooner."""


ERRORS: dict[str, Refusal] = {
    "missing base": Refusal("lstat", "resources: [../no]\n", ours="no: no such file"),
    "missing file": Refusal(
        "accumulating resources from 'no.yaml'",
        "resources: [no.yaml]\n",
        ours="resource 'no.yaml': app/no.yaml: no such file or directory",
    ),
    "file out of the repository": Refusal(
        "accumulating resources from '../../x.yaml'",
        "resources: [../../x.yaml]\n",
        ours="resource '../../x.yaml': ../x.yaml: no such file or directory",
    ),
    "file above the kustomization": Refusal(
        "is not in or below",
        "resources: [../shared.yaml]\n",
        files={"shared.yaml": FILES["app/service.yaml"]},
    ),
    "link to a file above": Refusal(
        "is not in or below",
        "resources: [link.yaml]\n",
        files={"shared.yaml": FILES["app/service.yaml"], "app/link.yaml": "-> ../shared.yaml"},
    ),
    "link to a kustomization above": Refusal(
        "unable to find one of 'kustomization.yaml'",
        "-> ../shared/kustomization.yaml",
        {"namePrefix": "a-"},
        {"shared/kustomization.yaml": RESOURCES},
    ),
    "generator's file out of the repository": Refusal(
        "file sources: [../../x]", "configMapGenerator: [{name: a, files: [../../x]}]\n"
    ),
    "cycle": Refusal(
        "cycle detected",
        "resources: [../base]\n",
        files={"base/kustomization.yaml": "resources: [../app]\n"},
    ),
    "a resource twice": Refusal(
        "may not add resource with an already registered id",
        "resources: [service.yaml, service.yaml]\n",
    ),
    "no resource": Refusal(
        "missing Resource metadata", "resources: [x.yaml]\n", files={"app/x.yaml": "a: b\n"}
    ),
    "a resource that is not YAML": Refusal(
        "MalformedYAMLError", "resources: [x.yaml]\n", files={"app/x.yaml": "a: [\n"}
    ),
    "unknown field": Refusal('unknown field "resuorces"', "resuorces: [a]\n"),
    "unknown field, and an option": Refusal(
        'unknown field "resuorces"', "resuorces: [a]\n", {"namePrefix": "a-"}
    ),
    "a text for a list": Refusal("cannot unmarshal string", "resources: deployment.yaml\n"),
    "a kustomization that is not YAML": Refusal(
        "did not find expected node content", "resources: [\n"
    ),
    "a kustomization that is not YAML, and patches": Refusal(
        "did not find expected node content",
        "resources: [\n",
        {"patches": PATCHES},
        ours="kustomization.yaml: no patches can be added: while parsing a flow node",
    ),
    "an empty kustomization": Refusal("kustomization.yaml is empty", ""),
    "an empty kustomization, and patches": Refusal(
        "expected kustomization.yaml to be type map",
        "",
        {"patches": PATCHES},
        ours="it is no mapping, so that no patches can be added; write fields",
    ),
    "another kind": Refusal(
        "kind should be Kustomization or Component", f"kind: Deployment\n{RESOURCES}"
    ),
    "two kustomizations": Refusal(
        "Found multiple kustomization file", files={"app/kustomization.yml": RESOURCES}
    ),
    "two kustomizations, and an option": Refusal(
        "Found multiple kustomization file",
        options={"nameSuffix": "-a"},
        files={"app/kustomization.yml": RESOURCES},
    ),
    "charts that are not enabled": Refusal(
        "must specify --enable-helm", f"{RESOURCES}helmCharts: [{{name: x}}]\n"
    ),
    "programs that are not enabled": Refusal(
        "external plugins disabled",
        f"{RESOURCES}generators: [made.yaml]\n",
        files={"app/made.yaml": _EXEC},
    ),
    "an address that does not answer": Refusal(
        "connection refused", "resources: [http://127.0.0.1:9/x.yaml]\n"
    ),
    "a Kubernetes version that is none": Refusal(
        "could not parse kubernetes version latest",
        options={"kubeVersion": "latest"},
        ours="kustomize.kubeVersion: could not parse kubernetes version 'latest'; write it as",
    ),
}
