"""Plain directories of every kind, and the options each is tried with."""

from tests.support.judge import Axes, Source

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {a: '1'}\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app  # a comment
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      initContainers:
      - {name: init, image: 'r.test/team/app:v1'}
      containers:
      - name: app
        image: "r.test/team/app:v1"
      - name: other
        image: r.test/team/other:v1
"""
AXES: Axes = {
    "recurse": [None, True],
    "include": [None, "*.yaml", "{a,b}*", "sub/*", "**/*.yml", "[ab].yaml", "nothing"],
    "exclude": [None, "b.yaml", "*.json", "{sub/*,c*}", "s?b/*"],
    "disableExtensionFilter": [None, True],
}
_TREE = {
    "app/b.yaml": CONFIG % "b",
    "app/a.yaml": CONFIG % "a",
    "app/C.yml": CONFIG % "upper",
    "app/c.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}',
    "app/.hidden.yaml": CONFIG % "hidden",
    "app/manifest": CONFIG % "none",
    "app/README.md": "# Nothing to see\n",
    "app/sub/d.yaml": CONFIG % "d",
    "app/sub/e.yml": CONFIG % "e",
    "app/sub/deeper/f.yaml": CONFIG % "f",
}


def _file(content: str | bytes, name: str = "a.yaml") -> Source:
    return Source("directory", {f"app/{name}": content})


SOURCES: dict[str, Source] = {
    "options": Source("directory", _TREE, AXES),
    "the repository's root": Source("directory", {"a.yaml": CONFIG % "a"}, path="."),
    "a folder with a space": Source("directory", {"my app/a.yaml": CONFIG % "a"}, path="my app"),
    "workloads": _file(DEPLOYMENT),
    "several documents": _file("---\n" + CONFIG % "a" + "---\n# nothing\n---\n" + CONFIG % "b"),
    "documents that end": _file(CONFIG % "a" + "...\n---\n" + CONFIG % "b" + "...\n"),
    "Windows line ends": _file((CONFIG % "a" + "---\n" + DEPLOYMENT).replace("\n", "\r\n")),
    "a byte order mark": _file("\ufeff" + CONFIG % "a"),
    "UTF-16": _file((CONFIG % "a").encode("utf-16")),
    "no end of the last line": _file((CONFIG % "a").rstrip("\n")),
    "a List": _file(
        "apiVersion: v1\nkind: List\nitems:\n"
        "- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"
        "- {apiVersion: v1, kind: Secret, metadata: {name: b}}\n"
    ),
    "a List of nothing beside one": _file(
        "apiVersion: v1\nkind: List\nitems: []\n---\n" + CONFIG % "a"
    ),
    "anchors": _file(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: &m {name: a, labels: &l {a: b}}\n"
        "data: *l\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n  labels:\n"
        "    <<: {c: d}\n"
    ),
    "numbers": _file(
        CONFIG % "a" + "spec: {a: 1e3, b: 010, c: 0o7, d: 1_000, e: .5, f: 1.0, g: yes, h: off, "
        "i: 2026-01-01, j: 0x1F, k: 12345678901234567890, l: ~, m: -0, n: 1e400x}\n"
    ),
    "texts of every style": _file(
        CONFIG % "a" + "spec:\n  a: |\n    one\n     two\n  b: >-\n    folded\n    text\n"
        "  c: 'it''s'\n  d: \"\\u00e9\\n\"\n  e: plain # not this\n  f: |+\n    kept\n\n"
    ),
    "JSON with tabs": _file(
        '{\n\t"apiVersion": "v1",\n\t"kind": "Secret",\n\t"metadata":\t{"name": "a"}\n}\n', "a.json"
    ),
    "JSON numbers": _file(
        '{"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "a": 1.0, "b": 1e3, '
        '"c": 1E-7, "d": 12345678901234567890, "e": "\\u2028 \\ud83d\\ude00"}',
        "a.json",
    ),
    "YAML that is JSON": _file('{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}'),
    "a file to be left out": Source(
        "directory",
        {
            "app/a.yaml": CONFIG % "a",
            "app/b.yaml": "# +argocd:skip-file-rendering\n" + CONFIG % "b",
        },
    ),
    "files that are no manifests": Source(
        "directory",
        {
            "app/a.yaml": CONFIG % "a",
            "app/values.yaml": "a: [1, 2\n",
            "app/list.yaml": "- a\n- b\n",
            "app/text.yaml": "only text\n",
            "app/empty.yaml": "",
        },
    ),
    "links": Source(
        "directory",
        {
            "app/a.yaml": CONFIG % "a",
            "shared/b.yaml": CONFIG % "b",
            "app/b.yaml": "-> ../shared/b.yaml",
            "app/folder": "-> ../shared",
            "app/gone.yaml": "-> nowhere.yaml",
        },
        {"recurse": [None, True]},
    ),
    "the same twice": _file(CONFIG % "a" + "---\n" + CONFIG % "a"),
    "unicode": _file(CONFIG % "a" + "more: 'é ☃ 日本 \U0001f600'\n", "ünïcode.yaml"),
    "a lock file beside": Source(
        "directory",
        {"app/a.yaml": CONFIG % "a", "app/.image-lock-guestbook.yaml": "schema: 1\nimages: {}\n"},
    ),
    "a chart, told to be a directory": Source(
        "directory",
        {"app/Chart.yaml": "name: a\n", "app/a.yaml": CONFIG % "a"},
        {"recurse": [True]},
    ),
}

REFUSED: dict[str, Source] = {
    "a manifest that is torn": _file("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a\n"),
    "one of two that is torn": _file(CONFIG % "a" + "---\nkind: [\n"),
    "JSON that is torn": _file('{"apiVersion": "v1"', "a.json"),
    "two objects of JSON": _file('{"kind": "A"} {"kind": "B"}', "a.json"),
    "too much": Source("directory", {f"app/{n}.yaml": "a: " + "x" * 3_400_000 for n in range(3)}),
}
