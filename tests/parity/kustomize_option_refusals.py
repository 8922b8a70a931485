"""Options that cannot be used, and what only we refuse."""

from typing import Any

from tests.parity.kustomize_refusals import Refusal
from tests.parity.kustomize_skeleton import COMPONENT, FILES, PATCHES, RESOURCES

_NOBODY = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: nobody}}"


def _patch(**patch: Any) -> dict[str, Any]:
    return {"patches": [patch]}


ERRORS: dict[str, Refusal] = {
    "patch that does not apply": Refusal(
        "doc is missing path: /spec/no/no",
        options=_patch(
            patch='[{"op": "replace", "path": "/spec/no/no"}]', target={"kind": "Deployment"}
        ),
    ),
    "patch of no kind": Refusal("unable to parse SM or JSON patch", options=_patch(patch="a")),
    "patch for nobody": Refusal("no matches for Id", options=_patch(patch=_NOBODY)),
    "patch without a target": Refusal(
        "must specify a target for JSON patch",
        options=_patch(patch='[{"op": "remove", "path": "/spec"}]'),
    ),
    "patch in two forms": Refusal(
        "patch and path can't be set at the same time",
        options=_patch(patch=_NOBODY, path="patch.yaml"),
    ),
    "patch in no form": Refusal(
        "must specify one of patch and path", options=_patch(target={"kind": "Deployment"})
    ),
    "patch with an unknown option": Refusal(
        'unknown field "allowNothing"',
        options=_patch(patch=_NOBODY, options={"allowNothing": True}),
    ),
    "patch that is not there": Refusal("(no.yaml)", options=_patch(path="no.yaml")),
    "patch above the kustomization": Refusal(
        "is not in or below",
        options=_patch(path="../shared.yaml", target={"kind": "Service"}),
        files={"shared.yaml": FILES["app/patch.yaml"]},
    ),
    "patch out of the repository": Refusal(
        "(../../x.yaml)",
        options=_patch(path="../../x.yaml"),
        ours="kustomize.patches[0].path: '../../x.yaml' leads out of the repository",
    ),
    "target that is no expression": Refusal(
        "error parsing regexp", options=_patch(path="patch.yaml", target={"name": "("})
    ),
    "selector that is none": Refusal(
        "unable to parse requirement",
        options=_patch(path="patch.yaml", target={"labelSelector": "a=(("}),
    ),
    "patches that are no list": Refusal(
        "expected 'patches' field in kustomization.yaml",
        f"{RESOURCES}patches: {{a: b}}\n",
        {"patches": PATCHES},
        ours="its patches are no list that more can be added to",
    ),
    "patches that are nothing": Refusal(
        "expected 'patches' field in kustomization.yaml",
        f"{RESOURCES}patches:\n",
        {"patches": PATCHES},
        ours="its patches are no list that more can be added to",
    ),
    "label that is there": Refusal(
        "label a already in kustomization file",
        f"{RESOURCES}commonLabels: {{a: b}}\n",
        {"commonLabels": {"a": "c"}},
    ),
    "annotation that is there": Refusal(
        "annotation a already in kustomization file",
        f"{RESOURCES}commonAnnotations: {{a: b}}\n",
        {"commonAnnotations": {"a": "c"}},
    ),
    "label without a name": Refusal("invalid label", options={"commonLabels": {"": "c"}}),
    "label that begins with a dash": Refusal(
        "unknown shorthand flag",
        options={"commonLabels": {"-h": "x"}},
        ours="kustomize.commonLabels: '-h:x' begins with a dash",
    ),
    "labels of templates and selectors": Refusal(
        "--without-selector flag must be specified",
        options={"commonLabels": {"a": "c"}, "labelIncludeTemplates": True},
    ),
    "replicas that are no number": Refusal(
        "expected integer value for count. Received: many",
        options={"replicas": [{"name": "web", "count": "many"}]},
    ),
    "replicas of nobody": Refusal(
        "resource with name nobody does not match a config",
        options={"replicas": [{"name": "nobody", "count": 1}]},
    ),
    "replicas of a name with =": Refusal(
        "invalid format of replica", options={"replicas": [{"name": "we=b", "count": 1}]}
    ),
    "image without a tag": Refusal("invalid format of image", options={"images": ["nginx"]}),
    "component that is not there": Refusal("../no has no match", options={"components": ["../no"]}),
    "component that is a base": Refusal(
        "expected kind 'Component'",
        options={"components": ["../base"]},
        files={"base/kustomization.yaml": "resources: []\n"},
    ),
    "component that is itself": Refusal("cycle detected", options={"components": ["."]}),
    "component that is no pattern": Refusal(
        "syntax error in pattern", options={"components": ["../[a"]}
    ),
    "component from the root": Refusal(
        "cannot be absolute",
        options={"components": ["/components/one"]},
        ours="is no path from the source's directory; write it as ../component",
    ),
    "component out of the repository": Refusal(
        "../../outside has no match",
        options={"components": ["../../outside"]},
        ours="kustomize.components: '../../outside' leads out of the repository",
    ),
    "component above": Refusal(
        "cycle detected",
        options={"components": [".."]},
        files={"kustomization.yaml": COMPONENT % "nameSuffix: -a"},
        ours="kustomize.components: '..' leads out of the repository",
    ),
}

# What Argo CD renders and we refuse: docs/compatibility.md has each, with its reason.
EXCEPTIONS: dict[str, Refusal] = {
    "nothing to render": Refusal(
        "", "resources: []\n", ours="nothing was rendered, and Argo CD would delete what runs"
    ),
    "a version of kustomize": Refusal(
        "", options={"version": "v5.0.0"}, ours="leave it out to have the sidecar's kustomize"
    ),
    "an image that is a flag": Refusal(
        "", options={"images": ["--help"]}, ours="'--help' begins with a dash"
    ),
    "a workload that is a flag": Refusal(
        "", options={"replicas": [{"name": "-h", "count": 1}]}, ours="'-h=1' begins with a dash"
    ),
    "a component that is a flag": Refusal(
        "", options={"components": ["--help"]}, ours="'--help' is no path"
    ),
    "patches by an alias": Refusal(
        "",
        f"{RESOURCES}patchesJson6902: &list [{{path: patch.yaml,\n"
        "  target: {version: v1, kind: Service, name: web}}]\npatches: *list\n",
        {"patches": PATCHES},
        ours="its patches are no list that more can be added to; write a list",
    ),
    "patches of an anchor": Refusal(
        "",
        f"{RESOURCES}patches: &list [{{path: patch.yaml,\n"
        "  target: {version: v1, kind: Service, name: web}}]\npatchesJson6902: *list\n",
        {"patches": PATCHES},
        ours="its patches are no list that more can be added to; write a list",
    ),
    "fields by a merge key": Refusal(
        "",
        f"<<: {{nameSuffix: -a}}\n{RESOURCES}",
        {"patches": PATCHES},
        ours="a merge key may bring patches of its own; write fields out",
    ),
}
