"""What the charts of these tests are made of: each source names only what is its own."""

import io
import tarfile
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tests.support.judge import Axes, Source

Files = Mapping[str, str | bytes]

CHART = "apiVersion: v2\nname: app\nversion: 1.0.0\nappVersion: '2.0'\n"
OLD_CHART = "apiVersion: v1\nname: app\nversion: 1.0.0\n"
SHOWS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-{{ .Chart.Name }}, namespace: {{ .Release.Namespace }}}
data:
  values: {{ .Values | toJson | quote }}
"""
"""Shows what helm was told."""
BRIEFLY: Axes = MappingProxyType(
    {
        "releaseName": [None, "another"],
        "values": [None, "text: of the Application\n"],
        ".namespace": [None, ""],
    }
)
"""For sources of which the files are the point."""


def files_of(
    name: str = "app",
    *,
    chart: str = "",
    values: str = "",
    templates: Mapping[str, str | bytes] | None = None,
    folder: str = "",
    others: Files | None = None,
) -> dict[str, str | bytes]:
    """Return a chart's files, in a folder of its name."""
    folder = (folder or name) + "/"
    own = {
        "Chart.yaml": CHART.replace("name: app", f"name: {name}") + chart,
        "templates/shows.yaml": SHOWS,
        **({"values.yaml": values} if values else {}),
        **{f"templates/{file}": text for file, text in (templates or {}).items()},
        **(others or {}),
    }
    return {folder + file: text for file, text in own.items()}


def source(files: Files, axes: Axes = BRIEFLY, path: str = "app") -> Source:
    """Return a source of helm's."""
    return Source("helm", files, axes, path)


def depends(*dependencies: Mapping[str, Any], on: str = "dependencies") -> str:
    """Return lines for Chart.yaml."""
    lines = [f"- {dict(version='>=0', **dependency)}" for dependency in dependencies]
    return "\n".join([f"{on}:", *lines, ""])


def archive(files: Files) -> bytes:
    """Return a .tgz, the same each time."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as packed:
        for name, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            packed.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def parameters(*items: tuple[str, str], **strings: str) -> list[dict[str, Any]]:
    """Return parameters as an Application has them, those by keyword with forceString."""
    return [
        *({"name": name, "value": value} for name, value in items),
        *({"name": n, "value": v, "forceString": True} for n, v in strings.items()),
    ]


def each(*items: tuple[str, str]) -> Sequence[Any]:
    """Return an axis of parameters, one at a time."""
    return [parameters(item) for item in items]


def together(*values: tuple[str, str] | str) -> list[dict[str, Any]]:
    """Return parameters that are told apart by their names, all in one Application."""
    return parameters(
        *((v if isinstance(v, tuple) else (f"n{i}", v)) for i, v in enumerate(values))
    )


SUB = files_of("sub", values="text: of sub\nreplicas: 1\n")
"""A chart to depend on."""
IN_CHARTS = {f"app/charts/{name}": text for name, text in SUB.items()}
