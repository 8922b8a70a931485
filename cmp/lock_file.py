"""The lock file of a source: read in its directory, where a tenant or our write-back put it.

Argo CD applies no file of that name: a plain directory passes over YAML that is no resource.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cmp.core.keys import lock_file_name
from cmp.core.lock import LockFile, parse_lock_file
from cmp.errors import InvalidSource
from cmp.renderers.paths import inside

if TYPE_CHECKING:
    from typing import Any

# Far more than anybody's images: a hundred bytes each.
_MOST_BYTES = 256 * 1024


def read_lock_file(root: str, directory: str, instance: str) -> LockFile:
    """Read the lock file in ``directory``; raise `InvalidSource` for one that cannot be used.

    It is never passed over: without it the images would be others.
    """
    name = lock_file_name(instance)
    return parse_lock_file(_document(_content(root, directory, name), name), name)


def _content(root: str, directory: str, name: str) -> bytes:
    path = inside(root, directory, name, what="image-lock")
    try:
        if not os.path.isfile(path):
            raise InvalidSource(
                "not a file, or a link to nothing; write one, or remove it to have what is decided",
                where=name,
            )
        with open(path, "rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InvalidSource(f"cannot be read: {error.strerror}", where=name) from error
    if len(content) > _MOST_BYTES:
        raise InvalidSource(
            f"longer than {_MOST_BYTES // 1024} KiB; write the images of this source only",
            where=name,
        )
    return content


def _document(content: bytes, name: str) -> object:
    import yaml

    class Loader(yaml.BaseLoader):
        """Makes text of every scalar, and refuses a name that is given twice."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's
            mapping = super().construct_mapping(node, deep)
            names = [key.value for key, _ in node.value]
            for twice in {n for n in names if names.count(n) > 1}:
                raise yaml.constructor.ConstructorError(problem=f"{twice} is there twice")
            return mapping

    try:
        return yaml.load(content, Loader)  # noqa: S506 - it makes only text
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InvalidSource(
            f"not YAML: {reason}; revert it, or write schema: 1 and images", where=name
        ) from None
