"""Helm charts in a kustomization: none may hand helm a flag in place of a name.

kustomize gives a chart's ``releaseName`` to helm as it is, and Helm 3 starts what
``--post-renderer`` names.
"""

from __future__ import annotations

import os

from cmp.errors import InvalidSource
from cmp.renderers.kustomize_tree import kustomizations


def check_charts(directory: str, components: tuple[str, ...]) -> None:
    """Raise `InvalidSource` for a chart with a name that helm would take for a flag."""
    for kustomization in kustomizations(directory, components):
        for chart in kustomization.charts:
            for field in ("name", "releaseName"):
                if str(chart.get(field) or "").lstrip().startswith("-"):
                    raise InvalidSource(
                        f"{chart[field]!r} begins with a dash, and helm would take it for a flag; "
                        "give a name",
                        where=f"{os.path.relpath(kustomization.file, directory)}: {field}",
                    )
