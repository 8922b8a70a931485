"""Sources of helm's that Argo CD renders and we refuse: docs/compatibility.md says why."""

from tests.parity.helm_errors import Error
from tests.parity.helm_skeleton import files_of

_NOTHING = (
    "helm: nothing was rendered, and Argo CD would delete what runs; set allow-empty to true if "
    "that is meant"
)
_SEVERAL = (
    " holds a comma or a quote, by which helm tells several files apart; rename the file, or list "
    "each by itself"
)

EXCEPTIONS: dict[str, Error] = {
    "a chart without resources": Error(
        {}, "", _NOTHING, files_of(templates={"shows.yaml": "", "NOTES.txt": "Nothing to see\n"})
    ),
    "a chart of which all is switched off": Error(
        {},
        "",
        _NOTHING,
        files_of(templates={"shows.yaml": "{{- if .Values.on }}\nkind: X\n{{- end }}\n"}),
    ),
    "a value file with a comma in its name": Error(
        {"valueFiles": ["a.yaml,b.yaml"]},
        "",
        f"helm.valueFiles: 'app/a.yaml,b.yaml'{_SEVERAL}",
        {
            **files_of(),
            "app/a.yaml,b.yaml": "a: 1\n",
            "app/a.yaml": "a: 2\n",
            "app/b.yaml": "a: 3\n",
        },
    ),
    "a glob with a folder in braces": Error(
        {"valueFiles": ["{env,other}/{a,b/c}*.yaml"]},
        "",
        "helm.valueFiles: '{env,other}/{a,b/c}*.yaml' is no pattern: { is never closed, or closed "
        "in another folder's name",
        {**files_of(), "app/env/a.yaml": "a: 1\n"},
    ),
    "a value file of another source": Error(
        {"valueFiles": ["$values/prod.yaml"]},
        "",
        "helm.valueFiles: '$values/prod.yaml' is of another source, and Argo CD gives a plugin no "
        "other source; keep the values beside the chart, or leave this Application native",
        {**files_of(), "prod.yaml": "a: 1\n"},
    ),
}
