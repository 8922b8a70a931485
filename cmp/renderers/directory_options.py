"""The options of ``spec.source.directory``, as plugin parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.renderers.options import Option, is_set, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from cmp.core.parameters import Value


def _option(name: str, meaning: str) -> Option:
    return Option(f"directory.{name}", "string", f"spec.source.directory.{name}", meaning)


TABLE = (
    _option("recurse", "`true`: files in folders below the source's directory too"),
    _option(
        "include",
        "a glob: only files whose path below the source's directory it matches; `*` matches `/` "
        "too, `{a,b}` is either",
    ),
    _option("exclude", "a glob as in `directory.include`: no file that it matches"),
    _option(
        "disableExtensionFilter",
        "`true`: not only `.yaml`, `.yml` and `.json` files",
    ),
)


class DirectoryOptions(NamedTuple):
    """All of them, with a value for each that is not given."""

    recurse: bool
    include: str
    exclude: str
    disable_extension_filter: bool

    @classmethod
    def read(cls, given: Mapping[str, Value]) -> Self:
        """Return the options among the parameters; raise `InvalidSource` for a wrong value."""
        return cls(
            recurse=is_set(given, "directory.recurse"),
            include=text(given, "directory.include"),
            exclude=text(given, "directory.exclude"),
            disable_extension_filter=is_set(given, "directory.disableExtensionFilter"),
        )
