"""The ``.argocd-source*.yaml`` of a checkout."""

import os
from collections.abc import Iterator

from cmp.diagnosis.facts import LeftOver
from cmp.diagnosis.left_over import NAME
from cmp.errors import EdgeFailed, InvalidInput

_SUFFIX = ".yaml"


def left_over(root: str) -> tuple[LeftOver, ...]:
    """Return them all; raise `InvalidInput` where ``root`` is no folder."""
    if not os.path.isdir(root):
        raise InvalidInput("not a folder; name the root of a repository's checkout", where=root)
    return tuple(_found(root))


def _found(root: str) -> Iterator[LeftOver]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(files):
            stem = name.removesuffix(_SUFFIX)
            if stem == name or not (stem == NAME or stem.startswith(f"{NAME}-")):
                continue
            path = os.path.join(folder, name)
            yield LeftOver(
                path=os.path.relpath(path, root),
                folder=os.path.relpath(folder, root),
                application=stem.removeprefix(NAME).removeprefix("-"),
                keys=_keys(path),
            )


def _keys(path: str) -> tuple[str, ...]:
    import yaml

    try:
        with open(path, "rb") as file:
            found = yaml.safe_load(file)
    except OSError as error:
        raise EdgeFailed(f"cannot be read: {error.strerror}", where=path) from error
    except (yaml.YAMLError, ValueError, RecursionError):
        return ("what is no YAML",)
    return tuple(map(str, found)) if isinstance(found, dict) else ()
