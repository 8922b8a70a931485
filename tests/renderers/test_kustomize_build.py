"""Build options, Helm charts in kustomizations, and what is not to leave this machine."""

import subprocess
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from cmp.errors import InvalidSource, RenderRefused
from cmp.renderers.kustomize import render
from cmp.renderers.kustomize_build import check_build_options
from cmp.renderers.kustomize_remote import OFFLINE_ENVIRONMENT, is_remote, refuse_remote
from tests.support.charts import Chart
from tests.support.cli import PATH, TOOLS
from tests.support.kustomization import KUSTOMIZATION, job, rendered, repository, spy
from tests.support.loopback import Loopback, QuietServer

pytestmark = [pytest.mark.tools, pytest.mark.usefixtures("kustomize", "helm")]

HELM = {"CMP_KUSTOMIZE_BUILD_OPTIONS": "--enable-helm"}
OFFLINE = {"CMP_OFFLINE": "true"}


class _QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None: ...


CHART = {
    "app/charts/x/Chart.yaml": "{apiVersion: v2, name: x, version: 1.0.0}\n",
    "app/charts/x/values.yaml": "{}\n",
    "app/charts/x/templates/made.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\n"
    "data: {kube: '{{ .Capabilities.KubeVersion }}',\n"
    "  has: '{{ .Capabilities.APIVersions.Has \"a.test/v1\" }}'}\n",
}
WITH_CHART = "helmCharts: [{name: x, releaseName: r}]\n"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        pytest.param("--enable-exec", "--enable-exec is refused: it would run programs", id="exec"),
        pytest.param(
            "--enable-helm --enable-exec=false", "--enable-exec=false is", id="exec-false"
        ),
        pytest.param("--enable-alpha-plugins", "brings; leave it out", id="plugins"),
        pytest.param("--load-restrictor --enable-star", "it would run programs", id="star"),
        pytest.param("--output x", "it would print no manifests", id="output"),
        pytest.param("-ox", "-ox is refused", id="output-short"),
        pytest.param("-h", "it would print no manifests", id="help"),
        pytest.param("--helm-command ./helm", "--helm-command ./helm is refused", id="relative"),
        pytest.param("--helm-command=bin/helm", "absolute path of the sidecar's", id="relative-2"),
        pytest.param("--helm-command {root}/helm", "may lie in an Application's", id="below-root"),
    ],
)
def test_build_options_that_are_refused(tmp_path: Path, options: str, complaint: str) -> None:
    written = options.format(root=tmp_path)

    with pytest.raises(InvalidSource, match="CMP_KUSTOMIZE_BUILD_OPTIONS: ") as caught:
        check_build_options(written, str(tmp_path))

    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        "",
        "--enable-helm --helm-command helm",
        "--helm-command=/usr/local/bin/helm --load-restrictor LoadRestrictionsNone",
        "--reorder none",
    ],
)
def test_build_options_that_are_not(tmp_path: Path, options: str) -> None:
    check_build_options(options, str(tmp_path))


def test_build_options_reach_kustomize(tmp_path: Path) -> None:
    files = {"shared.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}}\n"}
    root = repository(tmp_path, "resources: [../shared.yaml]\n", files)
    anywhere = {"CMP_KUSTOMIZE_BUILD_OPTIONS": "  --load-restrictor   LoadRestrictionsNone "}

    with pytest.raises(RenderRefused, match="is not in or below"):
        render(job(root))
    (found,) = rendered(job(root, env=anywhere))

    assert found["metadata"]["name"] == "shared"


def test_charts_see_the_versions_of_options_else_of_the_cluster(tmp_path: Path) -> None:
    root = repository(tmp_path, WITH_CHART, CHART)
    parameters = {"kubeVersion": "v1.29.1+x", "apiVersions": ("a.test/v1",)}
    cluster: dict[str, Any] = {"kube_version": "1.30.2", "api_versions": ("b.test/v1",)}

    (native,) = rendered(job(root, env=HELM, **cluster))
    (given,) = rendered(job(root, parameters, env=HELM, **cluster))

    assert native["data"] == {"kube": "v1.30.2", "has": "false"}
    assert given["data"] == {"kube": "v1.29.1", "has": "true"}


def test_charts_are_kustomizes_to_refuse_where_helm_is_not_enabled(tmp_path: Path) -> None:
    with pytest.raises(RenderRefused, match="must specify --enable-helm"):
        render(job(repository(tmp_path, WITH_CHART, CHART)))


def test_a_kubernetes_version_that_is_none(tmp_path: Path) -> None:
    asked = job(repository(tmp_path), {"kubeVersion": "latest"})

    with pytest.raises(InvalidSource, match=r"kustomize\.kubeVersion: could not parse"):
        render(asked)


@pytest.mark.parametrize("field", ["name", "releaseName"])
@pytest.mark.parametrize("place", ["kustomization", "base", "generator"])
def test_a_chart_hands_helm_no_flags(tmp_path: Path, place: str, field: str) -> None:
    """Helm 3 starts what its flag ``--post-renderer`` names."""
    chart = f"{{name: x, {field}: --post-renderer=/bin/sh}}"
    if place == "generator":
        chart = f"{{apiVersion: builtin, kind: HelmChartInflationGenerator, {chart[1:]}"
    kustomizations = {
        "kustomization": f"helmCharts: [{chart}]\n",
        "base": "resources: [../base]\n",
        "generator": "generators: [generator.yaml]\n",
    }
    files = {"base/kustomization.yaml": f"helmCharts: [{chart}]\n", "app/generator.yaml": chart}

    with pytest.raises(InvalidSource, match="begins with a dash, and helm would take it"):
        render(job(repository(tmp_path, kustomizations[place], files), env=HELM))


def test_a_chart_hides_no_flags_in_utf_16(tmp_path: Path) -> None:
    root = repository(tmp_path)
    chart = "helmCharts: [{name: x, releaseName: --post-renderer=/bin/sh}]\n"
    (root / "app" / "kustomization.yaml").write_bytes(chart.encode("utf-16"))

    with pytest.raises(InvalidSource, match="begins with a dash, and helm would take it"):
        render(job(root, env=HELM))


def test_plugins_in_the_repository_are_not_started(tmp_path: Path) -> None:
    """A kustomization may put the home of Helm's configuration into its repository."""
    root = repository(
        tmp_path,
        "helmGlobals: {configHome: app/home}\n"
        "helmCharts: [{name: none, repo: 'evil://none', releaseName: r}]\n",
        {
            "app/home/.data/plugins/evil/plugin.yaml": "name: evil\nversion: 1.0.0\n"
            "downloaders: [{command: run.sh, protocols: [evil]}]\n",
        },
    )
    marker = tmp_path / "executed"
    script = root / "app/home/.data/plugins/evil/run.sh"
    script.write_text(f"#!/bin/sh\ntouch {marker}\n")
    script.chmod(0o755)
    asked = job(root, env=HELM)

    with pytest.raises(RenderRefused, match="evil"):
        render(asked)
    assert not marker.exists()

    # So that this could fail: kustomize by itself does start it.
    argv = [str(TOOLS / "kustomize"), "build", str(root / "app"), "--enable-helm"]
    subprocess.run(argv, cwd=root, env={"PATH": PATH}, capture_output=True, check=False)
    assert marker.exists()


@pytest.mark.parametrize(
    "written",
    [
        "https://github.com/a/b",
        "HTTP://a.test/x.yaml",
        "github.com/a/b//c?ref=v1",
        "GitHub.com:a/b",
        "git@git.test:a/b.git",
        "git::https://git.test/a/b",
        "ssh://git@git.test/a/b",
        "file:///srv/git/a",
        "oci://registry.test/charts",
        "key=https://a.test/x",
    ],
)
def test_what_is_remote(written: str) -> None:
    assert is_remote(written)


@pytest.mark.parametrize("written", ["../base", "a@b/c.yaml/x", "git.test/a", "./x@y", "a=b", ""])
def test_what_is_not_remote(written: str) -> None:
    assert is_remote(written) is (written.partition("@")[0] == "a")


@pytest.mark.parametrize(
    ("kustomization", "files"),
    [
        pytest.param("resources: [{url}/x.yaml]\n", {}, id="file"),
        pytest.param("bases: ['github.com/a/b?ref=v1']\n", {}, id="base"),
        pytest.param("components: ['git@git.test:a/b.git']\n", {}, id="component"),
        pytest.param("patches: [{{path: {url}/x.yaml}}]\n", {}, id="patch"),
        pytest.param("openapi: {{path: {url}/x.json}}\n", {}, id="openapi"),
        pytest.param("configMapGenerator: [{{files: ['k={url}/x']}}]\n", {}, id="generated"),
        pytest.param("helmCharts: [{{name: x, repo: '{url}'}}]\n", {}, id="chart"),
        pytest.param("generators: [g.yaml]\n", {"app/g.yaml": "{url}"}, id="generator"),
        pytest.param(
            "resources: [../base]\n",
            {"base/kustomization.yml": "resources: ['ssh://git.test/a/b']\n"},
            id="in-a-base",
        ),
    ],
)
def test_offline_nothing_remote_is_asked_for(
    tmp_path: Path, kustomization: str, files: dict[str, str]
) -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *arguments: object) -> None: ...

    server = QuietServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_port}"
    if "app/g.yaml" in files:
        chart = "{apiVersion: builtin, kind: HelmChartInflationGenerator, name: x, repo: '%s'}"
        files = {"app/g.yaml": chart % url}
    root = repository(tmp_path, kustomization.format(url=url), files)
    log = tmp_path / "log"
    env = {**OFFLINE, "PATH": spy(tmp_path / "bin", log)}

    with Loopback(server), pytest.raises(InvalidSource, match="and CMP_OFFLINE is true; keep a"):
        render(job(root, env=env))

    assert asked == []
    assert not log.exists()


def test_offline_a_component_elsewhere_is_refused(tmp_path: Path) -> None:
    asked = job(repository(tmp_path), {"components": ("github.com/a/b",)}, env=OFFLINE)

    with pytest.raises(InvalidSource, match=r"kustomize\.components: 'github\.com/a/b' is not in"):
        render(asked)


def test_offline_all_else_is_rendered(tmp_path: Path) -> None:
    root = repository(tmp_path, "resources: [user@host.yaml, deployment.yaml]\n")
    (root / "app" / "stateful-set.yaml").rename(root / "app" / "user@host.yaml")
    parameters = {"components": ("../components/one",)}

    assert len(rendered(job(root, parameters, env=OFFLINE))) == 2


def test_offline_git_has_no_way_out(tmp_path: Path) -> None:
    """The second line, for what only kustomize finds."""
    refuse_remote(str(repository(tmp_path) / "app"))
    bare = tmp_path / "bare"
    subprocess.run(["git", "init", "--bare", bare], capture_output=True, check=True)
    clone = ["git", "ls-remote", f"file://{bare}"]

    for env, status in (({}, 0), (OFFLINE_ENVIRONMENT, 128)):
        done = subprocess.run(clone, env={"PATH": PATH, **env}, capture_output=True, check=False)
        assert done.returncode == status


@pytest.mark.parametrize("place", ["base", "component"])
def test_no_ref_is_an_option_of_git(tmp_path: Path, place: str) -> None:
    bare, started = tmp_path / "bare.git", tmp_path / "started"
    subprocess.run(["git", "init", "--bare", bare], capture_output=True, check=True)
    base = f"file://{bare}?ref=--upload-pack=touch%20{started}%3B"
    is_base = place == "base"
    kustomization = f"resources: ['{base}']\n" if is_base else KUSTOMIZATION
    asked = job(repository(tmp_path, kustomization), {} if is_base else {"components": (base,)})

    with pytest.raises(RenderRefused, match="transport 'file' not allowed"):
        render(asked)

    assert not started.exists()


def test_offline_is_true_or_false(tmp_path: Path) -> None:
    with pytest.raises(InvalidSource, match="CMP_OFFLINE: 'yes' is neither true nor false"):
        render(job(repository(tmp_path), env={"CMP_OFFLINE": "yes"}))


def test_nothing_is_read_twice(tmp_path: Path) -> None:
    """Kustomizations that lead to each other are kustomize's to refuse."""
    files = {"base/kustomization.yaml": "resources: [../app]\n", "app/x.yaml": "a: [\n"}
    root = repository(tmp_path, f"bases: [../base, x.yaml]\n{KUSTOMIZATION}", files)

    with pytest.raises(RenderRefused, match="cycle"):
        render(job(root, env=OFFLINE))


def test_a_chart_that_is_fetched_is_not_left_in_a_persons_checkout(tmp_path: Path) -> None:
    site, charts = tmp_path / "site", tmp_path / "charts"
    Chart.create(charts / "lib").write("values.yaml", "a: 1\n")
    site.mkdir()
    for words in (f"package {charts}/lib -d {site}", f"repo index {site}"):
        subprocess.run([TOOLS / "helm", *words.split()], check=True, capture_output=True)
    served = partial(_QuietFiles, directory=str(site))
    with Loopback(QuietServer(("127.0.0.1", 0), served)) as server:
        chart = f"helmCharts: [{{name: lib, version: 1.0.0, releaseName: r, repo: '{server.url}'}}]"
        checkout = repository(tmp_path, chart).rename(tmp_path / "checkout")
        before = sorted(checkout.rglob("*"))

        found = rendered(job(checkout, env=HELM))

    assert {document["metadata"]["name"] for document in found} == {"shows", "test"}
    assert sorted(checkout.rglob("*")) == before
