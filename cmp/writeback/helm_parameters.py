"""The Helm parameters of all images of a source, each with one value."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.core.injection import helm_parameters
from cmp.errors import InvalidPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cmp.core.injection import Choice


class Parameter(NamedTuple):
    """What one image sets."""

    name: str
    value: str
    choice: Choice


def parameters(choices: Iterable[Choice]) -> list[Parameter]:
    """Return them by name, in the order of the images; raise `InvalidPolicy` for two of a name."""
    found: dict[str, Parameter] = {}
    for choice in choices:
        for name, value in helm_parameters(choice):
            other = found.setdefault(name, Parameter(name, value, choice))
            if other.value != value:
                first, second = other.choice.image.alias, choice.image.alias
                raise InvalidPolicy(
                    f"images {first} and {second} both set {name}; give each its own "
                    f"{second}.helm.image-name and {second}.helm.image-tag, or helm.image-spec",
                    where="image-list",
                )
    return list(found.values())
