"""A YAML document as the JSON that Argo CD makes of it (sigs.k8s.io/yaml)."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

from cmp.core.go_scalars import plain_value
from cmp.core.yaml_tree import Alias, Mapping, Scalar, Sequence, is_merge, merged, resolved

if TYPE_CHECKING:
    from cmp.core.yaml_tree import Node

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

_NO_MERGE = "a merge requires a mapping or a list of mappings"
_UNSIGNED = 2**63
_MOST_FLOAT = (2 - 2**-24) * 2**127
"""From here on a number is infinite in 32 bits."""
_MOST_NODES = 1_000_000
"""Once aliases are written out: some stand for more than could ever be."""


def json_value(root: Node) -> Json:
    """Return the value of a document; raise `ValueError` for what has none in JSON."""
    return _Values().of(root)


class _Values:
    """One document, while its value is made."""

    def __init__(self) -> None:
        self._left = _MOST_NODES

    def of(self, node: Node) -> Json:
        self._left -= 1
        if self._left < 0:
            raise ValueError(f"it is more than {_MOST_NODES} values once aliases are written out")
        if isinstance(node, Alias):
            return self.of(node.target)
        if isinstance(node, Scalar):
            return plain_value(node)
        if isinstance(node, Sequence):
            return [self.of(item) for item in node.items]
        found: dict[str, Json] = {}
        self._fill(found, node)
        return found

    def _fill(self, found: dict[str, Json], mapping: Mapping) -> None:
        """Set the fields in their order: what is merged wins over what comes before it."""
        for key, value in mapping.pairs:
            if is_merge(key):
                for one in merged(value):
                    if not isinstance(one, Mapping):
                        raise ValueError(_NO_MERGE)  # noqa: TRY004 - as for all the rest
                    self._fill(found, one)
            else:
                found[_name(key)] = self.of(value)


def _name(key: Node) -> str:
    """Return the name that a key becomes (sigs.k8s.io/yaml, convertToJSONableObject)."""
    scalar = resolved(key)
    name = plain_value(scalar) if isinstance(scalar, Scalar) else None
    if isinstance(name, bool):
        return "true" if name else "false"
    if isinstance(name, float):
        return _float_name(name)
    if isinstance(name, str) or (isinstance(name, int) and name < _UNSIGNED):
        return str(name)
    raise ValueError("a key is neither text nor a number of 64 bits; put it in quotes")


def _float_name(number: float) -> str:
    """Return the shortest text that is the same number of 32 bits (Go's FormatFloat, 'g')."""
    if math.isnan(number):
        return ".nan"
    if abs(number) >= _MOST_FLOAT:
        return ".inf" if number > 0 else "-.inf"
    single = struct.unpack("<f", struct.pack("<f", number))[0]
    shortest = next(
        text
        for digits in range(9)
        if struct.pack("<f", float(text := f"{single:.{digits}e}")) == struct.pack("<f", single)
    )
    exponent = int(shortest.partition("e")[2])
    if -5 < exponent < 6:  # noqa: PLR2004 - as Go does
        digits = len(shortest.partition("e")[0].lstrip("-").replace(".", ""))
        return f"{float(shortest):.{max(digits - 1 - exponent, 0)}f}"
    return shortest
