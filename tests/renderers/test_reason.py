"""What helm and kustomize say of a source, as a person is told: with the cause, and short."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.errors import RenderRefused
from cmp.renderers.helm import render as render_helm
from cmp.renderers.kustomize import render
from cmp.renderers.reason import reason
from tests.support import jobs
from tests.support.charts import Chart
from tests.support.kustomization import DEPLOYMENT, job, repository

pytestmark = pytest.mark.tools

_NESTED = {
    "one/kustomization.yaml": "resources: [../two]\n",
    "two/kustomization.yaml": "resources: [deployment.yaml, absent.yaml]\n",
    "two/deployment.yaml": DEPLOYMENT,
}


@pytest.mark.parametrize(
    ("kustomization", "files", "said"),
    [
        pytest.param(
            "resources: [absent.yaml]",
            {},
            "resource 'absent.yaml': app/absent.yaml: no such file or directory",
            id="absent",
        ),
        pytest.param(
            "resources: [../one]",
            _NESTED,
            "resource '../one': resource '../two': resource 'absent.yaml': "
            "two/absent.yaml: no such file or directory",
            id="nested",
        ),
        pytest.param(
            "resources: [../two]",
            {"two/x.yaml": ""},
            "resource '../two': couldn't make target for path 'two': unable to find one of "
            "'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory 'two'",
            id="no-kustomization",
        ),
        pytest.param(
            "resources: [x.yaml]",
            {"app/x.yaml": "a: [1\n"},
            "resource 'x.yaml': MalformedYAMLError: yaml: line 1: did not find expected ',' or ']' "
            "in File: x.yaml",
            id="no-yaml",
        ),
        pytest.param(
            "resources: [../one]",
            {"one/kustomization.yaml": "resources: [x.yaml]", "one/x.yaml": "a: b\n"},
            "resource '../one': resource 'x.yaml': missing Resource metadata",
            id="no-resource",
        ),
        pytest.param(
            "resources: [deployment.yaml, deployment.yaml]",
            {},
            "merging resources from 'deployment.yaml': may not add resource with an already "
            "registered id: Deployment.v1.apps/nginx-deployment.[noNs]",
            id="twice",
        ),
        pytest.param(
            "resources: [/etc/passwd]",
            {},
            "resource '/etc/passwd': security; file '/etc/passwd' is not in or below 'app'; "
            "as a directory or repository: new root '/etc/passwd' cannot be absolute",
            id="outside",
        ),
        pytest.param(
            "resources: ['https://127.0.0.1:1/x.git']",
            {},
            "resource 'https://127.0.0.1:1/x.git': Get \"https://127.0.0.1:1/x.git\": dial tcp "
            "127.0.0.1:1: connect: connection refused; as a directory or repository: failed to run "
            "'/usr/bin/git fetch --depth=1 https://127.0.0.1:1/x.git HEAD': fatal: unable to "
            "access 'https://127.0.0.1:1/x.git/': ",
            id="remote",
        ),
        pytest.param(
            "commonLabels: {a: b}\npatches: [{path: absent.yaml}]",
            {},
            "trouble configuring builtin PatchTransformer with config: `\npath: absent.yaml\n`: "
            "failed to get the patch file from path(absent.yaml): app/absent.yaml: no such file or "
            "directory",
            id="no-warnings",
        ),
    ],
)
def test_what_kustomize_refuses(
    tmp_path: Path, kustomization: str, files: dict[str, str], said: str
) -> None:
    with pytest.raises(RenderRefused) as error:
        render(job(repository(tmp_path, kustomization, files)))

    assert error.value.message.startswith(said)


@pytest.mark.parametrize("kind", ["helm", "kustomize"])
def test_an_error_is_the_same_wherever_the_source_was_unpacked(tmp_path: Path, kind: str) -> None:
    """Argo CD caches it, for all replicas."""
    messages = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        root = repository(tmp_path / name, "resources: [absent.yaml, 'file:///x.git//y']\n")
        root = root.rename(root.with_name(f"uuid-{name}"))
        Chart.create(root / "chart")
        asked = {
            "kustomize": (render, job(root)),
            "helm": (render_helm, jobs.job(root, parameters={"helm.valueFiles": ("absent.yaml",)})),
        }
        by, what = asked[kind]
        with pytest.raises(RenderRefused) as error:
            by(what)
        messages.add(str(error.value))

    (message,) = messages
    assert str(tmp_path) not in message
    assert "absent.yaml" in message


def test_names_of_temporary_folders_are_left_out() -> None:
    place = "/tmp/_cmp_server/image-cmp/run-0123456789abcdef"  # noqa: S108 - a text, no file
    said = f"Error: '{place}/kustomize-helm-12345/helm' and {place}/kustomize-77: no"

    assert reason(said, "/r") == "'<temporary>/helm' and <temporary>: no"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("Error: a\n", "a", id="error"),
        pytest.param('level=ERROR msg="a"\nError: a\n', "a", id="logged-too"),
        pytest.param("level=ERROR msg=a\n", "level=ERROR msg=a", id="logged-only"),
        pytest.param("2026/01/02 03:04:05 Warning: w\nError: a\n", "a\nWarning: w", id="warning"),
        pytest.param("what is an Error: a", "what is an Error: a", id="within"),
        pytest.param("Error: /r/a and /r: /rest /r/", "a and .: /rest ./", id="root"),
    ],
)
def test_what_is_shown(said: str, shown: str) -> None:
    assert reason(said, "/r") == shown


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=300))
def test_what_is_not_known_is_passed_on(said: str) -> None:
    if "Error: " not in said:
        assert reason(said, "/nowhere") == said.strip()


def test_the_middle_of_what_is_too_long_is_left_out() -> None:
    shown = reason(f"Error: first {'x' * 100_000} last", "/r")

    assert len(shown) <= 4000
    assert shown.startswith("first x")
    assert shown.endswith("x last")
    assert "\n… 96111 characters left out …\n" in shown
