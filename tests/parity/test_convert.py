"""What `convert` makes of an Application renders in Argo CD as before, byte for byte.

Each source of each shape in tests/cases/convert is rendered natively, as the file has it, and
through the plugin, as the converted file has it. A template's ``{{…}}`` are filled in in both.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.convert.test_shapes import CASES, SHAPES
from tests.parity.helm_sources import FILES as CHART
from tests.support.charts import Chart, helm_repository
from tests.support.judge import Judge, Source

pytestmark = pytest.mark.e2e

_WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: guestbook-ui, labels: {app: web}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "gcr.io/heptio-images/ks-guestbook-demo:0.2"}
      - {name: app, image: app}
      - {name: proxy, image: nginx}
"""
_COMPONENT = """\
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
commonAnnotations: {component: "yes"}
"""


class Pair(NamedTuple):
    """One source before and after."""

    application: Mapping[str, Any]
    native: Mapping[str, Any]
    plugin: Mapping[str, Any]


def _pairs(name: str) -> Iterator[Pair]:
    before, after = (_applications(CASES / name / f"{n}.yaml") for n in ("native", "plugin"))
    for native, plugin in zip(before, after, strict=True):
        for old, new in zip(_sources(native), _sources(plugin), strict=True):
            if "plugin" in new and "ref" not in old:
                yield Pair(native, old, new)


def _applications(file: Path) -> Iterator[Mapping[str, Any]]:
    text = re.sub(r"\{\{.*?\}\}", "a", file.read_text())
    for document in yaml.safe_load_all(text):
        for manifest in (document or {}).get("items", [document]):
            kind = manifest and manifest["kind"]
            if kind in ("Application", "ApplicationSet"):
                yield manifest if kind == "Application" else manifest["spec"]["template"]


def _sources(application: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    spec = application["spec"]
    return spec.get("sources") or [spec["source"]]


def _files(pair: Pair, path: str) -> dict[str, str | bytes]:
    """Return a repository in which every file is that an option names."""
    name = pair.application["metadata"]["name"]
    if "helm" in pair.native:
        helm = pair.native["helm"]
        files: dict[str, str | bytes] = {
            file.replace("app/", f"{path}/", 1): text for file, text in CHART.items()
        }
        named = [*helm.get("valueFiles", ()), *(f["path"] for f in helm.get("fileParameters", ()))]
        for number, file in enumerate(named):
            real = file.replace("$ARGOCD_APP_NAME", name)
            place = real[1:] if real.startswith("/") else f"{path}/{real}"
            files[place] = f"text: {number} of {real}\n"
        return files | {f"{path}/values.yaml": CHART["app/values.yaml"]}
    manifests: dict[str, str | bytes] = {
        f"{path}/web.yaml": _WEB,
        f"{path}/config.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: config}}\n",
    }
    if "kustomize" in pair.native:
        manifests[f"{path}/kustomization.yaml"] = "resources: [web.yaml, config.yaml]\n"
        manifests["components/labels/kustomization.yaml"] = _COMPONENT
        return manifests
    return manifests | {f"{path}/below/more.yaml": _WEB.replace("guestbook-ui", "below")}


@pytest.mark.parametrize("name", SHAPES)
def test_a_converted_application_renders_as_before(name: str, judge: Judge, tmp_path: Path) -> None:
    pairs = list(_pairs(name))

    for number, pair in enumerate(pairs):
        path = pair.native.get("path", "chart")  # a chart of a Helm repository is fetched into one
        one = Judge(judge.repo_server, tmp_path / str(number))
        url = one.repository(Source("any", _files(pair, path), path=path))
        place = {"repoURL": url, "path": path, "targetRevision": "HEAD"}
        request = {
            "appName": pair.application["metadata"]["name"],
            "namespace": pair.application["spec"]["destination"].get("namespace", ""),
        }
        left_out = ("chart", "name", *place)
        native, plugin = (
            judge.repo_server.generate({**_without(source, left_out), **place}, **request)
            for source in (pair.native, pair.plugin)
        )

        assert native.manifests
        assert plugin.manifests == native.manifests
        assert (plugin.source_type, native.source_type != "Plugin") == ("Plugin", True)

    assert pairs


def test_a_chart_of_a_helm_repository_does_too(judge: Judge, tmp_path: Path) -> None:
    """Argo CD fetches it, and hands it to the plugin."""
    (pair,) = _pairs("helm-repository-chart")
    chart = Chart.create(tmp_path / "cert-manager").folder
    with helm_repository(tmp_path / "site", chart) as url:
        request: dict[str, Any] = {
            "repo": {"repo": url, "type": "helm", "name": "a"},
            "revision": "1.0.0",
        }
        native, plugin = (
            judge.repo_server.generate(
                {**source, "repoURL": url, "targetRevision": "1.0.0"}, **request
            )
            for source in (pair.native, pair.plugin)
        )

    assert "installCRDs" in native.manifests[0]
    assert plugin.manifests == native.manifests
    assert plugin.source_type == "Plugin"


def _without(source: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return a source for a request, without what would be nothing in it."""
    found = {name: value for name, value in source.items() if name not in names}
    if "directory" in found:
        found["directory"] = {n: v for n, v in found["directory"].items() if v != {}}
    return found
