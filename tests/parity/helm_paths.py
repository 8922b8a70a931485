"""Where charts and their value files may lie, and what the release may be called."""

from tests.parity.helm_skeleton import BRIEFLY, SHOWS, Files, files_of, source
from tests.support.judge import Axes, Source

_NAMED: Files = {
    **{
        f"app/env/{name}": f"text: {name.partition('.')[0]}\n"
        for name in (
            *("a.yaml", "b.yaml", "B.yaml", "ab.yaml", "a-b.yaml", "a.yml", "10.yaml", "9.yaml"),
            *(".hidden.yaml", "é.yaml", "x y.yaml", "deep/a.yaml", "deep/er/c.yaml", "deep.yaml"),
            "deep-x/c.yaml",  # before deep/ by its path, and behind deep by its name
        )
    },
    "app/env/brack[et].yaml": "text: bracket\n",
    "app/env/star*.yaml": "text: star\n",
    "app/env/back\\slash.yaml": "text: backslash\n",
    "shared/one.yaml": "shared: 1\n",
    "shared/two.yaml": "shared: 2\n",
    "values.yaml": "root: true\n",
}
_GLOBS = (
    *(["env/*.yaml"], ["env/?.yaml", "env/[!a]*.yaml"], ["env/[ab].yaml", "env/??.yaml"]),
    *(["env/[^a-z].yaml", "env/[a-c]*.yaml"], ["env/**/*.yaml"], ["**/a.yaml", "env/a*b.yaml"]),
    *(
        ["env/**/a*.yaml", "env/**/*.y?ml"],
        ["env/**"],
        ["**"],
        ["/**"],
        ["/**/one.yaml", "/shared/*"],
        ["env/*"],
    ),
    *(["/*.yaml", "*/a.yaml", "env/*/*.yaml"], ["env/a*.y?ml", "env/.*"], ["env/*slash.yaml"]),
    *(["env/[0-9]*.yaml", "../shared/*.yaml"], ["./env/a*.yaml", "env/deep/**/c.yaml"]),
    *(["env/[é].yaml", "env/x *.yaml"], ["env/\\[*"], ["env/[b-a].yaml"], ["env/brack[et].yaml"]),
    *(
        ["env/star\\*.yaml"],
        ["env/star*.yaml"],
        ["env/a**.yaml"],
        ["env/**.yaml"],
        ["env/a?b.yaml"],
    ),
    *(["env/[\\]a].yaml", "env/[a\\-z].yaml"], ["env/***/a.yaml"], ["env//*.yaml"], ["none/*"]),
    *(["env/{b,a}*.yaml"], ["env/{*b,a}.ya*"], ["**/{c,a}.yaml"], ["env/{x,a{b,-b}}.y[a]ml"]),
    *(["env/{a,b}.yaml"], ["env/{a*.yaml"], ["env/a}*.yaml"], ["env/{,deep}/*"]),
    *(["env/["], ["env/a["], ["env/[]a].yaml"], ["env/*\\"], ["env/[[:alpha:]].yaml"]),
)
_LINKED: Files = {
    **files_of(values="text: own\n"),
    "shared/base.yaml": "text: shared\n",
    "shared/deep/base.yaml": "text: deep\n",
    "app/link.yaml": "-> ../shared/base.yaml",
    "app/links/again.yaml": "-> ../link.yaml",
    "app/folder": "-> ../shared",
    "beside/broken.yaml": "-> absent.yaml",
    "beside/loop.yaml": "-> loop.yaml",
    "beside/self": "-> ../shared",
    "app/templates/linked.yaml": "-> ../../parts/template.yaml",
    "parts/template.yaml": SHOWS.replace("-{{ .Chart.Name }}", "-linked"),
    "app/guestbook.yaml": "text: guestbook\n",
    "app/$literal.yaml": "text: dollar\n",
    "app/values-team_guestbook.yaml": "text: team\n",
    "app/values-guestbook.yaml": "text: values\n",
    "app/values-.yaml": "text: of no revision\n",
    "beside/a,b.yaml": "text: comma\n",
    "app/x=y.yaml": "text: equals\n",
}
_THERE = (
    ["link.yaml", "./values.yaml", ".//link.yaml", "../app/./values.yaml", "x=y.yaml"],
    ["links/again.yaml", "link.yaml", "/shared/base.yaml"],
    ["folder/base.yaml"],
    ["folder/*.yaml"],
    ["folder/**/base.yaml"],
    ["/beside/self/base.yaml", "values.yaml"],
    ["**/base.yaml"],
    ["/**/base.yaml"],
    ["*.yaml"],
    ["../shared/base.yaml", "/app/../shared/deep/base.yaml"],
    ["values-$ARGOCD_APP_NAME.yaml", "${ARGOCD_APP_NAME}.yaml"],
    ["values-$ARGOCD_APP_SOURCE_TARGET_REVISION.yaml", "$$literal.yaml"],
    ["values.yaml", "values.yaml", "link.yaml", "values.yaml"],
    ["link.yaml", "*.yaml", "values.yaml"],
    ["values-*.yaml", "values-guestbook.yaml"],
    ["absent/../values.yaml", "values.yaml/"],
)
_NOT_THERE = (
    ["/beside/broken.yaml"],
    ["/beside/loop.yaml"],
    ["/beside/b*.yaml"],
    ["../../shared/base.yaml"],
    ["/../shared/base.yaml"],
    ["/"],
    ["."],
    [""],
    ["../"],
    ["folder"],
    ["$literal.yaml", "values-$UNKNOWN.yaml", "values.yaml"],
    ["$ARGOCD_APP_NAMESPACE/x.yaml"],
    ["ftp://x.test/values.yaml"],
    ["file:///etc/passwd"],
    ["a:b.yaml"],
    [" values.yaml", "absent/{a,b}.yaml", "none/*.yaml"],
)
_RELEASES = (
    *(None, "", "a" * 53, "a" * 54, "UPPER", "a_b", "a.b", "1", "-a", "a-", "a b", "é", "a/b"),
    *("$ARGOCD_APP_NAME", "{{ .Chart.Name }}", "--help", "a\nb"),
)
_NAMESPACES: Axes = {
    "namespace": [None, "", "elsewhere", "Not_A_Name", "a" * 64, "--x"],
    ".namespace": [None, ""],
}
_INSTANCES: Axes = {
    ".appName": [
        "team_guestbook",
        "a_b_c",
        "_x",
        "x_",
        "a" * 54,
        "Upper",
        "a.b",
        "team_" + "a" * 53,
    ],
}
PATHS: dict[str, Source] = {
    "globs": source(
        {**files_of(values="text: own\n"), **_NAMED},
        {"valueFiles": _GLOBS, "ignoreMissingValueFiles": [True]},
    ),
    "links, parents and names of value files": source(_LINKED, {"valueFiles": _THERE}),
    "value files that are not there": source(
        _LINKED, {"valueFiles": [None, *_NOT_THERE], "ignoreMissingValueFiles": [True]}
    ),
    "names of releases": source(files_of(), {"releaseName": _RELEASES}),
    "namespaces": source(files_of(), _NAMESPACES),
    "names of Applications": source(files_of(), _INSTANCES),
    "a chart in the repository's root": source(
        {
            **{n.removeprefix("app/"): t for n, t in files_of(values="text: own\n").items()},
            "env/a.yaml": "text: a\n",
        },
        {
            "valueFiles": [None, ["env/a.yaml"], ["/env/*.yaml"], ["*.yaml"], ["**/a.yaml"]],
            "releaseName": [None, "another"],
        },
        path=".",
    ),
    "a path with spaces and other letters": source(
        {
            **files_of(folder="my charts/é (1)/app", values="text: own\n"),
            "my charts/é (1)/shared.yaml": "text: shared\n",
            "my charts/é (1)/app/a b.yaml": "text: a b\n",
        },
        {
            "valueFiles": [None, ["a b.yaml"], ["../*.yaml"], ["/my charts/**/shared.yaml"]],
            "fileParameters": [None, [{"name": "f", "path": "a b.yaml"}]],
        },
        path="my charts/é (1)/app",
    ),
    "a path with what globs mean": source(
        {
            **files_of(folder="a[1]/b*/{c}", values="text: own\n"),
            "a[1]/b*/{c}/env.yaml": "text: env\n",
        },
        {
            "valueFiles": [None, ["env.yaml"], ["/a[1]/b*/{c}/env.yaml"], ["e*.yaml"]],
            "releaseName": [None, "another"],
        },
        path="a[1]/b*/{c}",
    ),
    "a path written in another way": source(files_of(), BRIEFLY, path="./app/"),
    "a chart beside other files": source(
        {
            **files_of(),
            "app/deployment.yaml": "kind: Not\nmetadata: {name: rendered}\n",
            "app/main.jsonnet": "{}",
            "app/README.md": "A chart\n",
            "app/other-Chart.yaml": "name: other\n",
            "Chart.yaml": "apiVersion: v2\nname: root\nversion: 2.0.0\n",
            "templates/a.yaml": "kind: Root\n",
        }
    ),
    "a chart and a kustomization": source(
        {
            **files_of(),
            "app/kustomization.yaml": "resources: []\n",
        },
        {"releaseName": ["another"], ".namespace": [None, ""]},
    ),
    "charts that share a folder by a link": source(
        {
            **files_of(values="text: own\n"),
            "common/_name.tpl": '{{ define "common" }}common{{ end }}',
            "app/templates/common": "-> ../../common",
            "app/templates/uses.yaml": (
                'apiVersion: v1\nkind: Pod\nmetadata: {name: {{ include "common" . }} }\n'
            ),
        }
    ),
}
