"""What Argo CD passes, and what stands for it on a laptop."""

import pytest

from cmp.core.application import Application, Source, parse_application
from cmp.core.record import SourceId
from cmp.errors import InvalidApplication, InvalidSource
from cmp.renderers.process import needs_network
from cmp.settings import RenderRequest

ARGO_CD = {
    "ARGOCD_APP_NAME": "team_guestbook",
    "ARGOCD_APP_NAMESPACE": "web",
    "ARGOCD_APP_SOURCE_REPO_URL": "https://git.test/x.git",
    "ARGOCD_APP_SOURCE_PATH": "helm",
    "ARGOCD_APP_SOURCE_TARGET_REVISION": "main",
    "ARGOCD_APP_PARAMETERS": (
        '[{"name":"a","string":"x"},{"name":"b","array":["y"]},{"name":"c","map":{"k":"v"}}]'
    ),
    "KUBE_VERSION": "1.30.2",
    "KUBE_API_VERSIONS": "apps/v1,v1",
    "UNRELATED": "x",
}


def test_reads_what_argo_cd_sets() -> None:
    request = RenderRequest.from_environment(ARGO_CD)

    assert request.instance == "team_guestbook"
    assert request.namespace == "web"
    assert request.kube_version == "1.30.2"
    assert request.api_versions == ("apps/v1", "v1")
    assert request.source == SourceId("https://git.test/x.git", "helm", "", "main")
    assert request.parameters == {"a": "x", "b": ("y",), "c": {"k": "v"}}
    assert "UNRELATED" not in request.variables
    assert "ARGOCD_APP_PARAMETERS" not in request.variables


@pytest.mark.parametrize("text", ["", "null", "[]"])
def test_no_parameters_may_be_written_in_three_ways(text: str) -> None:
    env = {**ARGO_CD, "ARGOCD_APP_PARAMETERS": text}

    assert RenderRequest.from_environment(env).parameters == {}


def test_without_argo_cd_it_says_what_to_do() -> None:
    with pytest.raises(InvalidApplication, match="--application FILE"):
        RenderRequest.from_environment({"HOME": "/root"})


def _application() -> tuple[Application, Source]:
    application = parse_application(
        {
            "metadata": {"name": "guestbook", "namespace": "team"},
            "spec": {
                "source": {"repoURL": "u", "path": "p", "targetRevision": "r"},
                "destination": {"namespace": "web"},
            },
        }
    )
    return application, application.sources[0]


@pytest.mark.parametrize(
    ("control_plane", "instance"),
    [
        pytest.param("", "guestbook", id="unknown"),
        pytest.param("team", "guestbook", id="inside"),
        pytest.param("argocd", "team_guestbook", id="outside"),
    ],
)
def test_a_manifest_stands_for_what_argo_cd_would_set(control_plane: str, instance: str) -> None:
    application, source = _application()
    env = {"CMP_ARGOCD_NAMESPACE": control_plane, "KUBE_VERSION": "1.29"}

    request = RenderRequest.from_application(application, source, env)

    assert request.instance == instance
    assert (request.namespace, request.kube_version) == ("web", "1.29")
    assert request.source == SourceId("u", "p", "", "r")
    assert request.variables["ARGOCD_APP_NAME"] == instance


def test_what_needs_the_network_reads_offline_as_all_else_does() -> None:
    needs_network({}, "it", where="here")
    needs_network({"CMP_OFFLINE": "false"}, "it", where="here")
    with pytest.raises(InvalidSource, match="needs the network"):
        needs_network({"CMP_OFFLINE": "true"}, "it", where="here")
    with pytest.raises(InvalidSource, match="CMP_OFFLINE: 'yes' is neither true nor false"):
        needs_network({"CMP_OFFLINE": "yes"}, "it", where="here")
