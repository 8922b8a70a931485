"""Every kind of bad input to render: one sentence with the place and the way out, status 2."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import TOOLS, cmp
from tests.support.guestbook import Guestbook, images
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.tools


@pytest.fixture
def guestbook(tmp_path: Path, registry: RegistryServer, helm: Path, kustomize: Path) -> Guestbook:
    """An index with the guestbook's repository in it; the Applications are the tests'."""
    guestbook = Guestbook.create(tmp_path, registry)
    guestbook.push("v1", "v4")
    guestbook.application({"image-list": f"guestbook={guestbook.image}"}, name="indexed")
    guestbook.refresh()
    return guestbook


def parameter(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "string": value}


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        pytest.param("image-list", "guestbook=", "image-list: empty image name", id="image-empty"),
        pytest.param("image-list", "=app", "image-list: empty alias", id="alias-empty"),
        pytest.param("image-list", "a b", "not a repository path: 'a b'", id="image-space"),
        pytest.param("image-list", "a=x,a=y", "two images would be called 'a'", id="alias-twice"),
        pytest.param(
            "image-list",
            "guestbook={image}:^^1",
            "image guestbook: constraint: not a version constraint: '^^1'; write a range",
            id="constraint",
        ),
        pytest.param(
            "guestbook.allow-tags",
            "regexp:(",
            "image guestbook: allow-tags: not an RE2 expression: '(': missing ): (",
            id="regexp",
        ),
        pytest.param(
            "guestbook.allow-tags", "^v", "write regexp:<RE2 expression> or any", id="filter"
        ),
        pytest.param(
            "guestbook.update-strategy",
            "semvr",
            "image guestbook: update-strategy: no strategy 'semvr'; use one of: alphabetical, "
            "digest, first-seen, latest, name, newest-build, pep440, semver; "
            "did you mean 'semver'?",
            id="strategy",
        ),
        pytest.param(
            "guestbook.update-strategy", "digest", "follows one tag, and none is given", id="digest"
        ),
        pytest.param(
            "guestbok-allow-tags", "any", "no parameter 'guestbok-allow-tags'", id="unknown"
        ),
        pytest.param(
            "image-list", "a@sha256:ab", "names a digest, which nothing can be newer than", id="pin"
        ),
        pytest.param(
            "guestbook.helm.image-tag",
            "tag=evil,x",
            "image guestbook: helm.image-tag: 'tag=evil,x' cannot be the name",
            id="helm-name",
        ),
        pytest.param(
            "guestbook.kustomize.image-name",
            "-h",
            "image guestbook: kustomize.image-name: '-h' cannot be the name",
            id="kustomize-name",
        ),
        pytest.param(
            "image-list",
            "guestbook={image},other={image}",
            "helm: images guestbook and other both set image.name; give each its own with "
            "other.helm.image-name and other.helm.image-tag",
            id="one-place-for-two",
        ),
        pytest.param("image-lst", "x", "did you mean 'image-list'?", id="unknown-hint"),
        pytest.param("helm.valuesFiles", "x", "did you mean 'helm.valueFiles'?", id="option"),
        pytest.param("helm.kubeVersion", "new", "could not parse kubernetes version", id="version"),
        pytest.param("kustomize.images", "x", "has no place", id="option-of-another"),
    ],
)
def test_a_bad_parameter(guestbook: Guestbook, key: str, value: str, complaint: str) -> None:
    parameters = [
        parameter("image-list", f"guestbook={guestbook.image}"),
        parameter(key, value.replace("{image}", guestbook.image)),
        {"name": "helm.apiVersions", "array": ["v1"]},
    ]

    _refused(guestbook.generate(parameters=parameters), complaint)


@pytest.mark.parametrize(
    ("file", "complaint"),
    [
        pytest.param("../../outside.yaml", "leads out of the repository", id="parent"),
        pytest.param("/../outside.yaml", "leads out of the repository", id="root"),
        pytest.param("link.yaml", "leads out of the repository", id="link"),
        pytest.param("$values/prod.yaml", "Argo CD gives a plugin no other source", id="ref"),
        pytest.param("absent.yaml", "no such file or directory", id="absent"),
        pytest.param("none-*.yaml", "'none-*.yaml' matched no files", id="glob"),
        pytest.param("[.yaml", "is no pattern: [ is never closed", id="glob-class"),
        pytest.param("[]*.yaml", "is no pattern: [] holds no character", id="glob-empty-class"),
        pytest.param("*\\", "is no pattern: it ends with a backslash", id="glob-backslash"),
        pytest.param("{a}*.yaml", "is no pattern: braces are not supported", id="glob-braces"),
        pytest.param("li*.yaml", "leads out of the repository", id="glob-link"),
        pytest.param("*,.yaml", "holds a comma or a quote", id="glob-comma"),
        pytest.param("values.yaml,../../outside.yaml", "holds a comma or a quote", id="comma"),
        pytest.param('"values.yaml"', "holds a comma or a quote", id="quote"),
        pytest.param("s3://b/v.yaml", "the URL scheme 's3' is not allowed", id="scheme"),
        pytest.param("file:///etc/passwd", "the URL scheme 'file' is not allowed", id="file"),
        pytest.param("$my-values/v.yaml", "Argo CD gives a plugin no other source", id="ref-dash"),
        pytest.param("https://test/v.yaml,/etc/passwd", "holds a comma", id="remote-comma"),
    ],
)
def test_a_bad_value_file(guestbook: Guestbook, file: str, complaint: str) -> None:
    outside = guestbook.root / "outside.yaml"
    outside.write_text("frontend: {}\n")
    (guestbook.repository / "helm" / "link.yaml").symlink_to(outside)

    done = guestbook.generate(parameters=[{"name": "helm.valueFiles", "array": [file]}])

    _refused(done, complaint)


@pytest.mark.parametrize("mend", [False, True])
def test_a_policy_that_breaks_later_is_an_error_until_it_is_mended(
    guestbook: Guestbook, *, mend: bool
) -> None:
    """Also when the refresher came upon it first, and although something was chosen before."""
    target = {
        "guestbook.helm.image-name": "frontend.image.repository",
        "guestbook.helm.image-tag": "frontend.image.tag",
    }
    guestbook.application({"image-list": f"guestbook={guestbook.image}", **target})
    guestbook.refresh()
    guestbook.application({"image-list": f"guestbook={guestbook.image}:not a range", **target})
    guestbook.refresh(status=2)
    if mend:
        guestbook.application({"image-list": f"guestbook={guestbook.image}:*", **target})
        guestbook.refresh()

    done = guestbook.generate()

    if mend:
        assert images(done.stdout)["frontend"] == f"{guestbook.image}:v4"
    else:
        _refused(done, "image guestbook: constraint: not a version constraint: 'not a range'")


def test_a_directory_without_chart_or_kustomization(guestbook: Guestbook) -> None:
    (guestbook.repository / "helm" / "Chart.yaml").unlink()

    _refused(guestbook.generate(), "no chart and no kustomization in 'helm'")


@pytest.mark.parametrize(
    ("path", "file", "content", "complaint"),
    [
        pytest.param(
            "helm", "templates/x.yaml", "{{ nonsense }}", 'function "nonsense" not', id="template"
        ),
        pytest.param("helm", "values.yaml", "a: [", "helm template: ", id="values"),
        pytest.param("helm", "Chart.yaml", "name: x", "helm template: ", id="chart"),
        pytest.param(
            "kustomize", "kustomization.yaml", "resources: [no.yaml]", "no.yaml", id="resource"
        ),
    ],
)
def test_helm_or_kustomize_does_not_accept_the_source(
    guestbook: Guestbook, path: str, file: str, content: str, complaint: str
) -> None:
    (guestbook.repository / path / file).write_text(content)

    _refused(guestbook.generate(path=path), complaint, lines=20)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("{", "ARGOCD_APP_PARAMETERS: not JSON", id="json"),
        pytest.param("{}", "plugin.parameters: not a list", id="no-list"),
        pytest.param('[{"string": "x"}]', "a parameter has no name", id="no-name"),
        pytest.param('[{"name": "a", "string": "x", "array": ["y"]}]', "not several", id="several"),
        pytest.param('[{"name": "a", "string": "\\u0000"}]', "NUL character", id="nul"),
        pytest.param('[{"name": "a", "array": [1]}]', "not all strings", id="number"),
    ],
)
def test_parameters_that_argo_cd_would_not_send(
    guestbook: Guestbook, text: str, complaint: str
) -> None:
    _refused(guestbook.generate(ARGOCD_APP_PARAMETERS=text), complaint)


def test_no_argo_cd_and_no_application(guestbook: Guestbook) -> None:
    done = cmp("render", cwd=guestbook.repository)

    _refused(done, "name an Application manifest with --application FILE")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param("a: [", "not YAML", id="yaml"),
        pytest.param("kind: Deployment", "holds 0 Applications", id="another-kind"),
        pytest.param(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\n",
            "spec.source: write source or a list of sources",
            id="no-source",
        ),
        pytest.param(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
            "metadata: {name: a, annotations: {argocd-image-updater.argoproj.io/image-list: 1}}\n"
            "spec: {source: {path: helm}}\n",
            "put it in quotes",
            id="annotation",
        ),
    ],
)
def test_a_bad_application_manifest(guestbook: Guestbook, content: str, complaint: str) -> None:
    file = guestbook.root / "bad.yaml"
    file.write_text(content)

    done = cmp("render", "--application", str(file), cwd=guestbook.repository)

    _refused(done, complaint)
    assert str(file) in done.stderr


def test_a_tool_that_is_not_there_is_worth_another_try(guestbook: Guestbook) -> None:
    done = guestbook.generate(PATH=str(guestbook.root))

    assert (done.returncode, done.stdout) == (1, "")
    assert "helm is not on PATH" in done.stderr


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_tool_that_is_killed_is_worth_another_try(
    guestbook: Guestbook, how: signal.Signals
) -> None:
    """A stand-in for helm that prints half of something and dies, as no real one would."""
    folder = guestbook.root / "bin"
    folder.mkdir()
    helm = folder / "helm"
    helm.write_text(f"#!/bin/sh\necho 'kind: Deployment'\nkill -{how.value} $$\n")
    helm.chmod(0o755)

    done = guestbook.generate(PATH=f"{folder}:{TOOLS}:{os.defpath}")

    assert (done.returncode, done.stdout) == (1, "")
    assert f"helm was ended by signal {how.value}" in done.stderr


def _refused(done: Any, complaint: str, *, lines: int = 1) -> None:
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert complaint in done.stderr
    # Below the sentence may stand the text that is wrong, and what points at it.
    beside = ("note: ", "    ")
    errors = [line for line in done.stderr.splitlines() if not line.startswith(beside)]
    assert errors[0].startswith("error: ")
    assert len(errors) <= lines
    assert "Traceback" not in done.stderr
