"""Small charts whose rendering shows what helm was told."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import yaml

from tests.support.cli import PATH, TOOLS
from tests.support.loopback import Loopback, QuietServer

_SHOWS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: shows}
release: {{ .Release.Name }}
namespace: {{ .Release.Namespace }}
kubernetes: {{ .Capabilities.KubeVersion }}
values: {{ toJson .Values }}
"""
_TEST = """\
apiVersion: v1
kind: Pod
metadata: {name: test, annotations: {helm.sh/hook: test}}
"""


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def helm_repository(site: Path, chart: Path) -> Iterator[str]:
    """Serve a Helm repository with one chart in it over HTTP, from a folder; yield its URL."""
    site.mkdir()
    for words in (f"package {chart} -d {site}", f"repo index {site}"):
        argv = words.split()
        subprocess.run([TOOLS / "helm", *argv], check=True, capture_output=True)
    with Loopback(QuietServer(("127.0.0.1", 0), partial(_Files, directory=str(site)))) as server:
        yield server.url


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that renders its values, with a test hook."""

    folder: Path

    @classmethod
    def create(cls, folder: Path, *, depends_on: str = "", version: str = "v2") -> "Chart":
        """Write a chart named after its folder, and where its dependency ``lib`` comes from."""
        chart = cls(folder)
        content: dict[str, Any] = {"apiVersion": version, "name": folder.name, "version": "1.0.0"}
        if depends_on:
            content["dependencies"] = [
                {"name": "lib", "version": "1.0.0", "repository": depends_on}
            ]
        chart.write("Chart.yaml", yaml.safe_dump(content))
        chart.write("templates/shows.yaml", _SHOWS)
        chart.write("templates/test.yaml", _TEST)
        return chart

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    @staticmethod
    def values(output: bytes) -> Any:
        """Return the values that the chart was rendered with."""
        documents = [document for document in yaml.safe_load_all(output) if document]
        return next(d["values"] for d in documents if d["metadata"]["name"] == "shows")

    @staticmethod
    def recorded(folder: Path) -> dict[str, str]:
        """Return an environment in which each start of helm writes a line to ``started``."""
        stand_in = folder / "bin" / "helm"
        stand_in.parent.mkdir(parents=True, exist_ok=True)
        stand_in.write_text(
            "#!/bin/bash\n"
            'words="helm $1"; case $1 in dependency|repo) words="helm $*";; esac\n'
            f'echo "$words" >> {folder}/started\nexec {TOOLS}/helm "$@"\n'
        )
        stand_in.chmod(0o755)
        return {"PATH": f"{stand_in.parent}:{PATH}"}
