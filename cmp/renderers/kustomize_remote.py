"""Where ``CMP_OFFLINE`` is true: no remote base, and no other way out of this machine.

What is known to be remote is refused by name before kustomize is started. What is found only
by kustomize, as in the configuration of a generator, meets a Git without protocols and a
proxy that nobody is.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cmp.errors import InvalidSource
from cmp.renderers.kustomize_tree import kustomizations

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCHEMES = ("git::", "http://", "https://", "ssh://", "file://", "oci://")
_GITHUB = ("github.com/", "github.com:")
_NO_PROXY_THERE = "http://127.0.0.1:9"  # the port called discard

OFFLINE_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "",
    "HTTP_PROXY": _NO_PROXY_THERE,
    "HTTPS_PROXY": _NO_PROXY_THERE,
    "http_proxy": _NO_PROXY_THERE,
    "https_proxy": _NO_PROXY_THERE,
    "NO_PROXY": "",
    "no_proxy": "",
}


def refuse_remote(directory: str, components: tuple[str, ...] = ()) -> None:
    """Raise `InvalidSource` for what the kustomization, or one it names, has elsewhere."""
    _check(directory, components, "kustomize.components")
    for file, paths, _ in kustomizations(directory, components):
        _check(os.path.dirname(file), paths, os.path.relpath(file, directory))


def is_remote(written: str) -> bool:
    """Tell whether kustomize would take it for a repository or a URL (kustomize, RepoSpec).

    A file of a generator may have a key before it.
    """
    path = written.partition("=")[2].lower()
    if path.startswith(_SCHEMES) or written.lower().startswith((*_SCHEMES, *_GITHUB)):
        return True
    user, at, _ = written.partition("@")
    return bool(at) and user[:1].isalpha() and user.replace("-", "").isalnum()


def _check(folder: str, paths: Iterable[str], where: str) -> None:
    for written in paths:
        # What looks like user@host may as well be a file.
        if is_remote(written) and not os.path.exists(os.path.join(folder, written)):
            raise InvalidSource(
                f"{written!r} is not in the repository, and CMP_OFFLINE is true; keep a copy of "
                "it in the repository, or leave this Application native",
                where=where,
            )
