"""What an AppProject allows: when its Applications are synced, and what they may use."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from cmp.core.gobwas import matches
from cmp.core.sync_windows import SyncWindow, parse_sync_windows


class Project(NamedTuple):
    """One AppProject, as far as it concerns images."""

    windows: tuple[SyncWindow, ...] = ()
    source_repos: tuple[str, ...] = ()
    """Patterns of the repositories that its Applications may use."""
    source_namespaces: tuple[str, ...] = ()
    """Patterns of the namespaces, beside the control plane's, whose Applications it takes."""

    def takes(self, namespace: str, control_plane: str) -> bool:
        """Tell whether Applications of a namespace may be of it (argo-cd, IsAppNamespacePermitted).

        Whoever writes an Application names its project; without this rule that would be anybody's.
        """
        return namespace == control_plane or any(
            _matches(pattern, namespace) for pattern in self.source_namespaces
        )


def parse_project(manifest: Mapping[str, Any]) -> Project:
    """Read an AppProject, which the API server has checked."""
    spec = manifest.get("spec") or {}
    return Project(
        parse_sync_windows(manifest),
        tuple(spec.get("sourceRepos") or ()),
        tuple(spec.get("sourceNamespaces") or ()),
    )


def _matches(pattern: str, namespace: str) -> bool:
    """Match as a glob, or between slashes as an expression (argo-cd, util/glob MatchStringInList).

    One that cannot be read matches nothing.
    """
    if matches(pattern, namespace):
        return True
    is_expression = len(pattern) > len("//") and pattern[0] == pattern[-1] == "/"
    try:
        return is_expression and re.search(pattern[1:-1], namespace) is not None
    except re.error:
        return False
