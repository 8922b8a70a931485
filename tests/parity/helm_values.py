"""Values: how files, the Application's own and parameters of every kind come together."""

from typing import Any

from tests.parity.helm_skeleton import depends, each, files_of, parameters, source, together
from tests.support.judge import Source

_DEFAULTS = """\
a: {b: {c: 1, d: [x, y]}, e: text}
list: [{name: first, value: 1}, {name: second}]
switch: true
empty: {}
"""
_ANCHORED = """\
base: &base {x: 1, y: [a]}
one: *base
two: {<<: *base, x: 2}
text: &text |
  several
  lines
again: *text
"""
_FILES = {
    **files_of(values=_DEFAULTS),
    "app/null.yaml": "a: {b: null}\nlist: null\nabsent: null\n",
    "app/anchored.yaml": _ANCHORED,
    "app/empty.yaml": "",
    "app/comment.yaml": "# nothing\n",
    "app/none.yaml": "null\n",
    "app/several.yaml": "a: {e: first}\n---\na: {e: second}\n",
    "app/marked.yaml": "---\na: {e: marked}\n...\n",
    "app/windows.yaml": "a:\r\n  e: |\r\n    one\r\n    two\r\n",
    "app/bom.yaml": b"\xef\xbb\xbfa: {e: marked}\n",
    "app/numbers.yaml": "i: 1000000\nf: 1.0\ne: 1e6\no: 010\nb: 12345678901234567890\n"
    "1: one\nyes: no\n",
    "app/values.json": '{"a": {"e": "JSON", "t": "\\u00e9\\t"}, "n": 1e3}',
    "app/twice.yaml": "a: {e: 1}\na: {e: 2}\n",
    "app/unicode é.yaml": "a: {e: ☃}\n",
    "app/other.yaml": "a: {b: {c: 2}}\nlist: [third]\nswitch: {now: a map}\n",
}
_TEXT = {
    "files/plain.txt": "a, b = {c} \\ $HOME 'x' \"y\"\n",
    "files/empty.txt": "",
    "files/lines.txt": "one\r\ntwo\n\n",
    "files/number.txt": "12",
    "files/unicode.txt": "é ☃",
    "files/values,a.txt": "of a comma",
    "files/x y.txt": "of a space",
    "files/guestbook.txt": "of the application",
}


def _files(**paths: str) -> list[dict[str, str]]:
    return [{"name": name, "path": path} for name, path in paths.items()]


def _strings(*values: str) -> list[dict[str, Any]]:
    return parameters(**{f"n{number}": value for number, value in enumerate(values)})


VALUES: dict[str, Source] = {
    "value files of every kind": source(
        _FILES,
        {
            "valueFiles": [
                None,
                *(
                    [name.removeprefix("app/"), "other.yaml"]
                    for name in _FILES
                    if name.count("/") == 1 and name.startswith("app/") and name[4].islower()
                ),
            ],
        },
    ),
    "one file over another": source(
        _FILES,
        {
            "valueFiles": [
                ["null.yaml", "other.yaml"],
                ["other.yaml", "null.yaml"],
                ["anchored.yaml", "values.yaml", "other.yaml"],
                ["values.yaml"],
                [],
            ],
            "valuesObject": [None, {"a": None}, {}],
            "values": [None, "switch: null\n"],
        },
    ),
    "values of the Application": source(
        _FILES,
        {
            "values": [
                None,
                "",
                "# nothing\n",
                "null",
                "a: &x {b: y}\nlist: [*x, {<<: *x}]\n",
                "a: {e: first}\n---\na: {e: second}\n",
                "a: {e: '$ARGOCD_APP_NAME $$ ${X}'}\nempty: null",
                "a:\r\n  e: windows\r\n",
                '{"a": {"e": "JSON"}}',
                "i: 1000000\nf: 1.0\ne: 1e6\no: 010\nd: 2001-12-14\nyes: no\n1: x\n",
                "a: {e: '{{ .Release.Name }}'}\n",
                "text: |+\n  kept\n\n\n",
            ],
        },
    ),
    "an object of values": source(
        _FILES,
        {
            "valuesObject": [
                None,
                {},
                {"a": None, "list": None},
                {
                    "i": 1000000,
                    "f": 1.0,
                    "e": 1e21,
                    "s": "1e3",
                    "z": "010",
                    "y": "yes",
                    "n": "null",
                },
                {"big": 9007199254740993, "bigger": 12345678901234567890, "neg": -1, "small": 1e-7},
                {"text": "a\nb\n", "tab": "\t", "quote": "'\"", "dash": "- a", "colon": "a: b"},
                {
                    "é": "☃ 😀 \u2028\u2029",
                    "html": "<a>&",
                    "": "empty key",
                    "1": "one",
                },
                {"list": [[], {}, [None], "", 0, False], "deep": {"er": {"and": {"deeper": [1]}}}},
                {"a": {"e": "wins over values"}},
                {"$x": "$ARGOCD_APP_NAME", "a.b": "dotted", "~": "tilde", "#": "# no comment"},
            ],
        },
    ),
    "parameters of every kind": source(
        _FILES,
        {
            "parameters": [
                None,
                together(
                    *("1e6", "1000000", "012", "0x1F", "1.0", "-1", "true", "True", "yes", "null"),
                    *("~", "", " ", " a b ", "9223372036854775808", '"quoted"', "a=b", "a: b"),
                    *("é☃", "a\nb", "[a]", "{{ .Release.Name }}", "1_000", ".5", "2001-12-14"),
                    *(("-n", "x"), ("n-m_o/p", "q"), ("a.b.d[0]", "z"), ("empty.x.y.z", "deep")),
                ),
                *each(("a", "null"), ("a.b", ""), ("switch", "null"), ("a.b.c", "null")),
                *each(("n", "a]"), ("n[", "x"), ("n.", "x"), ("a.b", "{x}"), ("e", "{a: b}")),
            ],
            "values": [None, "a: {b: {c: 3}}\nn1: own\n"],
        },
    ),
    "strings of every kind": source(
        _FILES,
        {
            "parameters": [
                _strings("1", "1e6", "true", "null", "", "{a,b}", "a,b", "{}", "012", "a}"),
                _strings("a\\,b", "é, ☃", "[x]", "a=b,c=d", "$$", '"1"', "\\x"),
                *(parameters(n=value) for value in ("a\\", "{a,b\\}", "{a}{b}", "{a", "a\\\\,b")),
            ],
        },
    ),
    "lists in parameters": source(
        _FILES,
        {
            "parameters": [
                together(
                    *("{a,b}", "{}", "{a}", "{1,true,null}", "{a\\,b,c}", "{a, b}", "[]"),
                    *(("list[0].name", "changed"), ("list[1].value", "2"), ("list[4]", "far")),
                    *(("new[0][1]", "x"), ("newer[0].a[1].b", "y"), ("a.b.d[0]", "null")),
                ),
                *each(("n", "{{a,b}}"), ("n", "{a,b},c"), ("n", "{,}"), ("list", "{only}")),
                *each(("n[-1]", "x"), ("n[x]", "x"), ("n[99999999]", "x"), ("e[0]", "{a,b}")),
            ],
        },
    ),
    "commas, dots and backslashes in parameters": source(
        _FILES,
        {
            "parameters": [
                together(
                    *(
                        "a,b",
                        "a\\,b",
                        "a,b=c",
                        ",",
                        "a\\b",
                        "a\\nb",
                        "\\{a\\}",
                        "x{a,b}",
                    ),
                    *(("a\\.b", "dotted"), ("a\\.b\\.c/d", "x"), ("a.b\\,c", "comma")),
                    *(("a\\=b", "equals"), ("n\\[0\\]", "bracket"), ("ann.x\\.test/y", "a.b,c.d")),
                ),
                *each(("n", "a\\"), ("n,m", "x"), ("n=m", "x"), ("", "x"), ("n", "{a,b")),
            ],
        },
    ),
    "variables in parameters": source(
        _FILES,
        {
            "parameters": [
                together(
                    *("$ARGOCD_APP_NAME", "${ARGOCD_APP_NAME}-x", "$UNKNOWN.x", "$$", "a$", "${"),
                    *(
                        "$$ARGOCD_APP_NAME",
                        "${}x",
                        "$ x",
                        "$1$2",
                        "$HOME$PATH",
                        "${ARGOCD_APP_NAME",
                    ),
                    *("$ARGOCD_APP_NAMESPACE/$ARGOCD_APP_PROJECT_NAME", "$KUBE_VERSION", "\\$x"),
                    *("$ARGOCD_APP_SOURCE_PATH@$ARGOCD_APP_SOURCE_TARGET_REVISION", "$\u00e9"),
                    *("$ARGOCD_APP_REVISION_SHORT,$ARGOCD_APP_REVISION_SHORT_8", "$ARGOCD_ENV_X"),
                    *("$ARGOCD_APP_REVISION", "$ARGOCD_APP_NAMEX", "${ARGOCD_APP_NAME:-x}", "$_"),
                    *("$ARGOCD_APP_SOURCE_REPO_URL", "{$ARGOCD_APP_NAME,b}", "$KUBE_API_VERSIONS"),
                    ("$ARGOCD_APP_NAME", "of a name"),
                ),
                parameters(n="$ARGOCD_APP_NAME,$$,${X}", m="{$ARGOCD_APP_NAME,b}"),
            ],
            ".appName": [None, "team_guestbook"],
            ".namespace": [None, ""],
        },
    ),
    "several parameters": source(
        {**_FILES, **_TEXT},
        {
            "parameters": [
                parameters(("n", "first"), ("n", "last")),
                parameters(("n", ""), ("m", "{a,b}"), o="1", p=""),
                parameters(("a.b.c", "2"), ("a.e", "x"), ("list[1].name", "y")),
            ],
            "fileParameters": [None, _files(f="/files/plain.txt", g="/files/number.txt")],
            "valueFiles": [None, ["other.yaml"]],
            "values": [None, "a: {b: {c: 9}}\nn: own\n"],
        },
    ),
    "file parameters": source(
        {**_FILES, **_TEXT, "app/inside.txt": "inside", "app/link.txt": "-> ../files/plain.txt"},
        {
            "fileParameters": [
                None,
                *(_files(n=f"/{name}") for name in _TEXT),
                _files(n="inside.txt", m="./inside.txt"),
                _files(n="../files/plain.txt"),
                _files(n="link.txt"),
                _files(n="/files/$ARGOCD_APP_NAME.txt"),
                _files(**{"a.b.d[0]": "inside.txt", "x\\.y": "inside.txt"}),
                [{"name": "n", "path": "inside.txt"}, {"name": "n", "path": "/files/number.txt"}],
                _files(n="absent.txt"),
                _files(n="/files"),
                _files(n="/files/*.txt"),
            ],
        },
    ),
    "values for subcharts": source(
        {
            **files_of(
                chart=depends({"name": "sub", "alias": "alias"}),
                values="alias: {a: 1, b: {c: d}}\n",
            ),
            **{
                f"app/charts/{name}": text
                for name, text in files_of("sub", values="a: 0\nb: {e: f}\nlist: [x]\n").items()
            },
            "app/sub.yaml": "alias: {list: null}\nglobal: {x: y}\n",
        },
        {
            "valueFiles": [None, ["sub.yaml"]],
            "values": [None, "alias: {b: null}\n", "alias: {a: null}\n"],
            "parameters": [
                None,
                *each(("alias.b.c", "null"), ("alias.list[1]", "y"), ("global.x", "z")),
            ],
        },
    ),
}
