"""What each check says of an installation in which one thing is not as it should be."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from cmp.diagnosis import CHECKS, diagnose, exit_status
from cmp.diagnosis.facts import Facts, LeftOver, Right, Trigger, Unread
from cmp.diagnosis.finding import ADVICE, OK, UNCHECKED, WRONG
from cmp.index import Acknowledged
from tests.index.examples import NOW
from tests.support.installation import (
    MANIFEST,
    application,
    facts,
    find,
    with_workload,
    without_workload,
)

REPO_SERVER = "argocd-repo-server"
REFRESHER = "image-cmp-refresher"
_POD = "spec__template__spec"
_OWN, _PLUGIN, _MIRROR = (f"{_POD}__containers__{number}" for number in range(3))
_ANNOTATIONS = "metadata__annotations"
_PREFIX = "argocd-image-updater.argoproj.io"
_COMMAND = ["python3", "-I", "-m", "cmp", "render"]
_HOOKS = [
    {"kind": "Deployment", "name": "app"},
    {"kind": "Job", "name": "migrate-4f2a1b0-presync-1764000000", "hookType": "PreSync"},
    {"kind": "Job", "name": "smoke", "hookType": "PostSync"},
    {"kind": "Job", "name": "alarm", "hookType": "SyncFail"},
]
_THERE = [{"kind": "Job", "name": "migrate-4f2a1b0-presync-1764000000", "hook": True}]
_SELF_HEAL = {"automated": {"selfHeal": True}}
_ELSEWHERE = {"secretKeyRef": {"name": "x", "key": "y"}}
_REVISION = "app.status.operationState?.syncResult?.revision"


def repo_server(**changes: Any) -> dict[str, Any]:
    return {"workloads": with_workload(REPO_SERVER, **changes)}


def plugin(**spec: Any) -> dict[str, Any]:
    generate = {"generate": {"command": _COMMAND}}
    manifest = {"metadata": {"name": "image-cmp"}, "spec": {**generate, **spec}}
    return {"plugins": {"image-cmp-plugin": manifest}}


def of_application(**changes: Any) -> dict[str, Any]:
    return {"applications": (application(**changes),)}


def annotated(**keys: str) -> dict[str, str]:
    keys = {"image-list": "app=registry.test/team/app:^1", **keys}
    return {f"{_PREFIX}/{key.replace('_', '-')}": value for key, value in keys.items()}


def with_hooks(**changes: Any) -> dict[str, Any]:
    return of_application(
        status={"operationState": {"syncResult": {"resources": _HOOKS}}},
        spec__syncPolicy=_SELF_HEAL,
        **changes,
    )


def image_updater(pattern: str, namespace: str = "argocd", **reference: Any) -> dict[str, Any]:
    references = [{"namePattern": pattern, **reference}]
    metadata = {"name": "iu", "namespace": namespace}
    return {"metadata": metadata, "spec": {"applicationRefs": references}}


def updater(replicas: int = 1, tag: str = "v1.3.0") -> dict[str, Any]:
    metadata = {"name": "argocd-image-updater", "namespace": "argocd"}
    pod = {"containers": [{"image": f"quay.io/argoprojlabs/argocd-image-updater:{tag}"}]}
    return {"metadata": metadata, "spec": {"replicas": replicas, "template": {"spec": pod}}}


def mirror(pod: str = "a", **changes: Any) -> Acknowledged:
    return Acknowledged(pod, "an-epoch", 41, 2, "helm v4")._replace(**changes)


def left(application: str = "guestbook", *, keys: tuple[str, ...] = ("helm",)) -> dict[str, Any]:
    name = f"-{application}" if application else ""
    return {"left_over": (LeftOver(f"helm/.argocd-source{name}.yaml", "helm", application, keys),)}


def params(**changes: str | None) -> dict[str, Any]:
    found = dict(find("argocd-cmd-params-cm", "ConfigMap")["data"])
    for key, value in changes.items():
        found.pop(key.replace("_", "."), None)
        if value is not None:
            found[key.replace("_", ".")] = value
    return {"settings": found}


_DENIED = Right("argocd", "patch", "argoproj.io", "applications")
_BESIDE = Right("teams", "create", "", "events")

CASES: Mapping[str, list[tuple[dict[str, Any], str, str]]] = {
    "sidecar": [
        ({"workloads": ()}, WRONG, "there is no argocd-repo-server in the namespace argocd"),
        (repo_server(**{f"{_POD}__containers": []}), WRONG, "has no container with the plugin"),
        (
            repo_server(**{f"{_PLUGIN}__name": "x"}) | {"plugins": {}},
            WRONG,
            "no container with the plugin image-cmp; it has x",
        ),
        (
            repo_server(**{f"{_PLUGIN}__name": "x"})
            | {"plugins": {}, "unread": {"plugins": Unread("no right")}},
            UNCHECKED,
            "no right",
        ),
        (repo_server(status__readyReplicas=1), ADVICE, "1 of 2 Pods of argocd-repo-server"),
        (repo_server(**{f"{_PLUGIN}__securityContext__runAsUser": 1000}), WRONG, "runs as user"),
        (repo_server(**{f"{_PLUGIN}__volumeMounts__2__name": "tmp"}), WRONG, "repo-server's /tmp"),
        (
            repo_server(**{f"{_PLUGIN}__command": ["/var/run/argocd/argocd-cmp-server"]}),
            ADVICE,
            "is the first process of image-cmp",
        ),
        (
            repo_server(**{f"{_POD}__initContainers__0__image": "argocd:v3.5.0"}),
            ADVICE,
            "those of argocd:v3.5.0, and repo-server is quay.io/argoproj/argocd:v3.6.1",
        ),
        (repo_server(**{_MIRROR: None}), WRONG, "no container of argocd-repo-server runs `mirror`"),
        (
            repo_server(**{f"{_MIRROR}__volumeMounts__0__name": "plugins"}),
            WRONG,
            "/var/lib/image-cmp/index, which is no volume that image-cmp-mirror writes to",
        ),
        (
            repo_server(**{f"{_PLUGIN}__volumeMounts__3__readOnly": False}),
            ADVICE,
            "may write to the index",
        ),
        (
            repo_server(metadata__name="argo-argocd-repo-server", metadata__labels={}),
            OK,
            "serves the plugin",
        ),
    ],
    "plugin.yaml": [
        (plugin(version="v1"), WRONG, "Argo CD calls the plugin image-cmp-v1"),
        (plugin(discover={}), ADVICE, "sends each repository once more"),
        (plugin(generate={"command": ["python3", "-m", "cmp", "render"]}), WRONG, "without -I"),
        (plugin(generate={"command": ["cat"]}), WRONG, "plugin.yaml starts cat"),
        ({"plugins": {}}, WRONG, "is not there, or no YAML"),
        (repo_server(**{f"{_PLUGIN}__volumeMounts__1": None}), OK, "that of the image"),
    ],
    "refresher": [
        ({"lease": None}, WRONG, "nobody holds the Lease"),
        ({"now": NOW + timedelta(minutes=2)}, WRONG, "renewed the Lease last at 2026-11-23T06"),
        ({"lease": {"spec": {"holderIdentity": ""}}}, WRONG, "nobody holds the Lease"),
        ({"workloads": without_workload(REFRESHER)}, WRONG, "no Deployment image-cmp-refresher"),
        ({"workloads": with_workload(REFRESHER, status={})}, WRONG, "none of 2 Pods"),
        (
            {"workloads": with_workload(REFRESHER, status__readyReplicas=1)},
            ADVICE,
            "1 of 2 Pods of image-cmp-refresher are ready",
        ),
        (
            {"workloads": with_workload(REFRESHER, spec__replicas=1)},
            ADVICE,
            "while its node is down",
        ),
    ],
    "refresher's rights": [
        ({"rights": (_DENIED,)}, WRONG, "may not patch applications in argocd"),
        ({"rights": (_BESIDE,)}, WRONG, "may not create events in teams"),
        ({"may_read_secrets": True}, ADVICE, "may read all Secrets of argocd"),
        (
            of_application(**{_ANNOTATIONS: annotated(write_back_method="git")}),
            ADVICE,
            "may not read the Secrets of Argo CD's repositories",
        ),
    ],
    "your rights": [({"own_rights": (_DENIED,)}, ADVICE, "you may not pin")],
    "index": [
        ({"manifest": None}, WRONG, "nothing was ever published"),
        ({"manifest": MANIFEST._replace(complete=False)}, WRONG, "not complete yet"),
        (
            {"now": NOW + timedelta(minutes=4), "interval": timedelta(minutes=1)},
            ADVICE,
            "older than 3 intervals of 60 s: generation 41, the last pass 4 min ago",
        ),
        ({"now": NOW + timedelta(hours=2)}, WRONG, "the index is stale"),
    ],
    "mirrors": [
        ({"mirrors": ()}, WRONG, "0 of 2 mirrors acknowledge"),
        ({"mirrors": (), "workloads": ()}, WRONG, "no mirrors acknowledge"),
        ({"mirrors": (mirror(),)}, WRONG, "1 of 2 mirrors acknowledge"),
        (
            {"mirrors": (mirror(), mirror("b", generation=40))},
            WRONG,
            "behind generation 41: b (generation 40)",
        ),
        ({"mirrors": (mirror(), mirror("b", epoch="old"))}, WRONG, "of another store"),
        (
            {"mirrors": (mirror(), mirror("b", tools="helm v3"))},
            ADVICE,
            "different tools: helm v3 | helm v4",
        ),
    ],
    "policies": [
        (of_application(**{_ANNOTATIONS: {}}), ADVICE, "their images are Git's: argocd/guestbook"),
        (
            of_application(**{_ANNOTATIONS: annotated(update_strategy="newest")}),
            WRONG,
            "argocd/guestbook: image app: update-strategy: no strategy 'newest'",
        ),
        (of_application(spec__source__plugin__name="other"), OK, "0 Applications name"),
        (of_application(spec__source=7), OK, "0 Applications name"),
    ],
    "sync hooks": [
        (
            with_hooks(),
            ADVICE,
            "run twice for one image: PreSync Job migrate-…, PostSync Job smoke",
        ),
        (
            of_application(status={"resources": _THERE}, spec__syncPolicy=_SELF_HEAL),
            ADVICE,
            "run twice for one image: hook Job migrate-…",
        ),
        (with_hooks(**{_ANNOTATIONS: annotated(write_back_method="argocd")}), OK, "no hook"),
        (
            of_application(status={"operationState": {"syncResult": {"resources": _HOOKS}}}),
            OK,
            "no hook",
        ),
    ],
    "owners": [
        (
            of_application(
                metadata__ownerReferences=[{"kind": "ApplicationSet", "name": "shops"}],
                **{_ANNOTATIONS: annotated(write_back_method="argocd")},
            ),
            ADVICE,
            "and the ApplicationSet shops owns its spec",
        ),
        (
            of_application(
                **{
                    _ANNOTATIONS: annotated(write_back_method="argocd")
                    | {"argocd.argoproj.io/tracking-id": "root:argoproj.io/Application:argocd/g"}
                },
            ),
            ADVICE,
            "and the Application root owns its spec",
        ),
    ],
    "image updaters": [
        (
            {"updaters": (updater(),), "image_updaters": (image_updater("guest*"),)},
            WRONG,
            "ImageUpdater argocd/iu selects argocd/guestbook",
        ),
        (
            {"updaters": (updater(0),), "image_updaters": (image_updater("guest*"),)},
            ADVICE,
            "no updater runs now",
        ),
        (
            {"updaters": (updater(tag="v0.16.0"),)},
            ADVICE,
            "argocd/argocd-image-updater is of a version before 1.0",
        ),
        ({"updaters": (updater(),)}, OK, "no argocd-image-updater writes"),
        (
            {"updaters": (updater(),), "image_updaters": (image_updater("*", "other"),)},
            OK,
            "no argocd-image-updater writes",
        ),
        (
            {
                "updaters": (updater(),),
                "image_updaters": (
                    image_updater("*", labelSelectors={"matchLabels": {"team": "shop"}}),
                ),
            },
            OK,
            "no argocd-image-updater writes",
        ),
        (
            {
                "updaters": (updater(),),
                "image_updaters": (
                    image_updater(
                        "*",
                        labelSelectors={
                            "matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]
                        },
                    ),
                ),
            },
            WRONG,
            "selects argocd/guestbook",
        ),
    ],
    "left-over files": [
        (
            of_application(
                status={
                    "conditions": [
                        {
                            "type": "ComparisonError",
                            "message": "multiple application sources defined: Helm,Plugin",
                        }
                    ]
                }
            ),
            WRONG,
            "helm/.argocd-source[-guestbook].yaml has helm or kustomize",
        )
    ],
    "checkout": [
        (left(), WRONG, "has helm, and the plugin renders argocd/guestbook there"),
        (left(""), WRONG, "helm/.argocd-source.yaml has helm"),
        (left("another"), ADVICE, "Argo CD refuses to render an Application with it"),
        (left(keys=("plugin",)), OK, "has parameters of a plugin alone"),
    ],
    "notifications": [
        ({"triggers": (Trigger("on-deployed", (_REVISION,)),)}, ADVICE, "image: on-deployed"),
        ({"triggers": (Trigger("a", ("app.status.sync.revision",)),)}, ADVICE, "new image: a"),
        ({"triggers": ()}, OK, "has no triggers"),
    ],
    "repo-server": [
        (params(reposerver_plugin_tar_exclusions=None), ADVICE, "the .git of each repository"),
        (
            params(reposerver_plugin_tar_exclusions=None)
            | repo_server(**{f"{_OWN}__args": ["argocd-repo-server", "--plugin-tar-exclude=.git"]}),
            OK,
            "no more than has to be",
        ),
        (
            params(reposerver_plugin_use_manifest_generate_paths="true"),
            ADVICE,
            "only what manifest-generate-paths names",
        ),
        (repo_server(**{f"{_OWN}__env__4": None}), ADVICE, "in parts of 1024 bytes"),
        (
            params(reposerver_grpc_max_size="200") | repo_server(**{f"{_PLUGIN}__env__3": None}),
            ADVICE,
            "is 200 at argocd-repo-server, and 100 at image-cmp",
        ),
        (
            repo_server(
                **{f"{_OWN}__env__4": {"name": "ARGOCD_CMP_CHUNK_SIZE", "valueFrom": _ELSEWHERE}}
            ),
            UNCHECKED,
            "argocd-repo-server has ARGOCD_CMP_CHUNK_SIZE from where we cannot look",
        ),
        (params(reposerver_parallelism_limit=None), ADVICE, "any number of requests at once"),
        ({"ours": {"CMP_RENDER_CONCURRENCY": "16"}}, ADVICE, "is 8, so CMP_RENDER_CONCURRENCY=16"),
    ],
    "time limits": [
        (
            {"ours": {"CMP_RENDER_DEADLINE": "2m"}},
            WRONG,
            "Argo CD waits 60 s for manifests, and a render may take 120 s",
        ),
        (
            {"ours": {"CMP_RENDER_DEADLINE": "2m"}}
            | params(controller_repo_server_timeout_seconds="180"),
            OK,
            "waits 180 s",
        ),
        (
            repo_server(
                **{f"{_OWN}__env__4": {"name": "ARGOCD_EXEC_TIMEOUT", "value": "5m"}},
            ),
            ADVICE,
            "ARGOCD_EXEC_TIMEOUT is 300 s: it does not hold for plugins",
        ),
    ],
    "controller": [
        ({"argocd_cm": {"timeout.hard.reconciliation": "1h"}}, ADVICE, "anew every 3600 s"),
    ],
}


def test_nothing_is_wrong_where_nothing_is() -> None:
    found = list(diagnose(facts()))

    assert {diagnosed.check for diagnosed in found} == {check.name for check in CHECKS}
    assert [d for d in found if d.finding.verdict != OK] == []
    assert exit_status(facts(), found) == 0


def test_each_check_has_a_case() -> None:
    assert CASES.keys() == {check.name for check in CHECKS}


@pytest.mark.parametrize(
    ("check", "changes", "verdict", "said"),
    [
        pytest.param(check, *case, id=f"{check}-{case[2]}")
        for check, cases in CASES.items()
        for case in cases
    ],
)
def test_a_check_says_what_it_saw_and_the_way_out(
    check: str, changes: dict[str, Any], verdict: str, said: str
) -> None:
    found = [d.finding for d in diagnose(facts(**changes)) if d.check == check]

    told = [finding for finding in found if said in finding.what]
    assert [finding.verdict for finding in told] == [verdict], found
    assert all(bool(f.next_step) == (f.verdict in (ADVICE, WRONG)) for f in found)
    if verdict == OK:
        assert {finding.verdict for finding in found} == {OK}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({"triggers": (Trigger("a", (_REVISION,)),)}, 0, id="advice"),
        pytest.param({"unread": {"lease": Unread("you may not")}}, 0, id="no-right"),
        pytest.param({"unread": {"lease": Unread("timed out", is_silence=True)}}, 1, id="silence"),
        pytest.param(
            {"lease": None, "unread": {"mirrors": Unread("x", is_silence=True)}}, 2, id="wrong"
        ),
    ],
)
def test_the_exit_status(changes: dict[str, Any], status: int) -> None:
    known = facts(**changes)

    assert exit_status(known, list(diagnose(known))) == status


@pytest.mark.parametrize("field", sorted({field for check in CHECKS for field in check.needs}))
def test_what_is_not_known_is_no_silent_pass(field: str) -> None:
    known = facts(unread={field: Unread(f"you may not read {field}")})
    without = Facts(now=NOW, unread=known.unread)
    # Nothing that was not read is looked at: the value is as good as none.
    known = known._replace(**{field: getattr(without, field)})

    found = list(diagnose(known))

    names = {check.name for check in CHECKS if field in check.needs}
    unchecked = {d.check for d in found if d.finding.verdict == UNCHECKED}
    assert names <= unchecked
    for diagnosed in found:
        if diagnosed.finding.verdict == UNCHECKED:
            assert diagnosed.finding.what == f"you may not read {field}"
