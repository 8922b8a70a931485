"""``<alias>.manifest-path``: where an image stands in resources of one's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cmp.errors import InvalidPolicy

if TYPE_CHECKING:
    from typing import Self

_FORM = "write <group>/<kind>:<JSON pointer>, as in example.com/Widget:/spec/image"
_GROUP = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)?"
_KIND = r"[A-Za-z][A-Za-z0-9]*"


class ManifestPath(NamedTuple):
    """A place in every resource of one kind, whatever its version."""

    group: str
    """Empty for the core group: Pod."""
    kind: str
    pointer: tuple[str, ...]
    """Of the steps, ``*`` is every item of a list."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``[<group>/]<kind>:<JSON pointer>`` (RFC 6901); raise `InvalidPolicy`."""
        resource, colon, pointer = text.partition(":")
        group, slash, kind = resource.rpartition("/")
        if not colon:
            raise InvalidPolicy(f"{text!r} has no pointer; {_FORM}")
        if slash and re.fullmatch(rf"{_GROUP}/v[0-9][a-z0-9]*", group):
            raise InvalidPolicy(
                f"{resource!r} names a version; write {group.rpartition('/')[0]}/{kind}: any "
                "version of it is meant"
            )
        if not re.fullmatch(_GROUP, group) or not re.fullmatch(_KIND, kind):
            raise InvalidPolicy(f"{resource!r} is no group and kind; {_FORM}")
        return cls(group, kind, _steps(pointer))

    def __str__(self) -> str:
        steps = (step.replace("~", "~0").replace("/", "~1") for step in self.pointer)
        return f"{self.group}/{self.kind}:/{'/'.join(steps)}"


def parse_manifest_paths(text: str) -> tuple[ManifestPath, ...]:
    """Read a comma list of them; raise `InvalidPolicy`."""
    return tuple(ManifestPath.parse(part.strip()) for part in text.split(",") if part.strip())


def _steps(pointer: str) -> tuple[str, ...]:
    if not pointer.startswith("/") or pointer == "/":
        raise InvalidPolicy(
            f"{pointer!r} is no pointer to a field; begin it with /, as /spec/image"
        )
    if re.search(r"~(?![01])", pointer):
        raise InvalidPolicy(f"{pointer!r}: a ~ is written ~0, and a / in a name ~1")
    return tuple(s.replace("~1", "/").replace("~0", "~") for s in pointer[1:].split("/"))
