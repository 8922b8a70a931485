"""Mistakes in plugin parameters, as a user of Argo CD reads of them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.parity.helm_skeleton import files_of, source
from tests.parity.refusals import sentence
from tests.support.judge import Judge
from tests.support.repo_server import Generated, Refused, RepoServer

pytestmark = pytest.mark.e2e

_HUGE = "x" * 140_000

Asked = Callable[..., Generated | Refused]


@pytest.fixture(scope="module")
def asked(repo_server: RepoServer, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    judge = Judge(repo_server, tmp_path_factory.mktemp("parameters"))
    chart = source(files_of(), {})
    url = judge.repository(chart)
    return lambda *parameters: judge.with_parameters(chart, url, parameters)


def _string(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "string": value}


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        pytest.param(
            {"name": "helm.valueFile", "array": ["a.yaml"]},
            "parameters: no parameter 'helm.valueFile'; did you mean 'helm.valueFiles'?",
            id="nearly-a-name",
        ),
        pytest.param(
            _string("helm.frobnicate", "x"),
            "parameters: no parameter 'helm.frobnicate'; helm takes: ",
            id="no-name",
        ),
        pytest.param(
            _string("kustomize.namePrefix", "x"),
            "kustomize: kustomization file not found in the path; add one",
            id="of-another-kind-of-source",
        ),
        pytest.param(
            _string("helm.version", "v3"),
            "helm.version: the sidecar has one helm, and so has Argo CD itself; leave it out",
            id="version-of-helm",
        ),
        pytest.param(
            _string("helm.valueFiles", "values.yaml"),
            "parameter helm.valueFiles: give it as array",
            id="string-for-array",
        ),
        pytest.param(
            {"name": "helm.values", "map": {"a": "b"}},
            "parameter helm.values: give it as string",
            id="map-for-string",
        ),
        pytest.param(
            {"name": "helm.parameters", "array": ["a=b"]},
            "parameter helm.parameters: give it as map",
            id="array-for-map",
        ),
        pytest.param(
            {"name": "helm.values", "string": "a: 1", "array": ["b"]},
            "parameter helm.values: give one of string, array and map, not several",
            id="two-kinds",
        ),
        pytest.param(
            _string("helm.skipCrds", "yes"),
            "parameter helm.skipCrds: 'yes' is neither true nor false; write the one or the other",
            id="neither-true-nor-false",
        ),
        pytest.param(
            {"name": "helm.valueFiles", "array": ["../../../etc/passwd"]},
            "helm.valueFiles: '../../../etc/passwd' leads out of the repository; name a file "
            "inside it",
            id="out-of-the-repository",
        ),
        pytest.param(
            {"name": "helm.valueFiles", "array": ["$values/prod.yaml"]},
            "helm.valueFiles: '$values/prod.yaml' is of another source, and Argo CD gives a plugin "
            "no other source; keep the values beside the chart, or leave this Application native",
            id="of-another-source",
        ),
        pytest.param(
            {"name": "helm.valueFiles", "array": ["a,b.yaml"]},
            "helm.valueFiles: 'app/a,b.yaml' holds a comma or a quote, by which helm tells several "
            "files apart; rename the file, or list each by itself",
            id="comma-in-a-name",
        ),
        pytest.param(
            _string("helm.values", "image: {tag: v1"),
            "helm template: failed to parse helm.values: cannot unmarshal yaml document: error "
            "converting YAML to JSON: yaml: line 1: did not find expected ',' or '}'",
            id="values-that-are-no-yaml",
        ),
        pytest.param(
            {"name": "helm.fileParameters", "map": {"a,b": "x"}},
            "helm.fileParameters a,b: its name holds = or a comma; put a backslash before it",
            id="name-that-helm-takes-apart",
        ),
        pytest.param(
            _string("image-list", "app=r.test/App"),
            "image-list: r.test/App: not a repository path: 'App'; an entry is "
            "[<alias>=]<image>[:<constraint>]\n    app=r.test/App\n    ~~~~~~~~~~~~~^",
            id="no-image",
        ),
        pytest.param(
            _string("update-strategy", "newest"),
            "image app: update-strategy: no strategy 'newest'; use one of: alphabetical, digest, "
            "first-seen, latest, name, newest-build, pep440, semver; did you mean 'newest-build'?",
            id="no-strategy",
        ),
    ],
)
def test_a_mistake_is_one_sentence(parameter: dict[str, Any], said: str, asked: Asked) -> None:
    images = _string("image-list", "app=r.test/app")  # the last of equal names counts

    answered = sentence(asked(images, parameter), status=2)

    assert answered.startswith(said) if said.endswith(" ") else answered == said


def test_what_a_process_cannot_be_given_is_refused_by_argo_cd(asked: Asked) -> None:
    """So docs/compatibility.md says where to put it: no plugin is started that could."""
    outcome = asked(_string("helm.values", f"a: {_HUGE}"))

    assert isinstance(outcome, Refused)
    assert str(outcome).endswith("argument list too long")
    assert _HUGE not in str(outcome)
