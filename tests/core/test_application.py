from datetime import date
from typing import Any

import pytest

from cmp.core.application import Application, parse_application
from cmp.core.keys import PREFIX
from cmp.core.parameters import Value, parse_parameters
from cmp.core.record import SourceId
from cmp.errors import InvalidApplication


def _manifest(*sources: object, annotations: object = None, namespace: str = "argocd") -> Any:
    return {
        "metadata": {"name": "shop", "namespace": namespace, "annotations": annotations},
        "spec": {"sources": list(sources), "destination": {"namespace": "prod"}},
    }


def _plugin(name: str = "image-cmp", **more: object) -> dict[str, object]:
    return {"repoURL": "r", "path": name, "plugin": {"name": name, **more}}


def test_reads_what_matters() -> None:
    application = parse_application(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "metadata": {
                "name": "shop",
                "namespace": "team",
                "annotations": {f"{PREFIX}image-list": "nginx", "other/image-list": "x"},
            },
            "spec": {
                "destination": {"namespace": "prod", "server": "s"},
                "source": {
                    "repoURL": "https://git.test/r",
                    "path": "helm",
                    "targetRevision": "main",
                    "name": "one",
                    "plugin": {
                        "name": "image-cmp",
                        "parameters": [{"name": "helm.releaseName", "string": "web"}],
                    },
                },
            },
        }
    )

    (source,) = application.sources
    assert (str(application), application.destination_namespace) == ("team/shop", "prod")
    assert application.annotations == {"image-list": "nginx"}
    assert source.id == SourceId("https://git.test/r", path="helm", target_revision="main")
    assert (source.name, source.plugin) == ("one", "image-cmp")
    assert source.parameters == {"helm.releaseName": "web"}


def test_annotations_of_others_may_be_anything() -> None:
    application = parse_application(_manifest({}, annotations={"other/on": True, 1: None}))

    assert application.annotations == {}


def test_a_url_is_kept_without_its_credentials() -> None:
    application = parse_application(_manifest({"repoURL": "https://me:secret@git.test/r"}))

    assert application.sources[0].id.repo_url == "https://git.test/r"


def test_what_is_left_out_is_empty() -> None:
    application = parse_application({"metadata": {"name": "a"}, "spec": {"source": {}}})

    assert application == Application(
        name="a",
        namespace="",
        destination_namespace="",
        annotations={},
        sources=application.sources,
    )
    assert str(application) == "a"
    assert application.sources[0].id == SourceId("")


@pytest.mark.parametrize(
    ("spec", "paths"),
    [
        pytest.param({"source": {"path": "a"}}, ["a"], id="source"),
        pytest.param({"sources": [{"path": "a"}, {"path": "b"}]}, ["a", "b"], id="sources"),
        pytest.param(
            {"source": {"path": "a"}, "sources": [{"path": "b"}]}, ["b"], id="sources-win"
        ),
        pytest.param({"source": {"path": "a"}, "sources": []}, ["a"], id="sources-empty"),
        pytest.param({"source": {"path": "a"}, "sources": None}, ["a"], id="sources-null"),
    ],
)
def test_sources(spec: dict[str, object], paths: list[str]) -> None:
    application = parse_application({"metadata": {"name": "a"}, "spec": spec})

    assert [source.id.path for source in application.sources] == paths


@pytest.mark.parametrize(
    ("source", "parameters"),
    [
        pytest.param({"helm": {"releaseName": "web"}}, {"helm.releaseName": "web"}, id="text"),
        pytest.param(
            {"helm": {"valueFiles": ["a.yaml", "b.yaml"]}},
            {"helm.valueFiles": ("a.yaml", "b.yaml")},
            id="list",
        ),
        pytest.param(
            {"kustomize": {"namePrefix": "a-"}, "directory": {"recurse": True}},
            {"kustomize.namePrefix": "a-", "directory.recurse": "true"},
            id="kinds",
        ),
        pytest.param(
            {"helm": {"valueFiles": [], "values": "", "skipCrds": False, "parameters": None}},
            {},
            id="empty-is-absent",
        ),
        pytest.param(
            {
                "helm": {
                    "parameters": [
                        {"name": "a", "value": "1"},
                        {"name": "a", "value": "2"},
                        {"name": "a", "value": "3", "forceString": True},
                        {"name": "empty"},
                    ],
                    "fileParameters": [{"name": "f", "path": "a.txt"}],
                    "valuesObject": {"é": [1, True, None]},
                    "skipCrds": True,
                }
            },
            {
                "helm.parameters": {"a": "2", "empty": ""},
                "helm.forceStringParameters": {"a": "3"},
                "helm.fileParameters": {"f": "a.txt"},
                "helm.valuesObject": '{"é": [1, true, null]}',
                "helm.skipCrds": "true",
            },
            id="objects",
        ),
        pytest.param(
            {"helm": {"valuesObject": {}}}, {"helm.valuesObject": "{}"}, id="no-values-are-values"
        ),
        pytest.param(
            {"helm": {"version": "v3", "passCredentials": True}}, {}, id="without-effect-in-argo-cd"
        ),
        pytest.param(
            {"helm": {"version": "v2"}}, {"helm.version": "v2"}, id="no-version-of-argo-cds"
        ),
    ],
)
def test_a_native_sources_options_are_parameters(
    source: dict[str, object], parameters: dict[str, Value]
) -> None:
    (read,) = parse_application(_manifest(source)).sources

    assert read.plugin is None
    assert read.parameters == parameters


@pytest.mark.parametrize(
    ("helm", "complaint"),
    [
        pytest.param({"parameters": 5}, "helm.parameters: not a mapping", id="no-list"),
        pytest.param({"parameters": ["a"]}, "helm.parameters: not a mapping", id="no-object"),
        pytest.param(
            {"parameters": [{"name": "a", "value": 1}]}, "'a' and 1 are not both text", id="number"
        ),
        pytest.param({"valuesObject": {"a": date(2026, 1, 1)}}, "put it in quotes", id="date"),
        pytest.param({"valuesObject": {"a": float("nan")}}, "put it in quotes", id="nan"),
    ],
)
def test_a_native_source_that_argo_cd_would_not_take(helm: object, complaint: str) -> None:
    with pytest.raises(InvalidApplication, match=complaint):
        parse_application(_manifest({"helm": helm}))


@pytest.mark.parametrize(
    ("sources", "chosen"),
    [
        pytest.param([_plugin()], 0, id="ours"),
        pytest.param([_plugin("other"), _plugin(), _plugin()], 1, id="first-of-ours"),
        pytest.param([{"path": "a"}, _plugin()], 1, id="ours-before-native"),
        pytest.param([{"path": "a"}, {"path": "b"}], 0, id="first-native"),
        pytest.param([{"ref": "values"}, {"path": "b"}], 1, id="references-render-nothing"),
        pytest.param([{"ref": "v", "path": "a"}, {"path": "b"}], 0, id="reference-with-path"),
        pytest.param([{"ref": "v", "chart": "a"}], 0, id="reference-with-chart"),
        pytest.param([_plugin("other"), {"path": "b"}], 1, id="native-beside-another-plugin"),
        pytest.param([_plugin("other")], None, id="another-plugin"),
        pytest.param([{"path": "a", "plugin": {}}], None, id="plugin-without-name"),
        pytest.param([{"ref": "values"}], None, id="only-references"),
    ],
)
def test_the_annotations_speak_of_one_source(sources: list[object], chosen: int | None) -> None:
    application = parse_application(_manifest(*sources, annotations={f"{PREFIX}image-list": "x"}))

    expected = None if chosen is None else application.sources[chosen]
    assert application.policy_source is expected
    assert [s for s in application.sources if application.policy(s)] == (
        [] if expected is None else [expected]
    )


@pytest.mark.parametrize(
    ("namespace", "control_plane", "instance"),
    [
        pytest.param("argocd", "argocd", "shop", id="control-plane"),
        pytest.param("team", "argocd", "team_shop", id="elsewhere"),
        pytest.param("", "argocd", "shop", id="namespace-unknown"),
        pytest.param("team", "", "shop", id="control-plane-unknown"),
    ],
)
def test_instance(namespace: str, control_plane: str, instance: str) -> None:
    application = parse_application(_manifest({}, namespace=namespace))

    assert application.instance(control_plane) == instance


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        pytest.param({}, "metadata.name: the Application has no name", id="empty"),
        pytest.param({"metadata": []}, "metadata: not a mapping", id="metadata"),
        pytest.param(
            {"metadata": {"name": 1}}, "metadata.name: 1 is no text; put it in quotes", id="name"
        ),
        pytest.param(
            {"metadata": {"name": "a"}},
            "spec.source: write source or a list of sources",
            id="no-spec",
        ),
        pytest.param(
            {"metadata": {"name": "a"}, "spec": {"sources": {}}},
            "spec.source: write source or a list of sources",
            id="sources-no-list",
        ),
        pytest.param(
            {"metadata": {"name": "a"}, "spec": {"source": None}},
            "spec.source: a source is not a mapping",
            id="source-null",
        ),
        pytest.param(_manifest("x"), "spec.source: a source is not a mapping", id="source-text"),
        pytest.param(_manifest({"plugin": "x"}), "plugin: not a mapping", id="plugin"),
        pytest.param(_manifest({"helm": []}), "helm: not a mapping", id="helm"),
        pytest.param(
            _manifest({"targetRevision": 1.30}),
            "spec.source.targetRevision: 1.3 is no text; put it in quotes",
            id="revision-is-a-number",
        ),
        pytest.param(
            _manifest({}, annotations={f"{PREFIX}force-update": True}),
            f"metadata.annotations: {PREFIX}force-update is True, "
            "which YAML does not read as text; put it in quotes",
            id="annotation-is-a-truth",
        ),
    ],
)
def test_refuses_and_names_the_field(manifest: dict[str, object], complaint: str) -> None:
    with pytest.raises(InvalidApplication) as caught:
        parse_application(manifest)

    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("items", "parameters"),
    [
        pytest.param(None, {}, id="none"),
        pytest.param([], {}, id="empty"),
        pytest.param([{"name": "a", "string": "x"}], {"a": "x"}, id="string"),
        pytest.param([{"name": "a", "array": ["x", ""]}], {"a": ("x", "")}, id="array"),
        pytest.param([{"name": "a", "map": {"k": "v"}}], {"a": {"k": "v"}}, id="map"),
        pytest.param([{"name": "a", "array": []}], {"a": ()}, id="empty-array"),
        pytest.param([{"name": "a"}], {"a": ""}, id="no-value"),
        pytest.param([{"name": "a", "string": None, "map": {}}], {"a": {}}, id="null-is-absent"),
        pytest.param(
            [{"name": "a", "string": "", "array": ["x"], "map": {}}],
            {"a": ("x",)},
            id="empty-ones-beside-the-one-that-is-meant",
        ),
        pytest.param([{"name": "a", "string": "", "array": []}], {"a": ""}, id="all-empty"),
        pytest.param(
            [{"name": "a", "string": "x"}, {"name": "a", "string": "y"}], {"a": "y"}, id="last-wins"
        ),
    ],
)
def test_parse_parameters(items: object, parameters: dict[str, Value]) -> None:
    assert parse_parameters(items) == parameters


@pytest.mark.parametrize(
    ("items", "complaint"),
    [
        pytest.param({}, "plugin.parameters: not a list of parameters", id="no-list"),
        pytest.param(["a"], "plugin.parameters: a parameter has no name", id="text"),
        pytest.param([{"string": "x"}], "plugin.parameters: a parameter has no name", id="no-name"),
        pytest.param([{"name": ""}], "plugin.parameters: a parameter has no name", id="empty-name"),
        pytest.param(
            [{"name": "a", "string": "x", "array": ["y"]}],
            "parameter a: give one of string, array and map, not several",
            id="two-values",
        ),
        pytest.param(
            [{"name": "a", "string": 1}], "parameter a: its values are not all strings", id="number"
        ),
        pytest.param(
            [{"name": "a", "array": ["x", 1]}],
            "parameter a: its values are not all strings",
            id="number-in-array",
        ),
        pytest.param(
            [{"name": "a", "map": {"k": None}}],
            "parameter a: its values are not all strings",
            id="null-in-map",
        ),
        pytest.param(
            [{"name": "a", "array": ["x\0"]}], "parameter a: holds a NUL character", id="nul"
        ),
        pytest.param(
            [{"name": "a", "map": {"k": "\0"}}],
            "parameter a: holds a NUL character",
            id="nul-in-map",
        ),
        pytest.param(
            [{"name": "a", "map": {"\0": "v"}}],
            "parameter a: holds a NUL character",
            id="nul-in-name",
        ),
        pytest.param(
            [{"name": "a", "map": {1: "v"}}],
            "parameter a: its values are not all strings",
            id="number-as-name",
        ),
        pytest.param(
            [{"name": "a", "string": "\ud800"}],
            "parameter a: holds half of a character",
            id="surrogate",
        ),
    ],
)
def test_refuses_parameters(items: object, complaint: str) -> None:
    with pytest.raises(InvalidApplication) as caught:
        parse_parameters(items)

    assert str(caught.value) == complaint
