"""Charts of charts: subcharts in folders and archives, and dependencies that are built."""

from tests.parity.helm_skeleton import (
    BRIEFLY,
    IN_CHARTS,
    OLD_CHART,
    SHOWS,
    SUB,
    archive,
    depends,
    each,
    files_of,
    source,
)
from tests.support.judge import Source

_ABOVE = {"name": "sub", "repository": "file://../sub"}
_LOCK = """\
dependencies:
- name: sub
  repository: file://../sub
  version: 1.0.0
digest: sha256:244fa35d6bfb7a775d29423d1e899cc66aa0435a22708e51546393a73a53562a
generated: "2026-01-01T00:00:00Z"
"""
_NAMED = """\
{{- define "name" }}of {{ .Chart.Name }}{{ end -}}
{{- define "labels" -}}
app: {{ .Chart.Name }}
release: {{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- end }}
"""
_USES = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: uses
  labels: {{- include "labels" . | nindent 4 }}
data: {name: {{ template "name" . }} }
"""
_LIBRARY = {
    "lib/Chart.yaml": "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n",
    "lib/templates/_name.tpl": _NAMED,
    "lib/templates/ignored.yaml": SHOWS,
}

SUBCHARTS: dict[str, Source] = {
    "subchart in a folder": source({**files_of(), **IN_CHARTS}),
    "subchart in an archive": source({**files_of(), "app/charts/sub-1.0.0.tgz": archive(SUB)}),
    "subchart that is named, in an archive": source(
        {
            **files_of(chart=depends({"name": "sub"})),
            "app/charts/sub-1.0.0.tgz": archive(SUB),
        }
    ),
    "subcharts by condition": source(
        {
            **files_of(
                chart=depends({"name": "sub", "condition": "sub.enabled,global.sub"}),
                values="sub: {replicas: 3}\n",
            ),
            **IN_CHARTS,
        },
        {
            "parameters": [
                None,
                *each(("sub.enabled", "false"), ("global.sub", "false"), ("sub.enabled", "1")),
            ],
            "values": [None, "sub: {text: of app}\n"],
            "valuesObject": [None, {"sub": {"enabled": False}}],
        },
    ),
    "subcharts by tag": source(
        {
            **files_of(
                chart=depends(
                    {"name": "sub", "tags": ["front", "all"], "condition": "sub.enabled"},
                    {"name": "sub", "alias": "other", "tags": ["all"]},
                ),
                values="tags: {all: false}\n",
            ),
            **IN_CHARTS,
        },
        {
            "parameters": [None, *each(("tags.front", "true"), ("sub.enabled", "true"))],
            "values": [None, "tags: {all: true}\n"],
        },
    ),
    "subcharts with aliases": source(
        {
            **files_of(
                chart=depends(
                    {"name": "sub", "alias": "first"}, {"name": "sub", "alias": "second"}
                ),
                values="first: {text: one}\nsecond: {replicas: 2}\n",
            ),
            **IN_CHARTS,
        },
        {
            "parameters": [None, *each(("second.text", "two"), ("sub.text", "of nobody"))],
            "values": [None, "first: null\n", "second: {text: null}\n"],
        },
    ),
    "values imported from a subchart": source(
        {
            **files_of(
                chart=depends(
                    {
                        "name": "sub",
                        "import-values": ["data", {"child": "deep.er", "parent": "here"}],
                    }
                ),
                values="here: {kept: true}\n",
            ),
            **IN_CHARTS,
            "app/charts/sub/values.yaml": (
                "exports: {data: {imported: 1}}\ndeep: {er: {a: 1, b: [x]}}\n"
            ),
        },
        {
            "parameters": [None, *each(("here.a", "2"), ("sub.deep.er.a", "3"))],
            "values": [None, "imported: own\n", "sub: {exports: {data: {imported: null}}}\n"],
        },
    ),
    "globals of an umbrella": source(
        {
            **files_of(values="global: {a: 1, b: {c: d}}\nsub: {global: {a: of sub}}\n"),
            **IN_CHARTS,
            "app/charts/sub/values.yaml": "global: {z: 26, b: {e: f}}\n",
            **{f"app/charts/sub/charts/{n}": t for n, t in files_of("deep").items()},
        },
        {
            "parameters": [
                None,
                *each(("global.b.c", "x"), ("sub.deep.text", "y"), ("sub.global.z", "0")),
            ],
            "values": [None, "global: {b: null}\n"],
        },
    ),
    "dependency in a folder beside": source({**files_of(chart=depends(_ABOVE)), **SUB}),
    "dependency in a folder beside, locked": source(
        {
            **files_of(chart=depends(_ABOVE)),
            **SUB,
            "app/Chart.lock": _LOCK,
        }
    ),
    "requirements.yaml with the charts": source(
        {
            **files_of(),
            "app/Chart.yaml": OLD_CHART,
            "app/requirements.yaml": depends({"name": "sub", "condition": "sub.enabled"}),
            **IN_CHARTS,
        },
        {**BRIEFLY, "parameters": [None, *each(("sub.enabled", "false"))]},
    ),
    "requirements.yaml with a folder beside": source(
        {
            **files_of(),
            "app/Chart.yaml": OLD_CHART,
            "app/requirements.yaml": depends(_ABOVE),
            **SUB,
        }
    ),
    "dependency on the chart that has it": source(
        {
            **files_of(chart=depends({"name": "sub", "repository": "file://./parts/sub"})),
            **{f"app/parts/{name}": text for name, text in SUB.items()},
        }
    ),
    "library chart": source(
        {
            **files_of(chart=depends({"name": "lib"}), templates={"uses.yaml": _USES}),
            **{f"app/charts/{name}": text for name, text in _LIBRARY.items()},
        }
    ),
    "named templates, one of them twice": source(
        {
            **files_of(templates={"_named.tpl": _NAMED, "uses.yaml": _USES}),
            **IN_CHARTS,
            "app/charts/sub/templates/_named.tpl": '{{- define "name" }}of the sub{{ end }}',
            "app/charts/sub/templates/uses.yaml": _USES,
        }
    ),
    "dependency of a dependency": source(
        {
            **files_of(chart=depends(_ABOVE)),
            **files_of("sub", chart=depends({"name": "deep", "repository": "file://../deep"})),
            **files_of("deep"),
        }
    ),
    "requirements.yaml beside a newer Chart.yaml": source(
        {**files_of(), "app/requirements.yaml": depends(_ABOVE), **SUB}
    ),
}
