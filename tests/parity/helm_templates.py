"""Templates by what they print: all that YAML can be, and what Argo CD makes of it."""

from tests.parity.helm_skeleton import files_of, source
from tests.support.judge import Axes, Source

_OWN: Axes = {"values": [None, "text: |\n  several\n\n  lines\n"]}
_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n"


def _map(name: str, rest: str = "") -> str:
    return _MAP.format(name=name) + rest


def _printing(**templates: str | bytes) -> Source:
    """Return a chart with these templates, by names without their ending."""
    named = {f"{name.replace('__', '/')}.yaml": text for name, text in templates.items()}
    return source(files_of(values="text: a\nlist: []\nempty: {}\n", templates=named), _OWN)


_NUMBERS = """\
spec:
  integers: [0, -0, 007, 010, 08, 0o7, 0x1F, 0b11, 1_000, +1, 190:20:30]
  big: [9007199254740993, 9223372036854775807, 9223372036854775808, 18446744073709551615]
  bigger: [18446744073709551616, 123456789012345678901234567890, -9223372036854775809]
  floats: [1.0, 1., .5, -.5, 1e3, 1E+3, 1e-7, 1e21, 1.5e300, 0.1, 100000000.0, 1e400]
  long: [3.14159265358979323846, 0.30000000000000004, 1234567890.123456789]
  special: [~, null, Null, NULL, '']
  booleans: [true, True, TRUE, yes, Yes, no, on, off, y, n, Y, N]
  dates: [2001-12-14, 2001-12-14t21:59:43.10-05:00, 2001-12-14 21:59:43, 12:30:45]
  versions: [1.10, '1.10', 1.2.3, v1, 1e3a, 0.0.0]
  quoted: ["010", '1e3', "true", 'no', "~"]
  tagged: [!!str 1, !!int "2", !!float 3, !!bool "true", !!binary aGk=]
  bytes: 1Gi
"""
_KEYS = """\
data:
  1: int
  1.5: float
  true: bool
  yes: yes
  'quoted': a
  "tab\\there": b
  ? complex
  : key
  <<: {merged: x}
"""
_ANCHORS = """\
data: &data
  a: &a text
  b: *a
  c: {<<: [{d: 1}, {d: 2, e: 3}], d: own}
spec: {copy: *data, list: [&x {y: z}, *x]}
"""
_BLOCKS = """\
data:
  literal: |
    one
      two

  stripped: |-
    one
  kept: |+
    one


  folded: >
    one
    two

    three
  indented: |2
      two deep
  quoted: "a\\tb\\u00e9\\x41 \\
    continued"
  single: 'it''s
    folded'
  plain: a b
    c
  hash: a#b
  trailing: "  spaces  "
"""

TEMPLATES: dict[str, Source] = {
    "nothing but white space": _printing(
        a="", b="\n\n", c="  \n\t", d="{{- if .Values.absent }}\nkind: X\n{{- end }}\n"
    ),
    "comments, markers and null": _printing(
        a="# only a comment\n", b="---\n", c="---\n---\n", d="null\n", e="--- # comment\n", f="~\n"
    ),
    "several documents": _printing(
        a=_map("a") + "---\n" + _map("b") + "---\n# nothing\n---\n" + _map("c") + "---",
        b="\n---\n\n" + _map("d") + "\n---  \n" + _map("e") + "...\n",
        c="# above\n---\n# of\n" + _map("f") + "# below\n",
    ),
    "document markers within a text": _printing(
        a=_map("a", "data:\n  text: |\n    ---\n    kind: X\n    ---\n  more: '--- no'\n")
    ),
    "a marker with something behind it": _printing(
        a="--- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n", b="---\n" + _map("b")
    ),
    "Windows line ends": _printing(
        a=_map("a", "data:\n  text: |\n    one\n    two\n").replace("\n", "\r\n"),
        b=(_map("b") + "---\n" + _map("c", "data: {x: {{ .Values.text | quote }} }\n")).replace(
            "\n", "\r\n"
        ),
    ),
    "old Macintosh line ends": _printing(a=_map("a", "data: {text: x}\n").replace("\n", "\r")),
    "byte order mark": _printing(a=b"\xef\xbb\xbf" + _map("a").encode()),
    "unicode": _printing(
        a=_map(
            "a",
            'data:\n  é: "☃ \\U0001F600 \\u2028 \\u0085"\n  raw: 日本語 😀\n  nbsp: "a b"\n'
            '  html: "<a href=x>&amp;</a>"\n  line: "a b"\n  escape: "\\a"\n',
        )
    ),
    "very long lines": _printing(
        a=_map("a", f'data: {{text: {"x" * 70_000}, more: "{"a b " * 20_000}"}}\n')
    ),
    "very many documents": _printing(
        a="{{- range $i, $_ := until 300 }}\n---\n" + _map("a-{{ $i }}") + "{{- end }}\n"
    ),
    "numbers, booleans and dates": _printing(a=_map("a", _NUMBERS)),
    "values as numbers": source(
        files_of(
            values="i: 1\nbig: 12345678901\nf: 1.0\ne: 1e6\no: 010\nh: 0x1F\n"
            "s: '010'\nd: 2001-12-14\n",
            templates={
                "a.yaml": _map(
                    "a",
                    "data:\n{{- range $k, $v := .Values }}\n  {{ $k }}: {{ $v }}\n"
                    "  q{{ $k }}: {{ $v | quote }}\n  t{{ $k }}: {{ kindOf $v }}\n"
                    "  j{{ $k }}: {{ toJson $v }}\n  n{{ $k }}: {{ int64 $v }}\n{{- end }}\n",
                )
            },
        ),
        {
            "values": [None, "i: 1000000\nf: 2.50\nbig: 1e20\n"],
            "valuesObject": [None, {"i": 1e6, "f": 2.0}],
        },
    ),
    "keys of every kind": _printing(a=_map("a", _KEYS)),
    "a key twice": _printing(a=_map("a", "data: {a: 1}\ndata: {b: 2}\n"), b=_map("b")),
    "anchors": _printing(a=_map("a", _ANCHORS)),
    "block scalars": _printing(
        a=_map("a", _BLOCKS), z="{{/* the last */}}\n" + _map("z", "data:\n  kept: |+\n    x\n\n\n")
    ),
    "a text without an end of line": _printing(
        a=_map("a", "data:\n  text: |-\n    x"), b=_map("b")
    ),
    "a text that ends with white space": _printing(
        z=_map("z", "data:\n  text: |\n    x\n    \n   ")
    ),
    "toYaml of texts with several lines": source(
        files_of(
            values="text: |+\n  a\n   b\n\nquoted: '1e3'\nlist: [a: 1]\nnothing: null\nlong: "
            + "w " * 90,
            templates={
                "a.yaml": _map(
                    "a",
                    "data: {{- toYaml .Values | nindent 2 }}\n"
                    "pretty: {{- toYamlPretty .Values | nindent 2 }}\n"
                    "again: {{ fromYaml (toYaml .Values) | toJson | quote }}\n"
                    "toml: {{ toToml .Values | quote }}\n",
                )
            },
        ),
        _OWN,
    ),
    "lists": _printing(
        a="apiVersion: v1\nkind: List\nitems:\n- {{ `` }}{apiVersion: v1, kind: ConfigMap, "
        "metadata: {name: a}}\n- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod, "
        "metadata: {name: b}}]}\n",
        b="apiVersion: v1\nkind: ConfigMapList\nitems: []\n",
        c="apiVersion: v1\nkind: PodList\nitems: null\n",
        d="apiVersion: x.test/v1\nkind: Thing\nmetadata: {name: c}\nspec: {}\nitems: null\n",
        e="apiVersion: x.test/v1\nkind: Thing\nmetadata: {name: d}\nitems: {a: 1}\n",
    ),
    "a list of templates": _printing(
        a="apiVersion: v1\nkind: List\nitems:\n{{- range tuple `a` `b` }}\n- apiVersion: v1\n"
        "  kind: Secret\n  metadata: {name: {{ . }} }\n{{- end }}\n"
    ),
    "resources twice": _printing(
        a=_map("a") + "---\n" + _map("a", "data: {b: c}\n"), b=_map("a"), sub__a=_map("a")
    ),
    "JSON": source(
        files_of(
            templates={
                "a.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"},\n'
                '"data": {"t\\u00e9": "a/b", "n": 1.0, "e": 1e3, "b": 9007199254740993}}',
                "b.yaml": '{"apiVersion": "v1",\t"kind": "Pod", "metadata": {"name": "b"}}\n',
                "c.json": '\n{{ dict "apiVersion" "v1" "kind" "Pod" "metadata" (dict "name" "c")'
                " | toPrettyJson }}\n",
            }
        ),
        _OWN,
    ),
    "no order but helm's": _printing(
        a="apiVersion: x.test/v1\nkind: Unknown\nmetadata: {name: a}\n---\n"
        "apiVersion: v1\nkind: Service\nmetadata: {name: b}\n---\n"
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: c}\n---\n"
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n---\n"
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: e}\n",
        sub__folder__z=_map("z"),
        Capital=_map("capital"),
        _partial="not: printed\n",
    ),
    "metadata of every kind": _printing(
        a="apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-, annotations: null}\n",
        b="apiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: '', labels: {}}\n"
        "status: {phase: Running}\n",
        c="apiVersion: v1\nkind: Pod\nmetadata: {name: 'c', creationTimestamp: null}\nspec: null\n",
        d="kind: NoVersion\nmetadata: {name: d}\n",
        e="apiVersion: v1\nkind: Secret\nmetadata: {name: e}\ndata: {a: !!binary aGk=}\n"
        "type: Opaque\nimmutable: no\n",
    ),
    "tabs, and files without an ending": source(
        files_of(
            templates={
                "a": _map("a", "data:\t{x:\ty}\t\n"),
                "b.txt": _map("b"),
                "c.yml": _map("c"),
                ".hidden.yaml": _map("hidden"),
                "sub dir/d é.yaml": _map("d"),
            }
        ),
        _OWN,
    ),
    "functions of helm's": _printing(
        a=_map(
            "a",
            "data:\n  sha: {{ .Values | toJson | sha256sum }}\n  ternary: {{ ternary 1 2 true }}\n"
            "  merge: {{ merge (dict `a` 1) (dict `b` 2) | toJson | quote }}\n"
            "  semver: {{ (semver `1.2.3-rc.1+b`).Prerelease }}\n"
            "  trunc: {{ trunc 3 `é☃xyz` | quote }}\n"
            "  regex: {{ regexReplaceAll `a(x*)b` `-ab-axxb-` `${1}W` }}\n"
            "  env: {{ `$HOME` | quote }}\n"
            "  dig: {{ dig `a` `b` `none` (dict `a` (dict `c` 1)) }}\n"
            "  required: {{ required `needed` .Values.text | quote }}\n",
        )
    ),
}
