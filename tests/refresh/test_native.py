"""What the spec of a native Application is to have, and which are left alone."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.core.image import Image
from cmp.core.image_list import read_image_list
from cmp.core.injection import Choice
from cmp.core.keys import PREFIX
from cmp.core.record import ApplicationRecord, SourceRecord
from cmp.refresh.native import Commit, Keep, Leave, Wish, Write, wish
from cmp.refresh.native_spec import spec_patch, with_choices
from cmp.refresh.observed import Observed, parse_observed
from cmp.refresh.plan import plan
from cmp.refresh.wanted import wanted_by
from tests.refresh.manifests import APP, AUTO, HEAL, MANUAL, SOURCE, application, recorded

V1, V4, DB = f"{APP}:v1", f"{APP}:v4", "registry.test/db:1"
LIST = f"app={APP}"
GIT = {"repoURL": "https://git.test/x.git", "path": "chart"}
HELM: Mapping[str, Any] = {**GIT, "helm": {"valueFiles": ["values.yaml"]}}
PLAIN = {**GIT, "path": "plain"}
PARAMETERS = [
    {"name": "image.name", "value": APP, "forceString": True},
    {"name": "image.tag", "value": "v4", "forceString": True},
]
WRITTEN = {**HELM, "helm": {**HELM["helm"], "parameters": PARAMETERS}}

Object = dict[str, Any]


def native(
    *sources: Mapping[str, Any],
    keys: Mapping[str, str],
    kinds: tuple[str, ...] = (),
    **options: Any,
) -> Observed:
    """Return one with these sources, and policy keys."""
    spec: Object = {"source": sources[0]} if len(sources) == 1 else {"sources": list(sources)}
    manifest = application(spec=spec, **options)
    manifest["metadata"]["annotations"] = {PREFIX + name: value for name, value in keys.items()}
    manifest["status"]["sourceTypes"] = list(kinds)
    app = parse_observed(manifest, natives=True)
    assert app is not None
    return app


def wished(app: Observed, /, **decided: str) -> Wish:
    """Return what becomes of it, where these references are chosen for aliases."""
    (planned,) = plan((app.application,), "argocd")
    images = {alias: Image.parse(reference) for alias, reference in decided.items()}
    decisions = {alias: recorded(i.repository, i.tag or "") for alias, i in images.items()}
    sources = tuple(
        SourceRecord(
            source.source.id,
            source.annotations,
            {},
            {i.alias: decisions[i.alias] for i in source.image_list.images if i.alias in decisions},
        )
        for source in planned.sources
    )
    record = ApplicationRecord("guestbook", "argocd/guestbook", sources)
    return wish(app, planned, wanted_by(record))


def outcome(found: Wish) -> object:
    """Return what a table says of it."""
    if isinstance(found, Leave):
        return found.why
    return found.absent if isinstance(found, Keep) else type(found)


@pytest.mark.parametrize(
    ("keys", "options", "expected"),
    [
        pytest.param({}, {}, Write, id="another-runs"),
        pytest.param({}, {"sync": HEAL}, Write, id="self-heal"),
        pytest.param({"write-back-method": "argocd"}, {}, Write, id="argocd"),
        pytest.param({"write-back-method": "git"}, {}, Commit, id="git"),
        pytest.param({"write-back-method": "git"}, {"synced": [V4]}, (), id="git-runs"),
        pytest.param({"write-back-method": "live"}, {}, "live is for what our plugin", id="live"),
        pytest.param({"write-back-method": "x"}, {}, "no method 'x'", id="no-method"),
        pytest.param({}, {"sync": MANUAL}, "does not sync by itself", id="manual"),
        pytest.param(
            {}, {"sync": {"automated": {"enabled": False}}}, "does not sync", id="not-enabled"
        ),
        pytest.param(
            {"write-back-method": "git"}, {"sync": MANUAL}, "does not sync", id="git-manual"
        ),
        pytest.param({"require-auto-sync": "false"}, {"sync": MANUAL}, Write, id="lifted"),
        pytest.param({"require-auto-sync": " "}, {"sync": MANUAL}, "does not sync", id="empty"),
        pytest.param(
            {"require-auto-sync": "no"}, {"sync": MANUAL}, "neither true nor false", id="no-bool"
        ),
        pytest.param({}, {"synced": [V4]}, (), id="runs-by-git"),
        pytest.param({}, {"synced": [V1], "running": [V4]}, Write, id="synced-before-running"),
        pytest.param({}, {"synced": [], "running": [V1]}, Write, id="running"),
        pytest.param({}, {"synced": [V1, V4]}, Write, id="one-of-two-is-another"),
        pytest.param({}, {"synced": []}, (V4,), id="not-live"),
        pytest.param({}, {"synced": [], "phase": "Running"}, (), id="not-listed-yet"),
        pytest.param({"force-update": "true"}, {"synced": []}, Write, id="forced"),
        pytest.param({"app.force-update": "true"}, {"synced": []}, Write, id="forced-by-alias"),
        pytest.param({"force-update": "0"}, {"synced": []}, (V4,), id="not-forced"),
        pytest.param(
            {"force-update": "x"}, {"synced": []}, "neither true nor false", id="forced-by-x"
        ),
        pytest.param(
            {"app.kustomize.image-name": "old.test/app"},
            {"synced": ["old.test/app:v9"]},
            Write,
            id="live-by-another-name",
        ),
        pytest.param({"allow-tags": "x"}, {}, Write, id="a-policy-that-is-compiled-later"),
        pytest.param({"update-strategy": "x"}, {}, "no strategy 'x'", id="unreadable"),
    ],
)
def test_what_becomes_of_an_application(
    keys: Mapping[str, str], options: Mapping[str, Any], expected: object
) -> None:
    found = outcome(wished(native(HELM, keys={"image-list": LIST, **keys}, **options), app=V4))

    assert found == expected or (
        isinstance(found, str) and isinstance(expected, str) and expected in found
    )


@pytest.mark.parametrize(
    ("source", "kind", "expected"),
    [
        pytest.param(PLAIN, "Helm", Write, id="helm"),
        pytest.param(PLAIN, "Kustomize", Write, id="kustomize"),
        pytest.param(HELM, "", Write, id="helm-outright"),
        pytest.param({**PLAIN, "kustomize": {}}, "", Write, id="kustomize-outright"),
        pytest.param({"repoURL": "https://charts.test", "chart": "x"}, "", Write, id="chart"),
        pytest.param(PLAIN, "", "Argo CD has not rendered it yet", id="not-known-yet"),
        pytest.param(PLAIN, "Directory", "renders it as Directory", id="directory"),
    ],
)
def test_what_takes_images(source: Object, kind: str, expected: object) -> None:
    found = outcome(wished(native(source, keys={"image-list": LIST}, kinds=(kind,)), app=V4))

    assert found == expected or (isinstance(found, str) and str(expected) in found)


def test_a_spec_that_has_it_is_not_written_while_another_still_runs() -> None:
    assert wished(native(WRITTEN, keys={"image-list": LIST}), app=V4) == Keep()


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        pytest.param({"name": "image.tag", "value": "v4"}, Keep(), id="the-same"),
        pytest.param({"name": "replicas", "value": "1"}, Keep(), id="another-parameter"),
        pytest.param({"name": "image.tag", "value": "v9"}, Write, id="another-tag"),
    ],
)
def test_what_runs_is_written_only_where_the_spec_says_otherwise(
    there: Object, expected: object
) -> None:
    """As after a rollback: the next sync would bring what the spec says."""
    source = {**GIT, "helm": {"parameters": [there]}}

    found = wished(native(source, keys={"image-list": LIST}, synced=[V4]), app=V4)

    assert expected in (found, type(found))
    assert not isinstance(found, Write) or found.updates == ()


def test_what_is_written_and_said() -> None:
    keys = {"image-list": f"{LIST},db=registry.test/db,gone=registry.test/gone"}
    app = native(HELM, keys=keys, synced=[V1, DB])

    found = wished(app, app=V4, db=DB, gone="registry.test/gone:2")

    # The other names of db's parameters are the same: each needs its own.
    assert isinstance(found, Leave)
    assert found.is_mistake
    assert "images app and db both set image.name" in found.why
    keys |= {"db.helm.image-spec": "db.image"}
    found = wished(native(HELM, keys=keys, synced=[V1, DB]), app=V4, db=DB)
    assert isinstance(found, Write)
    assert [tuple(update) for update in found.updates] == [("app", V1, V4)]
    # What runs already stands there, too: a chart may be given all or nothing.
    assert found.sources[0]["helm"]["parameters"] == [
        *PARAMETERS,
        {"name": "db.image", "value": DB, "forceString": True},
    ]


@pytest.mark.parametrize(
    ("keys", "kinds", "written"),
    [
        pytest.param({}, ("Directory", "Helm", "Helm"), [1], id="first-that-takes-images"),
        pytest.param({"app.source": "last"}, ("Directory", "Helm", "Helm"), [2], id="named"),
        pytest.param({"app.source": "second"}, ("", "Helm", "Kustomize"), [1], id="by-path"),
    ],
)
def test_which_of_several_sources(
    keys: Mapping[str, str], kinds: tuple[str, ...], written: list[int]
) -> None:
    sources = [
        {**GIT, "path": "first"},
        {**GIT, "path": "second"},
        {**GIT, "path": "third", "name": "last"},
        {**GIT, "path": "", "ref": "values"},
    ]
    app = native(*sources, keys={"image-list": LIST, **keys}, kinds=kinds)

    found = wished(app, app=V4)

    assert isinstance(found, Write)
    assert [n for n, source in enumerate(found.sources) if source != sources[n]] == written
    body = spec_patch(app, found.sources)
    assert body == {
        "metadata": {"resourceVersion": "7"},
        "spec": {"sources": list(found.sources)},
    }


def test_of_one_source_only_what_changes_is_patched() -> None:
    app = native(HELM, keys={"image-list": LIST})
    found = wished(app, app=V4)

    assert isinstance(found, Write)
    assert spec_patch(app, found.sources)["spec"] == {"source": {"helm": WRITTEN["helm"]}}


def choice(tag: str) -> Choice:
    (managed,) = read_image_list({"image-list": LIST}).images
    return Choice(managed, tag)


@pytest.mark.parametrize(
    ("before", "kind", "after"),
    [
        pytest.param(GIT, "Helm", {"parameters": PARAMETERS}, id="nothing-there"),
        pytest.param(
            {
                "helm": {
                    "releaseName": "x",
                    "parameters": [
                        {"name": "image.tag", "value": "v1"},
                        {"name": "replicas", "value": "2"},
                    ],
                }
            },
            "Helm",
            {
                "releaseName": "x",
                "parameters": [PARAMETERS[1], {"name": "replicas", "value": "2"}, PARAMETERS[0]],
            },
            id="in-place",
        ),
        pytest.param(GIT, "Kustomize", {"images": [V4]}, id="no-images"),
        pytest.param(
            {"kustomize": {"namePrefix": "a-", "images": ["x:1", f"{APP}:v1", "y:2"]}},
            "Kustomize",
            {"namePrefix": "a-", "images": ["x:1", V4, "y:2"]},
            id="image-in-place",
        ),
    ],
)
def test_what_is_there_stays(before: Object, kind: str, after: Object) -> None:
    assert with_choices(before, kind, [choice("v4")]) == {**before, kind.lower(): after}


_TEXT = st.text(st.characters(codec="utf-8"), max_size=5)
_PARAMETER = st.fixed_dictionaries(
    {"name": st.sampled_from(["image.name", "image.tag", "x", "y"]), "value": _TEXT},
    optional={"forceString": st.booleans(), "unknown": _TEXT},
)


@given(st.lists(_PARAMETER, max_size=6), st.dictionaries(st.sampled_from("abc"), _TEXT))
def test_parameters_of_others_are_untouched(listed: list[Object], more: Object) -> None:
    ours = {"image.name": APP, "image.tag": "v4"}

    helm = with_choices({"helm": {**more, "parameters": listed}}, "Helm", [choice("v4")])["helm"]

    after = helm.pop("parameters")
    assert helm == more
    assert [p for p in after if p["name"] not in ours] == [
        p for p in listed if p["name"] not in ours
    ]
    assert {p["name"]: (p["value"], p["forceString"]) for p in after if p["name"] in ours} == {
        name: (value, True) for name, value in ours.items()
    }
    assert (
        after
        == with_choices({"helm": {"parameters": after}}, "Helm", [choice("v4")])["helm"][
            "parameters"
        ]
    )


@pytest.mark.parametrize(
    ("source", "keys", "is_read"),
    [
        pytest.param(PLAIN, {"image-list": LIST}, True, id="native"),
        pytest.param(PLAIN, {}, False, id="no-image-list"),
        pytest.param({**PLAIN, "plugin": {"name": "x"}}, {"image-list": LIST}, False, id="other"),
        pytest.param(SOURCE, {}, True, id="ours"),
    ],
)
def test_which_are_kept(source: Object, keys: Mapping[str, str], *, is_read: bool) -> None:
    manifest = application(sync=AUTO, spec={"source": source})
    manifest["metadata"]["annotations"] = {PREFIX + name: value for name, value in keys.items()}

    assert (parse_observed(manifest, natives=True) is not None) is is_read


def test_what_it_is_rendered_with_is_nobodys_policy() -> None:
    """So that what we write ourselves is no change of its owner's."""
    keys = {"image-list": LIST}

    before, after = native(HELM, keys=keys), native(WRITTEN, keys=keys)

    assert before.application == after.application
